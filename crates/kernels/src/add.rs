//! `y = a + b`: every residual connection.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | a, b, y | any, the same | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "add",
    wgsl: wgsl!("common/index", "add"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/add.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
}

/// Records `y = a + b` for `len` values. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn add(pass: &mut Pass<'_>, a: &Buffer, b: &Buffer, len: usize, y: &Buffer) -> Result<()> {
    let lens = [a.len(), b.len(), y.len()];
    require(&KERNEL, lens.iter().all(|&words| words >= len), || format!("{lens:?} words for {len} values"))?;
    let params = Params { len: len as u32 };
    pass.dispatch(&KERNEL, &[], &params, &[a.into(), b.into(), y.into()], groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means.
pub fn add_cpu(a: &[f32], b: &[f32], y: &mut [f32]) {
    for ((a, b), y) in a.iter().zip(b).zip(y) {
        *y = a + b;
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn add_matches_cpu() {
        let gpu = gpu().await;
        // The last one needs more workgroups than one axis takes.
        for len in [1, 255, 256, 257, 64 * 320, 65_535 * 256 + 1] {
            let mut seeded = Seeded::new(13);
            let (a, b) = (seeded.values(len), seeded.values(len));
            let [a_buffer, b_buffer] = [&a, &b].map(|values| gpu.upload("term", values).expect("fits"));
            let y = Guarded::new(&gpu, len);
            let mut pass = gpu.pass();
            add(&mut pass, &a_buffer, &b_buffer, len, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; len];
            add_cpu(&a, &b, &mut expected);
            assert_close(&format!("{len} values"), &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_term_is_refused() {
        let gpu = gpu().await;
        let (full, short) = (gpu.create("a", 4).expect("fits"), gpu.create("b", 3).expect("fits"));
        let error = add(&mut gpu.pass(), &full, &short, 4, &full).expect_err("b holds 3 of 4 values");
        assert!(error.to_string().contains("add: [4, 3, 4] words"), "{error}");
    }
}
