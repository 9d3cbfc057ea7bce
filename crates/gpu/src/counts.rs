//! What is asked of a device, counted.

use std::sync::Mutex;

use crate::Gpu;

/// What was asked of a device since [`Gpu::start_counting`], or since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Dispatches recorded.
    pub dispatches: u64,
    /// Command buffers sent off.
    pub submits: u64,
    /// Times that the host waited for the device: for values, or for the end of what was sent off.
    pub round_trips: u64,
    /// Buffers, bind groups and pipelines made.
    pub objects: u64,
    /// The pipelines among them: kernels compiled.
    pub pipelines: u64,
    /// Bytes brought to the device.
    pub uploaded_bytes: u64,
    /// Bytes brought back.
    pub read_bytes: u64,
    /// Bytes of the buffers that are in use now: storage, uniforms and staging.
    pub live_bytes: u64,
    /// The same with the spare buffers.
    pub device_bytes: u64,
    /// The most that `device_bytes` was.
    pub peak_bytes: u64,
}

/// The counts of a device, shared with its buffers and its failures: they come at any time.
#[derive(Default)]
pub(crate) struct Ledger(Mutex<Counts>);

impl Ledger {
    pub(crate) fn counts(&self) -> Counts {
        *self.0.lock().expect("no panic while something is counted")
    }

    pub(crate) fn count(&self, change: impl FnOnce(&mut Counts)) {
        change(&mut self.0.lock().expect("no panic while something is counted"));
    }
}

impl Gpu {
    /// Counts from nothing again; the peak begins at what is there.
    pub fn start_counting(&self) {
        self.ledger.count(|counts| {
            let Counts { live_bytes, device_bytes, .. } = *counts;
            *counts = Counts { live_bytes, device_bytes, peak_bytes: device_bytes, ..Counts::default() };
        });
    }

    /// What was asked of the device since the counting started.
    pub fn counts(&self) -> Counts {
        self.ledger.counts()
    }
}
