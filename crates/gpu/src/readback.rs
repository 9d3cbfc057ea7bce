//! Bringing results back.

use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use bytemuck::{AnyBitPattern, NoUninit};

use crate::{Buffer, Gpu, GpuError, Result};

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
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(raw, 4 * start as u64, &staging, 0, 4 * len as u64);
        self.queue.submit([encoder.finish()]);
        self.check()?;
        self.map(&staging).await?;
        let mapped = staging.get_mapped_range(..).map_err(|error| GpuError::Refused(error.to_string()))?;
        let mut words = vec![T::zeroed(); 4 * len / size_of::<T>()];
        bytemuck::cast_slice_mut::<T, u8>(&mut words).copy_from_slice(&mapped);
        Ok(words)
    }

    /// Waits until the device has done everything that was submitted.
    pub async fn finished(&self) -> Result<()> {
        let signal = Signal::new();
        let done = signal.clone();
        self.queue.on_submitted_work_done(move || done.set(()));
        self.drive()?;
        signal.wait().await;
        self.check()
    }

    async fn map(&self, staging: &wgpu::Buffer) -> Result<()> {
        let signal = Signal::new();
        let mapped = signal.clone();
        staging.map_async(wgpu::MapMode::Read, .., move |outcome| mapped.set(outcome));
        self.drive()?;
        let outcome = signal.wait().await;
        self.check()?;
        outcome.map_err(|error| GpuError::DeviceLost(error.to_string()))
    }

    /// Natively blocks until all callbacks have run; in a browser it does nothing and the event loop calls back.
    fn drive(&self) -> Result<()> {
        let polled = self.device.poll(wgpu::PollType::wait_indefinitely());
        polled.map(|_| ()).map_err(|error| GpuError::DeviceLost(error.to_string()))
    }
}
