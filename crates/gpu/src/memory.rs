//! Buffers of the device, kept for whoever needs such a one next.
//!
//! A browser frees a buffer that was let go only when it collects garbage, and making one costs more than most
//! dispatches. So a buffer that nobody holds any more is spare: the next of its size and usage takes it, whatever is in
//! it. What is too much to keep is destroyed at once.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use crate::Gpu;
use crate::counts::Ledger;

/// Larger buffers are made for one photo, and not kept.
const MAX_SPARE_BYTES: u64 = 32 << 20;
/// What all spare buffers may take together; beyond that the oldest go.
const MAX_ALL_SPARE_BYTES: u64 = 128 << 20;

/// A buffer of the device. Let go, it is spare.
pub(crate) struct Allocation {
    pub(crate) raw: wgpu::Buffer,
    /// Of no other buffer of this device, ever.
    pub(crate) id: u64,
    /// Whether others may have it afterwards: not while it is mapped.
    pub(crate) is_reusable: bool,
    memory: Rc<Memory>,
}

impl Drop for Allocation {
    fn drop(&mut self) {
        let spare = Spare { raw: self.raw.clone(), id: self.id, turn: self.memory.turn.get() };
        self.memory.retire(spare, self.is_reusable);
    }
}

struct Spare {
    raw: wgpu::Buffer,
    id: u64,
    /// The turn in which it was let go.
    turn: u64,
}

/// The spare buffers of a device.
pub(crate) struct Memory {
    ledger: Arc<Ledger>,
    next_id: Cell<u64>,
    /// Oldest first.
    spare: RefCell<VecDeque<Spare>>,
    spare_bytes: Cell<u64>,
    /// Let go while passes that may use them are recorded: writing to them now would come before their dispatches. With the
    /// number of the first pass that does not.
    retired: RefCell<VecDeque<(u64, Spare)>>,
    /// Numbers of the passes that are recorded.
    open_passes: RefCell<BTreeSet<u64>>,
    next_pass: Cell<u64>,
    /// Rises with every [`Memory::start_turn`].
    turn: Cell<u64>,
    /// Whoever keeps something by the id of a buffer lets it go with the buffer.
    destroyed: RefCell<Vec<u64>>,
}

/// A pass is being recorded.
pub(crate) struct Recording {
    memory: Rc<Memory>,
    pass: u64,
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.memory.open_passes.borrow_mut().remove(&self.pass);
        self.memory.keep_unused();
    }
}

impl Memory {
    pub(crate) fn new(ledger: Arc<Ledger>) -> Self {
        Self {
            ledger,
            next_id: Cell::default(),
            spare: RefCell::default(),
            spare_bytes: Cell::default(),
            retired: RefCell::default(),
            open_passes: RefCell::default(),
            next_pass: Cell::default(),
            turn: Cell::default(),
            destroyed: RefCell::default(),
        }
    }

    /// What is let go until the end of this is in use until then.
    pub(crate) fn record(self: &Rc<Self>) -> Recording {
        let pass = self.next_pass.replace(self.next_pass.get() + 1);
        self.open_passes.borrow_mut().insert(pass);
        Recording { memory: self.clone(), pass }
    }

    /// Keeps what was let go before any pass that is still recorded.
    fn keep_unused(&self) {
        let oldest = self.open_passes.borrow().first().copied().unwrap_or(u64::MAX);
        let mut retired = self.retired.borrow_mut();
        while retired.front().is_some_and(|(unused_from, _)| *unused_from <= oldest) {
            let Some((_, spare)) = retired.pop_front() else { break };
            self.keep(spare);
        }
    }

    /// The buffers that were destroyed since the last call.
    pub(crate) fn take_destroyed(&self) -> Vec<u64> {
        std::mem::take(&mut *self.destroyed.borrow_mut())
    }

    /// Destroys the spare buffers that nobody had since the last call.
    fn start_turn(&self) {
        let turn = self.turn.replace(self.turn.get() + 1);
        let spare = std::mem::take(&mut *self.spare.borrow_mut());
        let (used, unused): (VecDeque<_>, VecDeque<_>) =
            spare.into_iter().partition(|spare| spare.turn == turn);
        self.spare_bytes.set(used.iter().map(|spare| spare.raw.size()).sum());
        self.spare.replace(used);
        unused.iter().for_each(|spare| self.destroy(spare));
    }

    fn take(&self, size: u64, usage: wgpu::BufferUsages) -> Option<Spare> {
        let mut spare = self.spare.borrow_mut();
        let fits = |spare: &Spare| spare.raw.size() == size && spare.raw.usage() == usage;
        // The same work finds the same buffers again, and with them its bind groups.
        let fitting = spare.iter().enumerate().filter(|(_, spare)| fits(spare));
        let (found, _) = fitting.min_by_key(|(_, spare)| spare.id)?;
        self.spare_bytes.set(self.spare_bytes.get() - size);
        spare.remove(found)
    }

