//! Recording dispatches and sending them off.

use std::ops::Range;

use bytemuck::NoUninit;

use crate::bindings::Params;
use crate::memory::Recording;
use crate::profile::Profiling;
use crate::{Bind, Binding, Buffer, Gpu, GpuError, Kernel, Result};

/// A list of dispatches that run in order: each sees what the earlier ones wrote.
pub struct Pass<'a> {
    gpu: &'a Gpu,
    encoder: wgpu::CommandEncoder,
    /// Open until something other than a dispatch is recorded; one compute pass costs less than many.
    open: Option<wgpu::ComputePass<'static>>,
    params: Params,
    is_rehearsal: bool,
    _recording: Recording,
}

impl Gpu {
    /// Starts an empty list.
    pub fn pass(&self) -> Pass<'_> {
        let encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor { label: None });
        self.bindings.borrow_mut().forget(&self.memory.take_destroyed());
        let _recording = self.memory.record();
        Pass { gpu: self, encoder, open: None, params: Params::default(), is_rehearsal: false, _recording }
    }

    /// A list that compiles the kernels of its dispatches, and does nothing when it is submitted.
    pub fn rehearsal(&self) -> Pass<'_> {
        Pass { is_rehearsal: true, ..self.pass() }
    }
}

impl<'a> Pass<'a> {
    /// The device that this list is for.
    pub fn gpu(&self) -> &'a Gpu {
        self.gpu
    }

    /// Starts a part of the list that is timed under this name where [`Profiling::Labels`] is on.
    pub fn label(&mut self, name: &str) {
        self.time(Profiling::Labels, name, 0);
    }

    /// Begins a compute pass of its own where parts of this kind are timed.
    fn time(&mut self, of: Profiling, name: &str, bound_bytes: u64) {
        if let Some(profile) = self.gpu.profile.borrow_mut().as_mut()
            && profile.of == of
        {
            self.open = None;
            self.open = Some(begin(&mut self.encoder, profile.next(name, bound_bytes)));
        }
    }

    /// Records one dispatch. `buffers` are the bindings after the uniform, in the kernel's order; `constants` are the
    /// `override` values. Errors: [`GpuError::Shape`] where the number of groups is beyond the adapter's.
    pub fn dispatch<P: NoUninit>(
        &mut self,
        kernel: &'static Kernel,
        constants: &[(&str, f64)],
        params: &P,
        buffers: &[Binding<'_>],
        groups: [u32; 3],
    ) -> Result<()> {
        let limit = self.gpu.caps().max_groups;
        if groups.iter().any(|&count| count > limit) {
            let reason = format!("{groups:?} groups, the adapter allows {limit} along an axis");
            return Err(GpuError::Shape { kernel: kernel.name, reason });
        }
        debug_assert_eq!(kernel.binds.len(), buffers.len() + 1, "{}: number of bindings", kernel.name);
        debug_assert_eq!(kernel.binds[0], Bind::Uniform, "{}: the uniform comes first", kernel.name);
        if groups.contains(&0) {
            return Ok(());
        }
        let pipeline = self.gpu.pipeline(kernel, constants);
        if self.is_rehearsal {
            return Ok(());
        }
        let (index, offset) = self.params.push(bytemuck::bytes_of(params));
        let group = self.gpu.bind_group(kernel, &pipeline, index, buffers);
        self.gpu.ledger.count(|counts| counts.dispatches += 1);
        self.time(Profiling::Dispatches, kernel.name, buffers.iter().map(|one| 4 * one.0.len() as u64).sum());
        let pass = self.open.get_or_insert_with(|| begin(&mut self.encoder, None));
        pass.set_pipeline(&pipeline.compute);
        pass.set_bind_group(0, &*group, &[offset]);
        pass.dispatch_workgroups(groups[0], groups[1], groups[2]);
        Ok(())
    }

    /// Records that a buffer becomes all zeros.
    pub fn clear(&mut self, buffer: &Buffer) {
        if self.is_rehearsal {
            return;
        }
        self.open = None;
        self.encoder.clear_buffer(buffer.raw(), buffer.offset(0), Some(4 * buffer.len() as u64));
    }

    /// Records that these words of a buffer go to another one, from its word `to_word` on.
    pub fn copy(&mut self, from: &Buffer, words: Range<usize>, to: &Buffer, to_word: usize) {
        if self.is_rehearsal {
            return;
        }
        self.open = None;
        let bytes = 4 * words.len() as u64;
        let (source, target) = (from.offset(words.start), to.offset(to_word));
        self.encoder.copy_buffer_to_buffer(from.raw(), source, to.raw(), target, bytes);
    }

    /// Sends the list off without waiting. Errors: whatever the device has reported so far.
    pub fn submit(mut self) -> Result<()> {
        if self.is_rehearsal {
            return self.gpu.check();
        }
        self.open = None;
        if let Some(profile) = self.gpu.profile.borrow_mut().as_mut() {
            profile.resolve(&mut self.encoder);
        }
        self.gpu.write_params(&self.params);
        self.gpu.send(self.encoder);
        self.gpu.check()
    }
}

/// Groups for one invocation per item, folded onto a second axis where one is too short. The shader computes its index
/// with `flat_index` of `shaders/common/index.wgsl`.
pub fn groups_1d(items: usize, workgroup: u32) -> [u32; 3] {
    let groups = items.div_ceil(workgroup as usize) as u32;
    let rows = groups.div_ceil(65_535).max(1);
    [groups.div_ceil(rows), rows, 1]
}

fn begin(
    encoder: &mut wgpu::CommandEncoder,
    timestamp_writes: Option<wgpu::ComputePassTimestampWrites<'_>>,
) -> wgpu::ComputePass<'static> {
    encoder
        .begin_compute_pass(&wgpu::ComputePassDescriptor { label: None, timestamp_writes })
        .forget_lifetime()
}

impl Gpu {
    /// Sends commands off.
    pub(crate) fn send(&self, encoder: wgpu::CommandEncoder) -> wgpu::SubmissionIndex {
        self.ledger.count(|counts| counts.submits += 1);
        let submission = self.queue.submit([encoder.finish()]);
        *self.last_submission.borrow_mut() = Some(submission.clone());
        submission
    }
}
