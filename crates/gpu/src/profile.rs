//! Times of labelled parts of passes, by timestamp queries.

use crate::memory::Allocation;
use crate::{Gpu, Result};

/// Labelled parts between two looks at the clock; what comes after is not timed.
const CAPACITY: u32 = 2048;

/// One labelled part and how long the device spent in it.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// The label.
    pub name: String,
    /// Milliseconds on the device.
    pub ms: f64,
}

pub(crate) struct Profile {
    queries: wgpu::QuerySet,
    resolved: Allocation,
    period_ns: f64,
    names: Vec<String>,
}

impl Profile {
    pub(crate) fn new(gpu: &Gpu) -> Self {
        let queries = gpu.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("profile"),
            ty: wgpu::QueryType::Timestamp,
            count: 2 * CAPACITY,
        });
        let usage = wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC;
        let resolved = gpu.allocate("profile", u64::from(2 * CAPACITY) * 8, usage);
        Self { queries, resolved, period_ns: f64::from(gpu.queue.get_timestamp_period()), names: Vec::new() }
    }

    pub(crate) fn next(&mut self, name: &str) -> Option<wgpu::ComputePassTimestampWrites<'_>> {
        let index = self.names.len() as u32;
        if index == CAPACITY {
            return None;
        }
        self.names.push(name.to_owned());
        Some(wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * index),
            end_of_pass_write_index: Some(2 * index + 1),
        })
    }

    pub(crate) fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        if !self.names.is_empty() {
            encoder.resolve_query_set(&self.queries, 0..2 * self.names.len() as u32, &self.resolved.raw, 0);
        }
    }

    pub(crate) async fn finish(self, gpu: &Gpu) -> Result<Vec<Span>> {
        if self.names.is_empty() {
            return Ok(Vec::new());
        }
        let words = 0..4 * self.names.len();
        let ticks: Vec<u64> = gpu.start_reading_raw(&[(&self.resolved.raw, words)])?.words().await?;
        let spans = self.names.into_iter().zip(ticks.chunks_exact(2)).map(|(name, ends)| Span {
            name,
            ms: ends[1].saturating_sub(ends[0]) as f64 * self.period_ns / 1e6,
        });
        Ok(spans.collect())
    }
}
