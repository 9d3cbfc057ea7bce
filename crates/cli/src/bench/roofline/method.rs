//! The method's kernels, as a photo and clicks call them.

use std::rc::Rc;

use anyhow::Result;
use maskov_engine::{Attention, Device, Engine, Fidelity, PromptPoint, RgbImage, Session};
use maskov_gpu::{Gpu, Profiling};
use maskov_segment::AttentionMap;

use super::peaks::Peaks;
use super::table::{Table, Work};

/// What one step of the work asked of the device.
pub struct Task {
    /// What a person did.
    pub what: &'static str,
    /// Its kernels.
    pub table: Table,
    /// How often it waited for the device.
    pub round_trips: u64,
}

/// Opens a photo of a made attention map of that R, clicks twice and points once.
pub async fn measure(
    gpu: &Rc<Gpu>,
    engine: &Engine,
    photo: &RgbImage<'static>,
    resolution: usize,
    assumed: &Peaks,
) -> Result<Vec<Task>> {
    let device = Device::Gpu(gpu.clone());
    let map = Attention::Cpu(AttentionMap::new(resolution, neighbours(resolution))?);
    let fidelity = Fidelity::of(&device);
    gpu.set_profiling(Profiling::Dispatches);
    let mut tasks = Vec::new();
    begin(gpu);
    let made = Session::new(&device, map, photo.clone(), engine.method(), fidelity, &mut ()).await;
    let mut session = end(gpu, "opening a photo, behind the network", made, assumed, &mut tasks).await?;
    let at = |share: u32| PromptPoint::new(photo.width() / share, photo.height() / share, true);
    for (what, point) in [("the first click", at(2)), ("a further click", at(3))] {
        begin(gpu);
        session.add(point)?;
        let mask = session.mask(&mut ()).await;
        end(gpu, what, mask, assumed, &mut tasks).await?;
    }
    begin(gpu);
    session.add(at(5))?;
    let preview = session.preview(&mut ()).await;
    end(gpu, "a hover", preview, assumed, &mut tasks).await?;
    gpu.set_profiling(Profiling::Off);
    Ok(tasks)
}

fn begin(gpu: &Gpu) {
    gpu.start_counting();
    gpu.start_profile();
}

async fn end<T>(
    gpu: &Gpu,
    what: &'static str,
    outcome: maskov_engine::Result<T>,
    assumed: &Peaks,
    tasks: &mut Vec<Task>,
) -> Result<T> {
    let round_trips = gpu.counts().round_trips;
    let spans = gpu.finish_profile().await?;
    let outcome = outcome?;
    let mut table = Table::default();
    spans.iter().for_each(|span| table.add(Work::of(span), assumed));
    tasks.push(Task { what, table, round_trips });
    Ok(outcome)
}

/// Attention of every token to those around it, and a little to all: `[R², R²]`, rows of sum about 1.
fn neighbours(resolution: usize) -> Vec<f32> {
    let near: Vec<f32> =
        (0..resolution).map(|distance| (-0.5 * (distance as f32 / 3.0).powi(2)).exp()).collect();
    let tokens = resolution * resolution;
    let of_all = 0.1 / tokens as f32;
    let mut map = Vec::with_capacity(tokens * tokens);
    for row in 0..tokens {
        let (y, x) = (row / resolution, row % resolution);
        for to in 0..resolution {
            let of_line = near[y.abs_diff(to)] / 57.0;
            map.extend((0..resolution).map(|column| of_line * near[x.abs_diff(column)] + of_all));
        }
    }
    map
}

#[cfg(test)]
mod tests {
    #[test]
    fn rows_of_the_made_map_sum_to_about_one() {
        let map = super::neighbours(24);
        let middle = 12 * 24 + 12;
        let sum: f32 = map[middle * 576..][..576].iter().sum();
        assert!((0.95..1.1).contains(&sum), "{sum}");
    }
}
