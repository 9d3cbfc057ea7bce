//! Buffers that are used again.

use std::collections::HashMap;
use std::rc::Rc;

use maskov_gpu::{Buffer, Gpu};

use crate::Result;

/// Buffers that no recorded dispatch after this point reads, by their length. Dispatches run in order, so a buffer may be
/// given away as soon as its last reader is recorded; later photos of the same resolution allocate nothing.
#[derive(Default)]
pub(super) struct Pool(HashMap<usize, Vec<Rc<Buffer>>>);

impl Pool {
    /// A buffer of `len` words with anything in it.
    pub(super) fn take(&mut self, gpu: &Gpu, what: &str, len: usize) -> Result<Rc<Buffer>> {
        match self.0.get_mut(&len).and_then(Vec::pop) {
            Some(buffer) => Ok(buffer),
            None => Ok(Rc::new(gpu.create(what, len)?)),
        }
    }

    /// Takes a buffer back, unless somebody else still holds it.
    pub(super) fn give(&mut self, buffer: Rc<Buffer>) {
        if Rc::strong_count(&buffer) == 1 {
            self.0.entry(buffer.len()).or_default().push(buffer);
        }
    }
}
