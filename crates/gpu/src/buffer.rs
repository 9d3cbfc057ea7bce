//! Storage buffers of 32-bit words.

use bytemuck::{NoUninit, cast_slice};

use crate::memory::Allocation;
use crate::{Gpu, GpuError, Result};

/// A storage buffer of `len` 32-bit words (f32, u32, or packed f16/q8/q4).
pub struct Buffer {
    memory: Allocation,
    len: usize,
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

    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.memory.raw
    }

    pub(crate) fn id(&self) -> u64 {
        self.memory.id
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

/// What a storage buffer is used for.
const STORAGE: wgpu::BufferUsages =
    wgpu::BufferUsages::STORAGE.union(wgpu::BufferUsages::COPY_SRC).union(wgpu::BufferUsages::COPY_DST);

impl Gpu {
    /// A storage buffer of `len` words with anything in it. `what` names it in errors.
    pub fn create(&self, what: &str, len: usize) -> Result<Buffer> {
        self.check()?;
        let (bytes, limit) = (4 * len.max(1) as u64, self.caps().max_binding_bytes);
        if bytes > limit {
            return Err(GpuError::BufferTooLarge { what: what.to_owned(), bytes, limit });
        }
        Ok(Buffer { memory: self.allocate(what, bytes, STORAGE), len: len.max(1) })
    }

    /// A storage buffer with these words (f32, u32, ...).
    pub fn upload<T: NoUninit>(&self, what: &str, words: &[T]) -> Result<Buffer> {
        let bytes: &[u8] = cast_slice(words);
        assert!(bytes.len().is_multiple_of(4), "{what}: buffers hold whole 32-bit words");
        let buffer = self.create(what, bytes.len() / 4)?;
        self.write_raw(buffer.raw(), bytes);
        Ok(buffer)
    }

    /// Overwrites the first words of a buffer, before any pass that is submitted later.
    pub fn write<T: NoUninit>(&self, buffer: &Buffer, words: &[T]) {
        self.write_raw(buffer.raw(), cast_slice(words));
    }

    pub(crate) fn write_raw(&self, raw: &wgpu::Buffer, bytes: &[u8]) {
        self.queue.write_buffer(raw, 0, bytes);
        self.ledger.count(|counts| counts.uploaded_bytes += bytes.len() as u64);
    }
}
