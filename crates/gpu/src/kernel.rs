//! One compute shader and how it is bound.

/// What a binding is; bindings count from 0 in group 0, in the order of [`Kernel::binds`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bind {
    /// The kernel's `Params`.
    Uniform,
    /// A storage buffer that is only read.
    Read,
    /// A storage buffer that is written.
    ReadWrite,
}

/// A compute shader with one entry point, `main`.
#[derive(Debug)]
pub struct Kernel {
    /// The stem of its file in `shaders/`.
    pub name: &'static str,
    /// The whole WGSL text: helpers from `shaders/common`, then the kernel's own file.
    pub wgsl: &'static str,
    /// Its bindings in order.
    pub binds: &'static [Bind],
    /// The workgroup size that the file declares.
    pub workgroup: [u32; 3],
}

/// A kernel with its constants, compiled.
pub(crate) struct Pipeline {
    pub(crate) compute: wgpu::ComputePipeline,
    pub(crate) bindings: wgpu::BindGroupLayout,
}

impl Kernel {
    pub(crate) fn compile(&self, device: &wgpu::Device, constants: &[(&str, f64)]) -> Pipeline {
        let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(self.name),
            source: wgpu::ShaderSource::Wgsl(self.wgsl.into()),
        });
        let entries: Vec<_> =
            self.binds.iter().enumerate().map(|(i, bind)| layout_entry(i as u32, *bind)).collect();
        let bindings = device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(self.name),
            entries: &entries,
        });
        let layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(self.name),
            bind_group_layouts: &[Some(&bindings)],
            immediate_size: 0,
        });
        let compute = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(self.name),
            layout: Some(&layout),
            module: &module,
            entry_point: Some("main"),
            // Every kernel writes its workgroup memory before it reads it.
            compilation_options: wgpu::PipelineCompilationOptions {
                constants,
                zero_initialize_workgroup_memory: false,
            },
            cache: None,
        });
        Pipeline { compute, bindings }
    }
}

fn layout_entry(binding: u32, bind: Bind) -> wgpu::BindGroupLayoutEntry {
    let ty = match bind {
        Bind::Uniform => wgpu::BufferBindingType::Uniform,
        Bind::Read => wgpu::BufferBindingType::Storage { read_only: true },
        Bind::ReadWrite => wgpu::BufferBindingType::Storage { read_only: false },
    };
    // All parameters of a pass lie one behind the other in the same buffer.
    let has_dynamic_offset = bind == Bind::Uniform;
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset, min_binding_size: None },
        count: None,
    }
}
