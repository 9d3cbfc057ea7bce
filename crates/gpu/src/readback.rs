//! Bringing results back.

use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use bytemuck::{AnyBitPattern, NoUninit};

use crate::{Buffer, Gpu, GpuError, Result};

/// What the mapping callback leaves for the future that waits for it.
#[derive(Default)]
struct Mapped {
    outcome: Option<std::result::Result<(), wgpu::BufferAsyncError>>,
    waker: Option<Waker>,
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
        self.read_words(&buffer.raw, start, len).await
    }

    /// `len` words of a raw buffer from its start on.
    pub(crate) async fn read_raw<T: AnyBitPattern + NoUninit>(
        &self,
        raw: &wgpu::Buffer,
        len: usize,
    ) -> Result<Vec<T>> {
        self.read_words(raw, 0, len).await
    }

    async fn read_words<T: AnyBitPattern + NoUninit>(
        &self,
        raw: &wgpu::Buffer,
        start: usize,
        len: usize,
    ) -> Result<Vec<T>> {
        let staging = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("readback"),
            size: 4 * len as u64,
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        });
        let mut encoder = self
            .device
            .create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(raw, 4 * start as u64, &staging, 0, 4 * len as u64);
        self.queue.submit([encoder.finish()]);
        self.check()?;
        self.map(&staging).await?;
        let mapped = staging
            .get_mapped_range(..)
            .map_err(|error| GpuError::Refused(error.to_string()))?;
        let mut words = vec![T::zeroed(); 4 * len / size_of::<T>()];
        bytemuck::cast_slice_mut::<T, u8>(&mut words).copy_from_slice(&mapped);
        Ok(words)
    }

    async fn map(&self, staging: &wgpu::Buffer) -> Result<()> {
        let shared = Arc::new(Mutex::new(Mapped::default()));
        let seen = shared.clone();
        staging.map_async(wgpu::MapMode::Read, .., move |outcome| {
            let mut state = seen.lock().expect("no panic while mapped");
            state.outcome = Some(outcome);
            if let Some(waker) = state.waker.take() {
                waker.wake();
            }
        });
        // Natively this blocks until the callback has run; in a browser it does nothing and the event loop calls back.
        self.device
            .poll(wgpu::PollType::wait_indefinitely())
            .map_err(|error| GpuError::DeviceLost(error.to_string()))?;
        let outcome = std::future::poll_fn(|context| {
            let mut state = shared.lock().expect("no panic while mapped");
            match state.outcome.take() {
                Some(outcome) => Poll::Ready(outcome),
                None => {
                    state.waker = Some(context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await;
        self.check()?;
        outcome.map_err(|error| GpuError::DeviceLost(error.to_string()))
    }
}
