//! Software adapters against the CPU executor: which of two ways to use the same cores is the faster one.
//!
//! Natively it is the CPU executor; in a browser the adapter has threads, which WebAssembly here has not.

use maskov_gpu::{AdapterChoice, Gpu};
use maskov_kernels::linear_f16::linear_f16;
use maskov_kernels::matrix::{Format, Matrix};
use maskov_weights::pack_matrix_f16;
use web_time::Instant;

use crate::Result;
use crate::network::milliseconds;

/// Rows, inputs and outputs of a feed-forward layer of the embedded model at R = 32, where most of its products are.
const SHAPE: [usize; 3] = [1024, 96, 768];

/// Measurements of which the best counts: something else may be using the cores.
const RUNS: usize = 3;

/// Whether the best adapter, where that is a software one, is faster than the CPU executor; `None` where the best adapter
/// is hardware, where there is none, or where it fails. Takes a fraction of a second.
pub async fn software_is_faster() -> Option<bool> {
    let gpu = Gpu::open(AdapterChoice::Any).await.ok().filter(|gpu| gpu.caps().software)?;
    let product = Product::new();
    let on_adapter = product.ms_on_adapter(&gpu).await.ok()?;
    Some(on_adapter < product.ms_on_cpu())
}

/// One product of a real shape.
struct Product {
    x: Vec<f32>,
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Product {
    fn new() -> Self {
        let [rows, inputs, outputs] = SHAPE;
        let values = |len: usize| (0..len).map(|i| (i % 31) as f32 / 31.0 - 0.5).collect();
        Self { x: values(rows * inputs), weight: values(outputs * inputs), bias: values(outputs) }
    }

    async fn ms_on_adapter(&self, gpu: &Gpu) -> Result<f64> {
        let [rows, inputs, outputs] = SHAPE;
        let packed = pack_matrix_f16("weight", &self.weight, &[outputs, inputs])?;
        let matrix = Matrix::upload(gpu, "weight", Format::F16, [outputs, inputs, 1], &packed, None)?;
        let (x, bias) = (gpu.upload("x", &self.x)?, gpu.upload("bias", &self.bias)?);
        let y = gpu.create("y", rows * outputs)?;
        let mut best = f64::INFINITY;
        // The first one compiles the kernel and does not count.
        for run in 0..=RUNS {
            let start = Instant::now();
            let mut pass = gpu.pass();
            linear_f16(&mut pass, &x, &matrix, &bias, rows, &y)?;
            pass.submit()?;
            gpu.finished().await?;
            if run > 0 {
                best = best.min(milliseconds(start));
            }
        }
        Ok(best)
    }

    fn ms_on_cpu(&self) -> f64 {
        let [rows, inputs, outputs] = SHAPE;
        let mut y = vec![0.0; rows * outputs];
        let mut best = f64::INFINITY;
        for run in 0..=RUNS {
            let start = Instant::now();
            maskov_runtime::linear(&self.x, &self.weight, Some(&self.bias), inputs, &mut y);
            // The product shall be made though nobody reads it.
            std::hint::black_box(&y);
            if run > 0 {
                best = best.min(milliseconds(start));
            }
        }
        best
    }
}
