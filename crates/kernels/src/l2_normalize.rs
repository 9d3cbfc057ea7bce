//! Every row divided by its Euclidean norm: `y = scale · x / ‖x‖`, so that products of rows are cosines.
//!
//! | tensor | shape | layout |
//! |---|---|---|
//! | x, y | `[rows, channels]` | f32, row-major |
//!
//! A norm below 1e-12 counts as 1e-12, as in `torch.nn.functional.normalize`: a row of zeros stays one.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One workgroup per row.
pub static KERNEL: Kernel = Kernel {
    name: "l2_normalize",
    wgsl: wgsl!("common/reduce", "l2_normalize"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/l2_normalize.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    rows: u32,
    channels: u32,
    scale: f32,
}

/// Records the normalisation of every row. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too
/// short.
pub fn l2_normalize(
    pass: &mut Pass<'_>,
    x: &Buffer,
    [rows, channels]: [usize; 2],
    scale: f32,
    y: &Buffer,
) -> Result<()> {
    let lens = [x.len(), y.len()];
    let fits = lens.iter().all(|&len| len >= rows * channels);
    require(&KERNEL, fits, || format!("{lens:?} words for {rows} × {channels}"))?;
    let params = Params { rows: rows as u32, channels: channels as u32, scale };
    pass.dispatch(&KERNEL, &[], &params, &[x, y].map(Into::into), groups_1d(rows, 1))
}

/// What the kernel means.
pub fn l2_normalize_cpu(x: &[f32], channels: usize, scale: f32, y: &mut [f32]) {
    for (x, y) in x.chunks_exact(channels).zip(y.chunks_exact_mut(channels)) {
        let factor = scale / x.iter().map(|x| x * x).sum::<f32>().sqrt().max(1e-12);
        for (x, y) in x.iter().zip(y) {
            *y = x * factor;
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Guarded, Seeded, Tolerance, assert_close, gpu};

    use super::*;

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn l2_normalize_matches_cpu() {
        let gpu = gpu().await;
        for [rows, channels] in [[1, 1], [3, 255], [2, 256], [4, 257], [1024, 384]] {
            let mut x = Seeded::new(42).values(rows * channels);
            // A row of zeros stays one.
            x[..channels].fill(0.0);
            let x_buffer = gpu.upload("x", &x).expect("fits");
            let y = Guarded::new(&gpu, rows * channels);
            let mut pass = gpu.pass();
            l2_normalize(&mut pass, &x_buffer, [rows, channels], 3.5, &y.buffer).expect("shapes fit");
            pass.submit().expect("the device works");
            let mut expected = vec![f32::NAN; rows * channels];
            l2_normalize_cpu(&x, channels, 3.5, &mut expected);
            let what = format!("{rows} × {channels}");
            assert_close(&what, &y.read(&gpu).await, &expected, Tolerance::REDUCTION);
        }
    }

    #[test]
    fn a_row_has_the_length_of_the_scale() {
        let mut y = [0.0; 4];
        l2_normalize_cpu(&[3.0, 4.0, 0.0, -0.5], 2, 2.0, &mut y);
        for (got, expected) in y.iter().zip([1.2, 1.6, 0.0, -2.0]) {
            assert!((got - expected).abs() < 1e-6);
        }
    }
}
