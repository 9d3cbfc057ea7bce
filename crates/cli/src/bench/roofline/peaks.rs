//! What the adapter does at the most: measured by kernels that do one thing only.

use std::time::Instant;

use anyhow::{Result, bail};
use maskov_gpu::{Buffer, Gpu, Pass, Profiling};
use maskov_kernels::peak_fma::{self, peak_fma};
use maskov_kernels::peak_fma_f16::peak_fma_f16;
use maskov_kernels::peak_read::peak_read;
use maskov_kernels::peak_workgroup::{self, peak_workgroup};
use serde_json::{Value, json};

use crate::bench::median;

/// Groups of 256 invocations: enough to fill any adapter.
const GROUPS: usize = 2048;
const INVOCATIONS: usize = 256 * GROUPS;
/// A dispatch this long is measured well, and its start and end do not count.
const LONG_MS: f64 = 20.0;
/// 128 MiB, more than any cache: 64 reads of 16 bytes an invocation.
const READS: usize = 64;
const READ_INVOCATIONS: usize = (128 << 20) / (16 * READS);

/// Peaks of an adapter, measured or assumed.
#[derive(Clone, Copy, Debug)]
pub struct Peaks {
    /// FLOP per second of f32 FMAs, two for each.
    pub fma_f32: f64,
    /// The same in f16 arithmetic, where the adapter has it.
    pub fma_f16: Option<f64>,
    /// Bytes per second from memory.
    pub read: f64,
    /// Bytes per second from workgroup memory.
    pub workgroup: f64,
    /// Milliseconds of one dispatch that does nothing, host work included.
    pub dispatch_ms: f64,
    /// Milliseconds of one submit that does nothing.
    pub submit_ms: f64,
    /// Milliseconds until a word is back.
    pub round_trip_ms: f64,
}

impl Peaks {
    /// Measures them.
    ///
    /// # Errors
    /// Where the adapter cannot time passes; those of the device.
    pub async fn measure(gpu: &Gpu) -> Result<Self> {
        if !gpu.caps().timestamps {
            bail!("{} cannot time passes, so kernels cannot be told apart there.", gpu.caps().name);
        }
        let y = gpu.create("peaks", INVOCATIONS)?;
        let flop = (peak_fma::FLOP_OF_ROUND * INVOCATIONS as u64) as f64;
        let fma_f32 = rate(gpu, flop, |pass, rounds| peak_fma(pass, rounds, 0.96, 0.25, GROUPS, &y)).await?;
        let fma_f16 = match gpu.caps().shader_f16 {
            true => {
                let record = |pass: &mut Pass<'_>, rounds| peak_fma_f16(pass, rounds, 0.96, 0.25, GROUPS, &y);
                Some(rate(gpu, flop, record).await?)
            }
            false => None,
        };
        let bytes = (peak_workgroup::BYTES_OF_ROUND * INVOCATIONS as u64) as f64;
        let workgroup = rate(gpu, bytes, |pass, rounds| peak_workgroup(pass, rounds, GROUPS, &y)).await?;
        Ok(Self {
            fma_f32,
            fma_f16,
            read: read_rate(gpu, &y).await?,
            workgroup,
            dispatch_ms: dispatch_ms(gpu, &y).await?,
            submit_ms: submit_ms(gpu, &y).await?,
            round_trip_ms: round_trip_ms(gpu, &y).await?,
        })
    }

    /// A Markdown table.
    pub fn print(&self) {
        let giga = |rate: f64| format!("{:.1}", rate / 1e9);
        println!("| peak | |\n|---|---:|");
        println!("| f32 FMA, GFLOP/s | {} |", giga(self.fma_f32));
        println!("| f16 FMA, GFLOP/s | {} |", self.fma_f16.map_or("no shader-f16".to_owned(), giga));
        println!("| memory read, GB/s | {} |", giga(self.read));
        println!("| workgroup memory read, GB/s | {} |", giga(self.workgroup));
        println!("| a dispatch, µs | {:.1} |", 1e3 * self.dispatch_ms);
        println!("| a submit, µs | {:.1} |", 1e3 * self.submit_ms);
        println!("| a read-back, ms | {:.3} |", self.round_trip_ms);
    }