    fn retire(&self, spare: Spare, is_reusable: bool) {
        self.ledger.count(|counts| counts.live_bytes -= spare.raw.size());
        if !is_reusable {
            self.destroy(&spare);
        } else {
            self.retired.borrow_mut().push_back((self.next_pass.get(), spare));
            self.keep_unused();
        }
    }

    fn keep(&self, spare: Spare) {
        if spare.raw.size() > MAX_SPARE_BYTES {
            return self.destroy(&spare);
        }
        self.spare_bytes.set(self.spare_bytes.get() + spare.raw.size());
        self.spare.borrow_mut().push_back(spare);
        while self.spare_bytes.get() > MAX_ALL_SPARE_BYTES {
            let Some(oldest) = self.spare.borrow_mut().pop_front() else { break };
            self.spare_bytes.set(self.spare_bytes.get() - oldest.raw.size());
            self.destroy(&oldest);
        }
    }

    fn destroy(&self, spare: &Spare) {
        spare.raw.destroy();
        self.ledger.count(|counts| counts.device_bytes -= spare.raw.size());
        self.destroyed.borrow_mut().push(spare.id);
    }
}

impl Gpu {
    /// Lets go of the spare buffers and the bind groups that nothing used since the last call. Whoever calls it before each
    /// photo keeps what photos have in common: the rest follows the device's pace, is other for each, and would pile up.
    pub fn start_turn(&self) {
        self.memory.start_turn();
        let mut bindings = self.bindings.borrow_mut();
        bindings.forget(&self.memory.take_destroyed());
        bindings.start_turn();
    }

    /// A buffer of that size and usage with anything in it.
    pub(crate) fn allocate(&self, what: &str, size: u64, usage: wgpu::BufferUsages) -> Allocation {
        let Spare { raw, id, .. } =
            self.memory.take(size, usage).unwrap_or_else(|| self.make(what, size, usage));
        self.ledger.count(|counts| counts.live_bytes += size);
        Allocation { raw, id, is_reusable: true, memory: self.memory.clone() }
    }

    fn make(&self, what: &str, size: u64, usage: wgpu::BufferUsages) -> Spare {
        let id = self.memory.next_id.replace(self.memory.next_id.get() + 1);
        self.ledger.count(|counts| {
            counts.objects += 1;
            counts.device_bytes += size;
            counts.peak_bytes = counts.peak_bytes.max(counts.device_bytes);
        });
        // Never mapped when it is made: a browser without room for that throws where an error is due.
        let buffer = wgpu::BufferDescriptor { label: Some(what), size, usage, mapped_at_creation: false };
        Spare { raw: self.device.create_buffer(&buffer), id, turn: self.memory.turn.get() }
    }
}

#[cfg(test)]
mod tests {
    use crate::testing::gpu;
    use crate::{Bind, Buffer, Gpu, Kernel, Pass};

    static SUM: Kernel = Kernel {
        name: "sum",
        wgsl: "struct Params { addend: f32 }
            @group(0) @binding(0) var<uniform> params: Params;
            @group(0) @binding(1) var<storage, read> x: array<f32>;
            @group(0) @binding(2) var<storage, read_write> y: array<f32>;
            @compute @workgroup_size(1) fn main() { y[0] += x[0] + params.addend; }",
        binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
        workgroup: [1, 1, 1],
    };

    fn add(pass: &mut Pass<'_>, x: &Buffer, addend: f32, y: &Buffer) {
        pass.dispatch(&SUM, &[], &addend, &[x.into(), y.into()], [1, 1, 1]).expect("fits");
    }

    /// More dispatches than the parameters of one buffer.
    async fn sum_of_many(gpu: &Gpu) -> f32 {
        let (x, y) = (gpu.upload("x", &[1.0f32]).expect("fits"), gpu.upload("y", &[0.0f32]).expect("fits"));
        let mut pass = gpu.pass();
        (0..600u16).for_each(|addend| add(&mut pass, &x, f32::from(addend), &y));
        pass.submit().expect("the device works");
        gpu.read(&y).await.expect("reads")[0]
    }

