//! Adds one row to every row: the time embedding.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//! | row | `[channels]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "add_row",
    wgsl: wgsl!("common/index", "add_row"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/add_row.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    channels: u32,
}

/// Records `y = x + row` for every row. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn add_row(
    pass: &mut Pass<'_>,
    x: &Buffer,
    row: &Buffer,
    rows: usize,
    channels: usize,
    y: &Buffer,
) -> Result<()> {
    let len = rows * channels;
    let lens = [x.len(), row.len(), y.len()];
    let fits = lens[0] >= len && lens[1] >= channels && lens[2] >= len;
    require(&KERNEL, fits, || format!("{lens:?} words for {rows} × {channels}"))?;
    let params = Params { len: len as u32, channels: channels as u32 };
    pass.dispatch(
        &KERNEL,
        &[],
        &params,
        &[x.into(), row.into(), y.into()],
        groups_1d(len, KERNEL.workgroup[0]),
    )
}

/// What the kernel means.
pub fn add_row_cpu(x: &[f32], row: &[f32], y: &mut [f32]) {
    for (x, y) in x.chunks_exact(row.len()).zip(y.chunks_exact_mut(row.len())) {
        for ((x, row), y) in x.iter().zip(row).zip(y) {
            *y = x + row;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn add_row_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels] in [[1, 1], [5, 51], [2, 128], [1, 257], [256, 144]] {
            let mut seeded = Seeded::new(14);
            let (x, row) = (seeded.values(rows * channels), seeded.values(channels));
            let [x_buffer, row_buffer] = [&x, &row].map(|values| gpu.upload("term", values).expect("fits"));
            let y = Guarded::new(&gpu, rows * channels);
            let mut pass = gpu.pass();
            add_row(&mut pass, &x_buffer, &row_buffer, rows, channels, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * channels];
            add_row_cpu(&x, &row, &mut expected);
            assert_close(&format!("{rows} × {channels}"), &y.read(&gpu).await, &expected, Tolerance::EXACT);
        }
    }
}
