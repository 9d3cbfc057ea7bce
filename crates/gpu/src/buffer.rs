//! Storage buffers of 32-bit words.

use std::ops::Range;
use std::rc::Rc;

use bytemuck::{NoUninit, cast_slice};

use crate::bindings::Place;
use crate::memory::Allocation;
use crate::{Gpu, GpuError, Result};

/// Where a [`Buffer::slice`] may begin, in words: WebGPU's default for `minStorageBufferOffsetAlignment`.
pub const SLICE_WORDS: usize = 64;

/// A storage buffer of `len` 32-bit words (f32, u32, or packed f16/q8/q4), or a part of one.
pub struct Buffer {
    memory: Rc<Allocation>,
    start: usize,
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

    /// These words of it, as a buffer of their own: nothing is copied.
    ///
    /// # Panics
    /// Where they lie outside, or begin at no multiple of [`SLICE_WORDS`].
    pub fn slice(&self, words: Range<usize>) -> Self {
        assert!(words.start < words.end && words.end <= self.len, "{words:?} of {} words", self.len);
        assert!(words.start.is_multiple_of(SLICE_WORDS), "{words:?} begin at no multiple of {SLICE_WORDS}");
        Self { memory: self.memory.clone(), start: self.start + words.start, len: words.len() }
    }

    pub(crate) fn raw(&self) -> &wgpu::Buffer {
        &self.memory.raw
    }

    pub(crate) fn place(&self) -> Place {
        (self.memory.id, self.offset(0), self.offset(self.len))
    }

    /// Of a word, in bytes from where the device's buffer begins.
    pub(crate) fn offset(&self, word: usize) -> u64 {
        4 * (self.start + word) as u64
    }

    /// How a shader binds it.
    pub(crate) fn binding(&self) -> wgpu::BindingResource<'_> {
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: self.raw(),
            offset: self.offset(0),
            size: wgpu::BufferSize::new(4 * self.len as u64),
        })
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
        let memory = Rc::new(self.allocate(what, bytes, STORAGE));
        Ok(Buffer { memory, start: 0, len: len.max(1) })
    }

    /// A storage buffer with these words (f32, u32, ...).
    pub fn upload<T: NoUninit>(&self, what: &str, words: &[T]) -> Result<Buffer> {
        let bytes: &[u8] = cast_slice(words);
        assert!(bytes.len().is_multiple_of(4), "{what}: buffers hold whole 32-bit words");
        let buffer = self.create(what, bytes.len() / 4)?;
        self.write(&buffer, bytes);
        Ok(buffer)
    }

    /// Overwrites the first words of a buffer, before any pass that is submitted later.
    pub fn write<T: NoUninit>(&self, buffer: &Buffer, words: &[T]) {
        self.write_raw(buffer.raw(), buffer.offset(0), cast_slice(words));
    }

    pub(crate) fn write_raw(&self, raw: &wgpu::Buffer, offset: u64, bytes: &[u8]) {
        self.queue.write_buffer(raw, offset, bytes);
        self.ledger.count(|counts| counts.uploaded_bytes += bytes.len() as u64);
    }
}