    #[test]
    fn the_same_work_again_makes_nothing() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let sum = (0..600u16).map(|addend| 1.0 + f32::from(addend)).sum::<f32>();
            assert_eq!(sum_of_many(&gpu).await, sum);
            let after_once = gpu.counts();
            gpu.start_counting();
            assert_eq!(sum_of_many(&gpu).await, sum);
            let again = gpu.counts();
            assert_eq!((again.objects, again.dispatches), (0, 600));
            assert_eq!(
                (again.live_bytes, again.device_bytes),
                (after_once.live_bytes, after_once.device_bytes)
            );
        });
    }

    #[test]
    fn what_a_pass_uses_is_not_given_away_before_it_is_sent_off() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let y = gpu.upload("y", &[0.0f32]).expect("fits");
            let mut pass = gpu.pass();
            for value in [1.0f32, 10.0, 100.0] {
                let x = gpu.upload("x", &[value]).expect("fits");
                add(&mut pass, &x, 0.0, &y);
            }
            pass.submit().expect("the device works");
            assert_eq!(gpu.read::<f32>(&y).await.expect("reads"), [111.0]);
        });
    }

    #[test]
    fn what_only_a_pass_of_before_uses_is_spare_while_another_is_recorded() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let x = gpu.upload("x", &[1.0f32; 500]).expect("fits");
            let y = gpu.upload("y", &[0.0f32]).expect("fits");
            let mut pass = gpu.pass();
            add(&mut pass, &x, 0.0, &y);
            drop(x);
            let next = gpu.pass();
            pass.submit().expect("the device works");
            gpu.start_counting();
            drop(gpu.create("x", 500).expect("fits"));
            assert_eq!(gpu.counts().objects, 0, "the next pass began after it was let go");
            next.submit().expect("the device works");
        });
    }

    #[test]
    fn a_slice_is_a_part_of_its_buffer_and_keeps_it() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let whole: Vec<f32> = (0..256u16).map(f32::from).collect();
            let x = gpu.upload("x", &whole).expect("fits");
            let y = gpu.upload("y", &[0.0f32; 128]).expect("fits");
            let (of_x, of_y) = (x.slice(64..128).slice(0..2), y.slice(64..65));
            drop(x);
            let mut pass = gpu.pass();
            add(&mut pass, &of_x, 0.5, &of_y);
            pass.copy(&of_x, 1..2, &of_y.slice(0..1), 0);
            add(&mut pass, &of_x, 0.0, &of_y);
            pass.submit().expect("the device works");
            assert_eq!(gpu.read_range::<f32>(&y, 63, 3).await.expect("reads"), [0.0, 129.0, 0.0], "65 + 64");
            gpu.write(&of_x, &[7.0f32]);
            assert_eq!(gpu.read::<f32>(&of_x).await.expect("reads"), [7.0, 65.0]);
            let mut pass = gpu.pass();
            pass.clear(&of_y);
            pass.submit().expect("the device works");
            assert_eq!(gpu.read::<f32>(&of_y).await.expect("reads"), [0.0]);
        });
    }

    #[test]
    #[should_panic(expected = "no multiple of 64")]
    fn a_slice_begins_where_a_binding_may() {
        let gpu = pollster::block_on(gpu());
        let _ = gpu.create("x", 256).expect("fits").slice(32..64);
    }

    #[test]
    fn what_is_too_large_to_keep_is_destroyed_and_forgotten() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let y = gpu.upload("y", &[0.0f32]).expect("fits");
            let bytes = gpu.counts().device_bytes;
            for _ in 0..2 {
                let x = gpu.create("x", 10 << 20).expect("fits");
                gpu.write(&x, &[7.0f32]);
                gpu.write(&y, &[0.0f32]);
                let mut pass = gpu.pass();
                add(&mut pass, &x, 0.0, &y);
                pass.submit().expect("the device works");
                assert_eq!(gpu.read::<f32>(&y).await.expect("reads"), [7.0]);
            }
            gpu.pass().submit().expect("the device works");
            assert_eq!(gpu.bindings.borrow().group_count(), 0);
            let kept = gpu.counts().device_bytes - bytes;
            assert!(kept < 1 << 20, "{kept} bytes");
        });
    }

    #[test]
    fn what_no_turn_uses_any_more_is_let_go() {
        pollster::block_on(async {
            let gpu = gpu().await;
            assert!(sum_of_many(&gpu).await > 0.0);
            let before = (gpu.counts().device_bytes, gpu.bindings.borrow().group_count());
            // Each turn does the same, and something else that is its own.
            for own in 1..5 {
                gpu.start_turn();
                gpu.start_counting();
                assert!(sum_of_many(&gpu).await > 0.0);
                assert_eq!(gpu.counts().objects, 0, "the same again is still there");
                let (x, y) = (gpu.create("x", 1000 * own), gpu.upload("y", &[0.0f32]));
                let mut pass = gpu.pass();
                add(&mut pass, &x.expect("fits"), 0.0, &y.expect("fits"));
                pass.submit().expect("the device works");
            }
            gpu.start_turn();
            assert!(sum_of_many(&gpu).await > 0.0);
            gpu.start_turn();
            assert_eq!((gpu.counts().device_bytes, gpu.bindings.borrow().group_count()), before);
        });
    }

    #[test]
    fn the_oldest_spare_buffers_go_first() {
        pollster::block_on(async {
            let gpu = gpu().await;
            for words in 1..40 {
                drop(gpu.create("spare", (1 << 20) + words).expect("fits"));
            }
            assert!(gpu.counts().device_bytes <= super::MAX_ALL_SPARE_BYTES);
            gpu.start_counting();
            drop(gpu.create("spare", (1 << 20) + 39).expect("fits"));
            assert_eq!(gpu.counts().objects, 0, "the newest is still there");
            drop(gpu.create("spare", (1 << 20) + 1).expect("fits"));
            assert_eq!(gpu.counts().objects, 1, "the oldest is not");
        });
    }
}
