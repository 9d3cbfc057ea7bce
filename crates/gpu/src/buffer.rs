//! Storage buffers of 32-bit words, and the ledger of what is alive.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytemuck::{NoUninit, cast_slice};

use crate::{Gpu, GpuError, Result};

/// Counts the bytes of live buffers.
#[derive(Default)]
pub(crate) struct Ledger {
    live: AtomicU64,
    peak: AtomicU64,
}

impl Ledger {
    fn add(&self, bytes: u64) {
        let live = self.live.fetch_add(bytes, Ordering::Relaxed) + bytes;
        self.peak.fetch_max(live, Ordering::Relaxed);
    }

    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.live.load(Ordering::Relaxed), self.peak.load(Ordering::Relaxed))
    }
}

/// A storage buffer of `len` 32-bit words (f32, u32, or packed f16/q8/q4).
pub struct Buffer {
    pub(crate) raw: wgpu::Buffer,
    len: usize,
    ledger: Arc<Ledger>,
}

impl Buffer {
    /// Number of 32-bit words.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it holds no words. Never: the smallest buffer holds one.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.ledger.live.fetch_sub(4 * self.len as u64, Ordering::Relaxed);
    }
}

/// A buffer, as a kernel binds it.
#[derive(Clone, Copy)]
pub struct Binding<'a>(pub(crate) &'a Buffer);

impl<'a> From<&'a Buffer> for Binding<'a> {
    fn from(buffer: &'a Buffer) -> Self {
        Self(buffer)
    }
}

impl Gpu {
    /// An empty storage buffer of `len` words. `what` names it in errors.
    pub fn create(&self, what: &str, len: usize) -> Result<Buffer> {
        self.allocate(what, len.max(1), false)
    }

    /// A storage buffer with these words (f32, u32, ...).
    pub fn upload<T: NoUninit>(&self, what: &str, words: &[T]) -> Result<Buffer> {
        let bytes: &[u8] = cast_slice(words);
        assert!(bytes.len().is_multiple_of(4), "{what}: buffers hold whole 32-bit words");
        let buffer = self.allocate(what, (bytes.len() / 4).max(1), true)?;
        let mut mapped =
            buffer.raw.get_mapped_range_mut(..).map_err(|error| GpuError::Refused(error.to_string()))?;
        mapped.slice(..bytes.len()).copy_from_slice(bytes);
        drop(mapped);
        buffer.raw.unmap();
        Ok(buffer)
    }

    /// Overwrites the first words of a buffer, before any pass that is submitted later.
    pub fn write<T: NoUninit>(&self, buffer: &Buffer, words: &[T]) {
        self.queue.write_buffer(&buffer.raw, 0, cast_slice(words));
    }

    fn allocate(&self, what: &str, len: usize, mapped: bool) -> Result<Buffer> {
        self.check()?;
        let (bytes, limit) = (4 * len as u64, self.caps().max_binding_bytes);
        if bytes > limit {
            return Err(GpuError::BufferTooLarge { what: what.to_owned(), bytes, limit });
        }
        let raw = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(what),
            size: bytes,
            usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: mapped,
        });
        self.ledger.add(bytes);
        Ok(Buffer { raw, len, ledger: self.ledger.clone() })
    }
}