    /// By name.
    pub fn json(&self) -> Value {
        json!({
            "fma_f32_flop_per_s": self.fma_f32,
            "fma_f16_flop_per_s": self.fma_f16,
            "read_bytes_per_s": self.read,
            "workgroup_bytes_per_s": self.workgroup,
            "dispatch_ms": self.dispatch_ms,
            "submit_ms": self.submit_ms,
            "round_trip_ms": self.round_trip_ms,
        })
    }
}

/// The most per second of what one round does `per_round` of: rounds are doubled until a dispatch takes long.
async fn rate(
    gpu: &Gpu,
    per_round: f64,
    record: impl Fn(&mut Pass<'_>, usize) -> maskov_gpu::Result<()>,
) -> Result<f64> {
    let mut rounds = 1;
    loop {
        let ms = fastest(gpu, |pass| record(pass, rounds)).await?;
        if ms >= LONG_MS {
            return Ok(per_round * rounds as f64 / ms * 1e3);
        }
        rounds *= 2;
    }
}

async fn read_rate(gpu: &Gpu, y: &Buffer) -> Result<f64> {
    let x = gpu.upload("peak read", &vec![1.0f32; 4 * READS * READ_INVOCATIONS])?;
    let ms = fastest(gpu, |pass| peak_read(pass, &x, READS, READ_INVOCATIONS, y)).await?;
    Ok(4.0 * x.len() as f64 / ms * 1e3)
}

/// The least milliseconds on the device of three dispatches: a peak is what nothing disturbed.
async fn fastest(gpu: &Gpu, record: impl Fn(&mut Pass<'_>) -> maskov_gpu::Result<()>) -> Result<f64> {
    gpu.set_profiling(Profiling::Dispatches);
    gpu.start_profile();
    let mut pass = gpu.pass();
    (0..3).try_for_each(|_| record(&mut pass))?;
    pass.submit()?;
    let spans = gpu.finish_profile().await;
    gpu.set_profiling(Profiling::Off);
    // A clock may be coarser than a short dispatch.
    Ok(spans?.iter().map(|span| span.ms).fold(f64::INFINITY, f64::min).max(1e-6))
}

async fn dispatch_ms(gpu: &Gpu, y: &Buffer) -> Result<f64> {
    const MANY: usize = 1001;
    let few = passes_ms(gpu, y, 1, 1).await?;
    let many = passes_ms(gpu, y, 1, MANY).await?;
    Ok((many - few).max(0.0) / (MANY - 1) as f64)
}

async fn submit_ms(gpu: &Gpu, y: &Buffer) -> Result<f64> {
    const MANY: usize = 101;
    let few = passes_ms(gpu, y, 1, 1).await?;
    let many = passes_ms(gpu, y, MANY, 1).await?;
    Ok((many - few).max(0.0) / (MANY - 1) as f64)
}

/// Milliseconds until the device has done so many submits of so many dispatches that do nothing; the second time.
async fn passes_ms(gpu: &Gpu, y: &Buffer, submits: usize, dispatches: usize) -> Result<f64> {
    let mut ms = 0.0;
    for _ in 0..2 {
        let start = Instant::now();
        for _ in 0..submits {
            let mut pass = gpu.pass();
            (0..dispatches).try_for_each(|_| peak_workgroup(&mut pass, 0, 1, y))?;
            pass.submit()?;
        }
        gpu.finished().await?;
        ms = start.elapsed().as_secs_f64() * 1e3;
    }
    Ok(ms)
}

async fn round_trip_ms(gpu: &Gpu, y: &Buffer) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..21 {
        let start = Instant::now();
        gpu.read_range::<f32>(y, 0, 1).await?;
        times.push(start.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median(&times))
}
