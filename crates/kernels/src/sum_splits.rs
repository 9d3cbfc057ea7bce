//! The end of a product whose steps were shared: `y[row, o] = Σ_s partials[s, row, o] + bias[o]`.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | partials | `[splits, rows, outputs]` | f32 |
//! | bias | `[outputs]` | f32 |
//! | y | `[rows, outputs]` | f32 |

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per value of `y`.
pub static KERNEL: Kernel = Kernel {
    name: "sum_splits",
    wgsl: wgsl!("common/index", "sum_splits"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/sum_splits.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    len: u32,
    outputs: u32,
    splits: u32,
}

/// Records the sum. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn sum_splits(
    pass: &mut Pass<'_>,
    partials: &Buffer,
    bias: &Buffer,
    [splits, rows, outputs]: [usize; 3],
    y: &Buffer,
) -> Result<()> {
    let len = rows * outputs;
    let fits = partials.len() >= splits * len && bias.len() >= outputs && y.len() >= len;
    require(&KERNEL, fits, || {
        let (partials, bias, y) = (partials.len(), bias.len(), y.len());
        format!("{partials}, {bias} and {y} words for {splits} splits of {rows} × {outputs}")
    })?;
    let params = Params { len: len as u32, outputs: outputs as u32, splits: splits as u32 };
    let buffers = [partials.into(), bias.into(), y.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(len, KERNEL.workgroup[0]))
}

/// What the kernel means.
pub fn sum_splits_cpu(partials: &[f32], bias: &[f32], y: &mut [f32]) {
    let len = y.len();
    for (i, y) in y.iter_mut().enumerate() {
        *y = bias[i % bias.len()] + partials.iter().skip(i).step_by(len).sum::<f32>();
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn sum_splits_matches_cpu() {
        let gpu = gpu().await;
        for [splits, rows, outputs] in [[1, 1, 1], [2, 5, 51], [3, 64, 4], [16, 37, 144]] {
            let mut seeded = Seeded::new(31);
            let (partials, bias) = (seeded.values(splits * rows * outputs), seeded.values(outputs));
            let [partials_buffer, bias_buffer] =
                [&partials, &bias].map(|values| gpu.upload("terms", values).expect("fits"));
            let y = Guarded::new(&gpu, rows * outputs);
            let mut pass = gpu.pass();
            sum_splits(&mut pass, &partials_buffer, &bias_buffer, [splits, rows, outputs], &y.buffer)
                .expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![0.0; rows * outputs];
            sum_splits_cpu(&partials, &bias, &mut expected);
            let what = format!("{splits} splits of {rows} × {outputs}");
            assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::REDUCTION);
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_partials_are_refused() {
        let gpu = gpu().await;
        let (partials, y) = (gpu.create("partials", 7).expect("fits"), gpu.create("y", 4).expect("fits"));
        let error = sum_splits(&mut gpu.pass(), &partials, &y, [2, 2, 2], &y).expect_err("7 of 8 words");
        assert!(error.to_string().contains("sum_splits: 7, 4 and 4 words"), "{error}");
    }
}
