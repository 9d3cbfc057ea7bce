//! How much a device is asked for, and what comes after a failure.

use crate::{Device, DeviceChoice, EngineError, Fidelity};

/// R on the CPU, where nothing else is asked for, and at most on a GPU whose memory is short.
pub const CPU_RESOLUTION: usize = 32;

/// How much is asked of which kind of device. An engine only ever goes down this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// A GPU and what suits it.
    Full,
    /// A GPU whose memory is short: R of 32 at most, a quarter of a megapixel, upsampling weights that are not kept.
    Small,
    /// The CPU.
    Cpu,
}

impl Plan {
    /// The plan to go on with after an error; `None` where that would not help or the choice forbids it.
    ///
    /// Where memory is short it is the next one. Any other failure of the device leaves the CPU, but for a lost device,
    /// which wants to be opened again: [`Engine::reopen`](crate::Engine::reopen).
    pub fn after(self, error: &EngineError, choice: DeviceChoice) -> Option<Self> {
        if !error.is_of_device() || error.code() == "device-lost" {
            return None;
        }
        let memory_is_short = matches!(error.code(), "out-of-memory" | "buffer-too-large");
        match self {
            Self::Full if memory_is_short => Some(Self::Small),
            Self::Full | Self::Small if choice.allows_cpu() => Some(Self::Cpu),
            _ => None,
        }
    }

    /// R, from the model settings' own and the one that is asked for.
    pub(crate) fn resolution(
        self,
        own: usize,
        wanted: Option<usize>,
        device: &Device,
        choice: DeviceChoice,
    ) -> usize {
        match self {
            // An adapter that stands in for the CPU is about as fast.
            Self::Full if device.is_software() && choice.allows_cpu() => {
                wanted.unwrap_or(own.min(CPU_RESOLUTION))
            }
            Self::Full => wanted.unwrap_or(own),
            Self::Small => wanted.unwrap_or(own).min(CPU_RESOLUTION),
            Self::Cpu => wanted.unwrap_or(own.min(CPU_RESOLUTION)),
        }
    }

    pub(crate) fn fidelity(self, device: &Device) -> Fidelity {
        match self {
            Self::Small => Fidelity::SMALL,
            Self::Full | Self::Cpu => Fidelity::of(device),
        }
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::GpuError;
    use maskov_runtime::RuntimeError;
    use maskov_segment::SegmentError;

    use super::*;

    const CHOICES: [DeviceChoice; 3] =
        [DeviceChoice::Auto, DeviceChoice::AutoWithSoftware, DeviceChoice::Gpu];

    fn full() -> GpuError {
        GpuError::OutOfMemory { bytes: 1 << 30 }
    }

    fn too_large() -> GpuError {
        GpuError::BufferTooLarge { what: "A".into(), bytes: 1 << 30, limit: 1 << 27 }
    }

    #[test]
    fn short_memory_steps_down_wherever_it_shows() {
        let errors: [EngineError; 4] = [
            full().into(),
            too_large().into(),
            RuntimeError::Gpu(full()).into(),
            SegmentError::Device(Box::new(too_large())).into(),
        ];
        for error in errors {
            for choice in CHOICES {
                let on_cpu = choice.allows_cpu().then_some(Plan::Cpu);
                assert_eq!(Plan::Full.after(&error, choice), Some(Plan::Small), "{choice:?}: {error}");
                assert_eq!(Plan::Small.after(&error, choice), on_cpu, "{choice:?}: {error}");
                assert_eq!(Plan::Cpu.after(&error, choice), None, "{choice:?}: {error}");
            }
        }
        assert_eq!(Plan::Small.after(&full().into(), DeviceChoice::Gpu), None, "the error is the end");
    }

    #[test]
    fn other_failures_leave_the_device_and_a_lost_one_is_no_step_down() {
        let refused: EngineError = GpuError::Refused("a shader".into()).into();
        let lost: EngineError = RuntimeError::Gpu(GpuError::DeviceLost("unplugged".into())).into();
        let outside = SegmentError::PointOutside { x: 9, y: 0, width: 9, height: 9 }.into();
        let cancelled = SegmentError::Cancelled.into();
        for choice in CHOICES {
            let on_cpu = choice.allows_cpu().then_some(Plan::Cpu);
            for plan in [Plan::Full, Plan::Small] {
                assert_eq!(plan.after(&refused, choice), on_cpu);
                for error in [&lost, &outside, &cancelled] {
                    assert_eq!(plan.after(error, choice), None, "{error}");
                }
            }
        }
    }

    #[test]
    fn a_small_plan_has_a_small_r_and_keeps_few_weights() {
        let cpu = Device::Cpu;
        let resolution = |plan: Plan, wanted| plan.resolution(64, wanted, &cpu, DeviceChoice::Auto);
        assert_eq!(resolution(Plan::Full, None), 64);
        assert_eq!(resolution(Plan::Small, None), 32);
        assert_eq!(resolution(Plan::Small, Some(48)), 32);
        assert_eq!(resolution(Plan::Small, Some(16)), 16);
        assert_eq!(resolution(Plan::Cpu, None), 32);
        assert_eq!(resolution(Plan::Cpu, Some(48)), 48);
        let method = Plan::Small.fidelity(&cpu).method(maskov_segment::MethodSettings::default());
        assert_eq!(method.kept_weight_bytes, 4 << 20);
        assert_eq!(method.samples_per_cell, Fidelity::CPU.samples_per_cell);
        let kept = Fidelity::CPU.method(maskov_segment::MethodSettings::default()).kept_weight_bytes;
        assert_eq!(kept, 256 << 20, "where nothing else is said");
    }
}
