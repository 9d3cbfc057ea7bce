//! Bringing results back.

use std::ops::Range;
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use bytemuck::{AnyBitPattern, NoUninit};

use crate::memory::Allocation;
use crate::{Buffer, Gpu, GpuError, Result};

/// Smaller ones are not worth their number.
const MIN_STAGING_BYTES: u64 = 4 << 10;

/// What a callback of the device leaves for the future that waits for it.
struct Signal<T>(Arc<Mutex<(Option<T>, Option<Waker>)>>);

impl<T> Clone for Signal<T> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<T> Signal<T> {
    fn new() -> Self {
        Self(Arc::new(Mutex::new((None, None))))
    }

    fn set(&self, value: T) {
        let mut state = self.0.lock().expect("no panic while a signal is held");
        state.0 = Some(value);
        if let Some(waker) = state.1.take() {
            waker.wake();
        }
    }

    async fn wait(&self) -> T {
        std::future::poll_fn(|context| {
            let mut state = self.0.lock().expect("no panic while a signal is held");
            match state.0.take() {
                Some(value) => Poll::Ready(value),
                None => {
                    state.1 = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// Words on their way back.
pub struct Reading<'a> {
    gpu: &'a Gpu,
    staging: Allocation,
    bytes: u64,
    submission: wgpu::SubmissionIndex,
}

impl Reading<'_> {
    /// The words, once they are there.
    pub async fn words<T: AnyBitPattern + NoUninit>(mut self) -> Result<Vec<T>> {
        let Self { gpu, bytes, .. } = self;
        self.staging.is_reusable = false;
        gpu.map(&self.staging.raw, bytes, self.submission.clone()).await?;
        let refused = |error: wgpu::MapRangeError| GpuError::Refused(error.to_string());
        let mapped = self.staging.raw.get_mapped_range(..bytes).map_err(refused)?;
        let mut words = vec![T::zeroed(); bytes as usize / size_of::<T>()];
        bytemuck::cast_slice_mut::<T, u8>(&mut words).copy_from_slice(&mapped);
        drop(mapped);
        self.staging.raw.unmap();
        self.staging.is_reusable = true;
        gpu.ledger.count(|counts| counts.read_bytes += bytes);
        Ok(words)
    }
}

/// A place in what was submitted.
pub struct Mark<'a> {
    gpu: &'a Gpu,
    signal: Signal<()>,
    submission: Option<wgpu::SubmissionIndex>,
}

impl Mark<'_> {
    /// Waits until the device has come this far.
    pub async fn reached(self) -> Result<()> {
        self.gpu.drive(self.submission)?;
        self.signal.wait().await;
        self.gpu.check()
    }
}

impl Gpu {
    /// The whole buffer, after everything that was submitted before.
    pub async fn read<T: AnyBitPattern + NoUninit>(&self, buffer: &Buffer) -> Result<Vec<T>> {
        self.read_range(buffer, 0, buffer.len()).await
    }

    /// `len` words from word `start` on.
    pub async fn read_range<T: AnyBitPattern + NoUninit>(
        &self,
        buffer: &Buffer,
        start: usize,
        len: usize,
    ) -> Result<Vec<T>> {
        self.start_reading(&[(buffer, start..start + len)])?.words().await
    }

    /// Starts to bring these words back, one range behind the other: after what was submitted before, and beside what
    /// is submitted from here on.
    pub fn start_reading(&self, ranges: &[(&Buffer, Range<usize>)]) -> Result<Reading<'_>> {
        let bytes =
            |buffer: &Buffer, words: &Range<usize>| buffer.offset(words.start)..buffer.offset(words.end);
        let ranges: Vec<_> =
            ranges.iter().map(|(buffer, words)| (buffer.raw(), bytes(buffer, words))).collect();
        self.start_reading_raw(&ranges)
    }

    /// The same by ranges of bytes.
    pub(crate) fn start_reading_raw(&self, ranges: &[(&wgpu::Buffer, Range<u64>)]) -> Result<Reading<'_>> {
        let bytes = ranges.iter().map(|(_, range)| range.end - range.start).sum::<u64>();
        // Of few sizes, so that most find one that was used before.
        let size = bytes.next_power_of_two().max(MIN_STAGING_BYTES);
        let usage = wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST;
        let staging = self.allocate("readback", size, usage);
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        let mut end = 0;
        for (raw, range) in ranges {
            let len = range.end - range.start;
            encoder.copy_buffer_to_buffer(raw, range.start, &staging.raw, end, len);
            end += len;
        }
        let submission = self.send(encoder);
        self.check()?;
        Ok(Reading { gpu: self, staging, bytes, submission })
    }

    /// Waits until the device has done everything that was submitted.
    pub async fn finished(&self) -> Result<()> {
        self.mark().reached().await
    }

    /// The end of what was submitted so far, to wait for while more is submitted.
    pub fn mark(&self) -> Mark<'_> {
        let signal = Signal::new();
        let done = signal.clone();
        self.queue.on_submitted_work_done(move || done.set(()));
        Mark { gpu: self, signal, submission: self.last_submission.borrow().clone() }
    }

    async fn map(&self, staging: &wgpu::Buffer, bytes: u64, after: wgpu::SubmissionIndex) -> Result<()> {
        let signal = Signal::new();
        let mapped = signal.clone();
        staging.map_async(wgpu::MapMode::Read, ..bytes, move |outcome| mapped.set(outcome));
        self.drive(Some(after))?;
        let outcome = signal.wait().await;
        self.check()?;
        outcome.map_err(|error| GpuError::DeviceLost(error.to_string()))
    }

    /// Natively blocks until that submission, or all there are, and their callbacks are done; in a browser it does
    /// nothing and the event loop calls back.
    fn drive(&self, submission_index: Option<wgpu::SubmissionIndex>) -> Result<()> {
        self.ledger.count(|counts| counts.round_trips += 1);
        let polled = self.device.poll(wgpu::PollType::Wait { submission_index, timeout: None });
        polled.map(|_| ()).map_err(|error| GpuError::DeviceLost(error.to_string()))
    }
}
