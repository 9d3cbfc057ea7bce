//! Times of parts of passes, by timestamp queries.

use crate::memory::Allocation;
use crate::{Gpu, Result};

/// Parts that are timed between a start and its finish; what comes after is not.
const CAPACITY: u32 = 2048;

/// What is timed. Each timed part ends a compute pass, which costs time of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profiling {
    /// Nothing.
    #[default]
    Off,
    /// What [`Pass::label`](crate::Pass::label) separates.
    Labels,
    /// Every dispatch, under its kernel's name.
    Dispatches,
}

/// One timed part and how long the device spent in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The label, or the kernel's name.
    pub name: String,
    /// Milliseconds on the device.
    pub ms: f64,
    /// Bytes of all buffers that a dispatch bound, each counted once; 0 for a label.
    pub bound_bytes: u64,
}

pub(crate) struct Profile {
    queries: wgpu::QuerySet,
    resolved: Allocation,
    period_ns: f64,
    parts: Vec<(String, u64)>,
    pub(crate) of: Profiling,
}

impl Profile {
    fn new(gpu: &Gpu, of: Profiling) -> Self {
        let queries = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("profile"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * CAPACITY,
        });
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = gpu.allocate("profile", u64::from(2 * CAPACITY) * 8, usage);
        let period_ns = f64::from(gpu.queue.get_timestamp_period());
        Self { queries, resolved, period_ns, parts: Vec::new(), of }
    }

    /// The clock's marks around the next part, while there is room.
    pub(crate) fn next(
        &mut self,
        name: &str,
        bound_bytes: u64,
    ) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let index = self.parts.len() as u32;
        if index == CAPACITY {
            return None;
        }
        self.parts.push((name.to_owned(), bound_bytes));
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * index),
            end_of_pass_write_index: Some(2 * index + 1),
        })
    }

    pub(crate) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        if !self.parts.is_empty() {
            encoder.resolve_query_set(&self.queries, 0..2 * self.parts.len() as u32, &self.resolved.raw, 0);
        }
    }

    async fn finish(self, gpu: &Gpu) -> Result<Vec<Span>> {
        if self.parts.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = 0..16 * self.parts.len() as u64;
        let ticks: Vec<u64> = gpu.start_reading_raw(&[(&self.resolved.raw, bytes)])?.words().await?;
        let spans = self.parts.into_iter().zip(ticks.chunks_exact(2)).map(|((name, bound_bytes), ends)| {
            Span { name, ms: ends[1].saturating_sub(ends[0]) as f64 * self.period_ns / 1e6, bound_bytes }
        });
        Ok(spans.collect())
    }
}

impl Gpu {
    /// Chooses what is timed from the next [`start_profile`](Self::start_profile) on.
    pub fn set_profiling(&self, of: Profiling) {
        self.profiling.set(of);
    }

    /// What was chosen.
    pub fn profiling(&self) -> Profiling {
        self.profiling.get()
    }

    /// Starts timing what was chosen. Does nothing where that is nothing or the adapter has no timestamps.
    pub fn start_profile(&self) {
        let of = self.profiling.get();
        let is_on = of != Profiling::Off && self.caps().timestamps;
        let profile = is_on.then(|| Profile::new(self, of));
        *self.profile.borrow_mut() = profile;
    }

    /// Stops timing and gives the milliseconds of each part, in order.
    pub async fn finish_profile(&self) -> Result<Vec<Span>> {
        let profile = self.profile.borrow_mut().take();
        match profile {
            None => Ok(Vec::new()),
            Some(profile) => profile.finish(self).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::gpu;
    use crate::{Bind, Kernel, Profiling, groups_1d};

    static TWICE: Kernel = Kernel {
        name: "twice",
        wgsl: "struct Params { len: u32 }
            @group(0) @binding(0) var<uniform> params: Params;
            @group(0) @binding(1) var<storage, read_write> x: array<f32>;
            @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
                if id.x < params.len { x[id.x] *= 2.0; }
            }",
        binds: &[Bind::Uniform, Bind::ReadWrite],
        workgroup: [64, 1, 1],
    };

    #[test]
    fn what_was_chosen_is_timed_and_nothing_else() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let x = gpu.upload("x", &[1.0f32; 100]).expect("fits");
            let mut names = Vec::new();
            for of in [Profiling::Off, Profiling::Labels, Profiling::Dispatches] {
                gpu.set_profiling(of);
                gpu.start_profile();
                let mut pass = gpu.pass();
                pass.label("doubled");
                for _ in 0..2 {
                    pass.dispatch(&TWICE, &[], &100u32, &[(&x).into()], groups_1d(100, 64)).expect("fits");
                }
                pass.submit().expect("the device works");
                let spans = gpu.finish_profile().await.expect("reads");
                names.push(spans.into_iter().map(|span| (span.name, span.bound_bytes)).collect::<Vec<_>>());
            }
            let x: Vec<f32> = gpu.read(&x).await.expect("reads");
            assert_eq!(x, [64.0; 100], "timed or not, each dispatch ran once");
            if gpu.caps().timestamps {
                let twice = ("twice".to_owned(), 400);
                assert_eq!(names, [vec![], vec![("doubled".to_owned(), 0)], vec![twice.clone(), twice]]);
            } else {
                assert_eq!(names.concat(), []);
            }
        });
    }
}
