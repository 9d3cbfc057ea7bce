//! What the adapter is and what it allows.

use crate::{GpuError, Result};

/// WebGPU's default for `maxStorageBufferBindingSize`; nothing of ours binds more at once.
pub const MAX_BINDING_BYTES: u64 = 128 << 20;

/// An adapter's name, limits and features, as far as the engine cares.
#[derive(Clone, Debug, PartialEq)]
pub struct Caps {
    /// The adapter's own name.
    pub name: String,
    /// Vulkan, Metal, Dx12 or BrowserWebGpu.
    pub backend: String,
    /// Driver name and version, where they are told.
    pub driver: String,
    /// Whether it is a software renderer: slower than the CPU executor, and good for tests.
    pub software: bool,
    /// Largest storage binding that is used, in bytes (never above 128 MiB).
    pub max_binding_bytes: u64,
    /// Largest buffer, in bytes.
    pub max_buffer_bytes: u64,
    /// Workgroup memory, in bytes.
    pub max_workgroup_bytes: u32,
    /// Invocations per workgroup.
    pub max_invocations: u32,
    /// Storage buffers per shader.
    pub max_storage_buffers: u32,
    /// Groups along one axis of a dispatch.
    pub max_groups: u32,
    /// Whether passes can be timed.
    pub timestamps: bool,
    /// Whether shaders may compute in f16.
    pub shader_f16: bool,
}

impl Caps {
    pub(crate) fn of(adapter: &wgpu::Adapter) -> Self {
        let (about, limits, features) = (adapter.get_info(), adapter.limits(), adapter.features());
        let driver = format!("{} {}", about.driver, about.driver_info);
        Self {
            software: is_software(&about),
            name: if about.name.is_empty() { "unnamed adapter".into() } else { about.name },
            backend: format!("{:?}", about.backend),
            driver: driver.trim().to_owned(),
            max_binding_bytes: limits.max_storage_buffer_binding_size.min(MAX_BINDING_BYTES),
            max_buffer_bytes: limits.max_buffer_size,
            max_workgroup_bytes: limits.max_compute_workgroup_storage_size,
            max_invocations: limits.max_compute_invocations_per_workgroup,
            max_storage_buffers: limits.max_storage_buffers_per_shader_stage,
            max_groups: limits.max_compute_workgroups_per_dimension,
            timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
            shader_f16: features.contains(wgpu::Features::SHADER_F16),
        }
    }

    /// Checks the limits against what the kernels are written for: WebGPU's defaults, which every conforming adapter
    /// has. Errors with the first that falls short.
    pub fn check(&self) -> Result<()> {
        let needs: [(&'static str, u64, u64); 6] = [
            ("maxStorageBufferBindingSize", self.max_binding_bytes, MAX_BINDING_BYTES),
            ("maxBufferSize", self.max_buffer_bytes, 2 * MAX_BINDING_BYTES),
            ("maxComputeWorkgroupStorageSize", u64::from(self.max_workgroup_bytes), 16 << 10),
            ("maxComputeInvocationsPerWorkgroup", u64::from(self.max_invocations), 256),
            ("maxStorageBuffersPerShaderStage", u64::from(self.max_storage_buffers), 8),
            ("maxComputeWorkgroupsPerDimension", u64::from(self.max_groups), 65_535),
        ];
        match needs.into_iter().find(|(_, has, needs)| has < needs) {
            None => Ok(()),
            Some((name, has, needs)) => {
                Err(GpuError::LimitTooSmall { adapter: self.name.clone(), name, has, needs })
            }
        }
    }
}

/// Browsers hide the device type, so the well-known names of software renderers count as well.
fn is_software(about: &wgpu::AdapterInfo) -> bool {
    let text = format!("{} {} {}", about.name, about.driver, about.driver_info).to_lowercase();
    about.device_type == wgpu::DeviceType::Cpu
        || ["swiftshader", "llvmpipe", "lavapipe", "software", "microsoft basic render"]
            .iter()
            .any(|name| text.contains(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn defaults() -> Caps {
        Caps {
            name: "test".into(),
            backend: "Vulkan".into(),
            driver: String::new(),
            software: false,
            max_binding_bytes: MAX_BINDING_BYTES,
            max_buffer_bytes: 256 << 20,
            max_workgroup_bytes: 16 << 10,
            max_invocations: 256,
            max_storage_buffers: 8,
            max_groups: 65_535,
            timestamps: false,
            shader_f16: false,
        }
    }

    #[test]
    fn webgpu_defaults_suffice() {
        assert_eq!(defaults().check(), Ok(()));
    }

    #[test]
    fn a_small_limit_is_named() {
        let small = Caps { max_workgroup_bytes: 8 << 10, ..defaults() };
        let error = small.check().expect_err("8 KiB of workgroup memory must not pass");
        assert!(error.to_string().contains("maxComputeWorkgroupStorageSize"), "{error}");
        assert_eq!(error.code(), "adapter-too-small");
    }
}
