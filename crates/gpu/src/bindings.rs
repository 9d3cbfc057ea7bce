//! What dispatches bind: the parameters of a pass, and groups of buffers that are bound again and again.

use std::collections::HashMap;
use std::rc::Rc;

use crate::kernel::Pipeline;
use crate::memory::Allocation;
use crate::{Binding, Gpu, Kernel};

/// Of what is bound: its buffer, and its first and last byte there.
pub(crate) type Place = (u64, u64, u64);

/// Where parameters may begin: WebGPU's default for `minUniformBufferOffsetAlignment`. No kernel's are longer.
const SLOT_BYTES: usize = 256;
/// Parameters in one buffer.
const SLOTS: usize = 256;

/// The parameters of the dispatches of a pass, in order.
#[derive(Default)]
pub(crate) struct Params(Vec<u8>);

impl Params {
    /// Where these parameters will lie: which buffer, and the offset within it.
    pub(crate) fn push(&mut self, params: &[u8]) -> (usize, u32) {
        assert!(params.len() <= SLOT_BYTES, "{} bytes of parameters", params.len());
        let slot = self.0.len() / SLOT_BYTES;
        self.0.extend(params);
        self.0.resize((slot + 1) * SLOT_BYTES, 0);
        (slot / SLOTS, (slot % SLOTS * SLOT_BYTES) as u32)
    }
}

/// Bind groups by their kernel, the buffer of their parameters, and their other buffers.
#[derive(Default)]
pub(crate) struct Bindings {
    groups: HashMap<(&'static str, usize, Vec<Place>), Group>,
    /// Rises with every [`Bindings::start_turn`].
    turn: u64,
    /// Every pass uses them from the first on: what it binds is written right before it is sent off.
    params: Vec<Allocation>,
}

struct Group {
    raw: Rc<wgpu::BindGroup>,
    /// The last turn that used it.
    turn: u64,
}

impl Bindings {
    /// Lets go of the groups that nothing used since the last call.
    pub(crate) fn start_turn(&mut self) {
        self.groups.retain(|_, group| group.turn == self.turn);
        self.turn += 1;
    }

    /// Lets go of the groups that bind one of these buffers.
    pub(crate) fn forget(&mut self, buffers: &[u64]) {
        if !buffers.is_empty() {
            self.groups.retain(|(.., bound), _| !bound.iter().any(|(id, ..)| buffers.contains(id)));
        }
    }
}

#[cfg(test)]
impl Bindings {
    pub(crate) fn group_count(&self) -> usize {
        self.groups.len()
    }
}

impl Gpu {
    /// The group of these buffers, with parameters in the buffer of that index.
    pub(crate) fn bind_group(
        &self,
        kernel: &'static Kernel,
        pipeline: &Pipeline,
        params: usize,
        buffers: &[Binding<'_>],
    ) -> Rc<wgpu::BindGroup> {
        let mut bindings = self.bindings.borrow_mut();
        let key = (kernel.name, params, buffers.iter().map(|binding| binding.0.place()).collect());
        let turn = bindings.turn;
        if let Some(group) = bindings.groups.get_mut(&key) {
            group.turn = turn;
            return group.raw.clone();
        }
        while bindings.params.len() <= params {
            let usage = wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST;
            bindings.params.push(self.allocate("parameters", (SLOTS * SLOT_BYTES) as u64, usage));
        }
        let slot = wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &bindings.params[params].raw,
            offset: 0,
            size: wgpu::BufferSize::new(SLOT_BYTES as u64),
        });
        let storage = buffers.iter().map(|binding| binding.0.binding());
        let entries: Vec<_> = std::iter::once(slot)
            .chain(storage)
            .enumerate()
            .map(|(i, resource)| wgpu::BindGroupEntry { binding: i as u32, resource })
            .collect();
        self.ledger.count(|counts| counts.objects += 1);
        let raw = Rc::new(self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(kernel.name),
            layout: &pipeline.bindings,
            entries: &entries,
        }));
        bindings.groups.insert(key, Group { raw: raw.clone(), turn });
        raw
    }

    /// Writes the parameters of a pass, right before it is sent off.
    pub(crate) fn write_params(&self, params: &Params) {
        let bindings = self.bindings.borrow();
        for (bytes, buffer) in params.0.chunks(SLOTS * SLOT_BYTES).zip(&bindings.params) {
            self.write_raw(&buffer.raw, 0, bytes);
        }
    }
}
