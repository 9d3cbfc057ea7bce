//! The kernels that make up a network, at the shapes of the embedded model (R = 48) and of Stable Diffusion 2 (R = 64):
//! `cargo bench -p maskov-benches [NAME]`. Whole calls are timed, submit and wait included; ratios in one run count, an
//! absolute time only on a GPU.

use anyhow::Result;
use maskov_benches::median_ms;
use maskov_gpu::testing::Seeded;
use maskov_gpu::{AdapterChoice, Buffer, Gpu, Pass};
use maskov_kernels::attention::{Layer, attention};
use maskov_kernels::conv2d_3x3_f16::Picture;
use maskov_kernels::matrix::{Format, Matrix};
use maskov_kernels::products::{conv2d_3x3, linear};
use maskov_weights::{DType, pack_matrix_f16, quantize};

fn main() -> Result<()> {
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).unwrap_or_default();
    let gpu = pollster::block_on(Gpu::open(AdapterChoice::Any))?;
    println!("{} ({}), {}\n", gpu.caps().name, gpu.caps().backend, gpu.caps().driver);
    println!("| kernel | shape | ms | GFLOP/s |\n|---|---|---|---|");
    // A software adapter does the large shapes in minutes.
    let is_small = gpu.caps().software;
    for [rows, inputs, outputs] in [[2304, 96, 768], [2304, 384, 96], [4096, 320, 2560], [4096, 1280, 320]] {
        if is_small && rows > 2304 {
            continue;
        }
        for format in [Format::F16, Format::Q8, Format::Q4] {
            let name = format!("linear_{format:?}").to_lowercase();
            if name.contains(&filter) {
                bench_linear(&gpu, &name, format, [rows, inputs, outputs])?;
            }
        }
    }
    for [side, inputs, outputs] in [[48, 224, 96], [12, 288, 144], [64, 320, 320], [16, 2560, 1280]] {
        if is_small && inputs > 288 {
            continue;
        }
        for format in [Format::F16, Format::Q8, Format::Q4] {
            let name = format!("conv2d_3x3_{format:?}").to_lowercase();
            if name.contains(&filter) {
                bench_conv(&gpu, &name, format, [side, inputs, outputs])?;
            }
        }
    }
    for [tokens, channels, heads] in [[2304, 96, 2], [576, 128, 4], [4096, 320, 5]] {
        if "attention".contains(&filter) && !(is_small && tokens > 2304) {
            bench_attention(&gpu, Layer { queries: tokens, keys: tokens, channels, heads })?;
        }
    }
    Ok(())
}

fn bench_linear(gpu: &Gpu, name: &str, format: Format, [rows, inputs, outputs]: [usize; 3]) -> Result<()> {
    let matrix = random_matrix(gpu, format, &[outputs, inputs])?;
    let [x, bias, y] = random_buffers(gpu, [rows * inputs, outputs, rows * outputs])?;
    let flop = 2 * rows * inputs * outputs;
    row(gpu, name, &format!("{rows} × {inputs} → {outputs}"), flop, |pass| {
        linear(pass, &x, &matrix, &bias, rows, &y)
    })
}

fn bench_conv(gpu: &Gpu, name: &str, format: Format, [side, inputs, outputs]: [usize; 3]) -> Result<()> {
    let matrix = random_matrix(gpu, format, &[outputs, inputs, 3, 3])?;
    let pixels = side * side;
    let [x, bias, y] = random_buffers(gpu, [pixels * inputs, outputs, pixels * outputs])?;
    let picture = Picture { height: side, width: side, stride: 1, pad_before: 1 };
    row(gpu, name, &format!("{side}² × {inputs} → {outputs}"), 18 * pixels * inputs * outputs, |pass| {
        conv2d_3x3(pass, &x, &matrix, &bias, picture, &y)
    })
}

fn bench_attention(gpu: &Gpu, layer: Layer) -> Result<()> {
    let Layer { queries, keys, channels, heads } = layer;
    let [q, k, v, y] = random_buffers(gpu, [queries * channels; 4])?;
    let shape = format!("{queries} tokens, {heads} heads of {}", channels / heads);
    row(gpu, "attention", &shape, 4 * queries * keys * channels, |pass| {
        attention(pass, &q, &k, &v, layer, false, &y)
    })
}

fn row(
    gpu: &Gpu,
    name: &str,
    shape: &str,
    flop: usize,
    record: impl Fn(&mut Pass<'_>) -> maskov_gpu::Result<()>,
) -> Result<()> {
    let mut outcome = Ok(());
    let ms = median_ms(5, || {
        let mut pass = gpu.pass();
        outcome =
            record(&mut pass).and_then(|()| pass.submit()).and_then(|()| pollster::block_on(gpu.finished()));
    });
    outcome?;
    println!("| {name} | {shape} | {ms:.2} | {:.1} |", flop as f64 / ms / 1e6);
    Ok(())
}

fn random_matrix(gpu: &Gpu, format: Format, shape: &[usize]) -> Result<Matrix> {
    let weight = Seeded::new(1).values(shape.iter().product());
    let extents = [shape[0], shape[1], shape[2..].iter().product()];
    if format == Format::F16 {
        let words = pack_matrix_f16("w", &weight, shape)?;
        return Ok(Matrix::upload(gpu, "w", format, extents, &words, None)?);
    }
    let packed = quantize("w", &weight, shape, if format == Format::Q8 { DType::Q8 } else { DType::Q4 })?;
    Ok(Matrix::upload(gpu, "w", format, extents, &packed.qweight, Some(&packed.scales))?)
}

fn random_buffers<const N: usize>(gpu: &Gpu, lens: [usize; N]) -> Result<[Buffer; N]> {
    let buffers: Vec<Buffer> =
        lens.iter().map(|&len| gpu.upload("bench", &Seeded::new(2).values(len))).collect::<Result<_, _>>()?;
    Ok(buffers.try_into().unwrap_or_else(|_| unreachable!("as many buffers as lengths")))
}
