//! Adapter, device and queue.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use crate::bindings::Bindings;
use crate::counts::Ledger;
use crate::kernel::Pipeline;
use crate::memory::Memory;
use crate::pace::Rates;
use crate::profile::{Profile, Profiling};
use crate::{Caps, GpuError, Kernel, Result};

/// Which adapters are acceptable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AdapterChoice {
    /// A hardware adapter only: software renderers are slower than the CPU executor.
    Hardware,
    /// Any adapter, hardware preferred: the tests run the kernels on software.
    Any,
}

/// A device that is ready to work, with its compiled kernels.
pub struct Gpu {
    pub(crate) device: wgpu::Device,
    pub(crate) queue: wgpu::Queue,
    pub(crate) pipelines: RefCell<HashMap<String, Rc<Pipeline>>>,
    pub(crate) bindings: RefCell<Bindings>,
    pub(crate) memory: Rc<Memory>,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) profile: RefCell<Option<Profile>>,
    pub(crate) profiling: Cell<Profiling>,
    caps: Caps,
    pub(crate) rates: Rates,
    pub(crate) works_as_hardware: Cell<bool>,
    pub(crate) last_submission: RefCell<Option<wgpu::SubmissionIndex>>,
    /// The first asynchronous error: wgpu reports those apart from the call that caused them.
    failure: Arc<Mutex<Option<GpuError>>>,
}

impl Gpu {
    /// Opens the best adapter of the wanted kind. Errors: [`GpuError::Unavailable`], [`GpuError::LimitTooSmall`].
    pub async fn open(choice: AdapterChoice) -> Result<Self> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor {
            backends: wgpu::Backends::PRIMARY,
            ..wgpu::InstanceDescriptor::new_without_display_handle()
        });
        let wanted = if choice == AdapterChoice::Hardware { "hardware" } else { "usable" };
        let adapter = instance
            .request_adapter(&wgpu::RequestAdapterOptions {
                power_preference: wgpu::PowerPreference::HighPerformance,
                ..Default::default()
            })
            .await
            .map_err(|error| GpuError::Unavailable { wanted, reason: error.to_string() })?;
        let caps = Caps::of(&adapter);
        if choice == AdapterChoice::Hardware && caps.software {
            let reason = format!("{} is a software renderer", caps.name);
            return Err(GpuError::Unavailable { wanted, reason });
        }
        caps.check()?;
        Self::from_adapter(&adapter, caps).await
    }

    async fn from_adapter(adapter: &wgpu::Adapter, caps: Caps) -> Result<Self> {
        let mut wanted_features = wgpu::Features::empty();
        wanted_features.set(wgpu::Features::TIMESTAMP_QUERY, caps.timestamps);
        wanted_features.set(wgpu::Features::SHADER_F16, caps.shader_f16);
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                label: Some("maskov"),
                required_features: wanted_features,
                required_limits: wgpu::Limits::default(),
                ..Default::default()
            })
            .await
            .map_err(|error| GpuError::Unavailable { wanted: "usable", reason: error.to_string() })?;
        let (ledger, failure) = (Arc::new(Ledger::default()), Arc::new(Mutex::new(None)));
        listen_for_failures(&device, &ledger, &failure);
        Ok(Self {
            device,
            queue,
            pipelines: RefCell::default(),
            bindings: RefCell::default(),
            memory: Rc::new(Memory::new(ledger.clone())),
            ledger,
            profile: RefCell::default(),
            profiling: Cell::default(),
            rates: Rates::new(caps.software),
            works_as_hardware: Cell::new(false),
            last_submission: RefCell::default(),
            caps,
            failure,
        })
    }

    /// The adapter's name, limits and features.
    pub fn caps(&self) -> &Caps {
        &self.caps
    }

    /// The first error that the device reported since it was opened.
    pub fn check(&self) -> Result<()> {
        self.failure.lock().expect("no panic while an error is stored").clone().map_or(Ok(()), Err)
    }

    /// Gives the device back at once; every later use reports [`GpuError::DeviceLost`].
    pub fn destroy(&self) {
        self.device.destroy();
        store(&self.failure, GpuError::DeviceLost("the device was destroyed".into()));
    }

    /// Compiles a kernel with the `override` values of its dispatches, before the first of them has to wait for it.
    pub fn compile(&self, kernel: &Kernel, constants: &[(&str, f64)]) {
        self.pipeline(kernel, constants);
    }

    /// Compiles the kernel with these constants unless that has been done.
    pub(crate) fn pipeline(&self, kernel: &Kernel, constants: &[(&str, f64)]) -> Rc<Pipeline> {
        let key = format!("{}{constants:?}", kernel.name);
        if let Some(pipeline) = self.pipelines.borrow().get(&key) {
            return pipeline.clone();
        }
        self.ledger.count(|counts| {
            counts.objects += 1;
            counts.pipelines += 1;
        });
        let pipeline = Rc::new(kernel.compile(&self.device, constants));
        self.pipelines.borrow_mut().insert(key, pipeline.clone());
        pipeline
    }
}

fn store(failure: &Mutex<Option<GpuError>>, error: GpuError) {
    failure.lock().expect("no panic while an error is stored").get_or_insert(error);
}

fn listen_for_failures(device: &wgpu::Device, ledger: &Arc<Ledger>, failure: &Arc<Mutex<Option<GpuError>>>) {
    let (ledger, refused) = (ledger.clone(), failure.clone());
    device.on_uncaptured_error(Arc::new(move |error| {
        let error = match error {
            wgpu::Error::OutOfMemory { .. } => GpuError::OutOfMemory { bytes: ledger.counts().device_bytes },
            wgpu::Error::Validation { description, .. } | wgpu::Error::Internal { description, .. } => {
                GpuError::Refused(description)
            }
        };
        store(&refused, error);
    }));
    let lost = failure.clone();
    device.set_device_lost_callback(move |_, message| store(&lost, GpuError::DeviceLost(message)));
}
