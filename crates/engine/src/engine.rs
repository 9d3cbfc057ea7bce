//! A model on a device, with the CPU behind it.

use std::rc::Rc;

use maskov_runtime::Observer;
use maskov_segment::{MethodSettings, Photo};
use maskov_weights::WeightSource;

use crate::device::cpu_takes_over;
use crate::{Device, DeviceChoice, Encoded, EngineError, Fidelity, Model, Network, Result, Session};

/// R on the CPU, where nothing else is asked for.
pub const CPU_RESOLUTION: usize = 32;

/// A model, loaded and ready for photos.
pub struct Engine {
    model: Model,
    source: Rc<dyn WeightSource>,
    choice: DeviceChoice,
    device: Device,
    network: Network,
    wanted_resolution: Option<usize>,
    note: Option<String>,
}

impl Engine {
    /// Loads a model. `resolution` is R; without one it is the settings' own on a GPU and [`CPU_RESOLUTION`] on a CPU.
    ///
    /// # Errors
    /// Those of the model. Those of the device only where the choice leaves no other.
    pub async fn open(
        source: Rc<dyn WeightSource>,
        choice: DeviceChoice,
        resolution: Option<usize>,
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let model = Model::of(&*source)?;
        let (mut device, mut note) = Device::open(choice).await?;
        let mut network = load(&device, &model, &*source, resolution, observer).await;
        if let Err(error) = &network
            && choice == DeviceChoice::Auto
            && device.is_gpu()
            && error.is_of_device()
        {
            note = Some(cpu_takes_over(error));
            device = Device::Cpu;
            network = load(&device, &model, &*source, resolution, observer).await;
        }
        Ok(Self { model, source, choice, device, network: network?, wanted_resolution: resolution, note })
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Why it computes on the CPU, where a GPU was hoped for.
    pub fn note(&self) -> Option<&str> {
        self.note.as_deref()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// Where the weights come from.
    pub fn source(&self) -> &dyn WeightSource {
        &*self.source
    }

    /// The network on its device.
    pub fn network(&self) -> &Network {
        &self.network
    }

    /// The method's constants with this model's temperature.
    pub fn method(&self) -> MethodSettings {
        MethodSettings { temperature: self.model.settings.temperature, ..MethodSettings::default() }
    }

    /// The attention map of a photo. A device that fails is left for the CPU where the choice allows it.
    ///
    /// # Errors
    /// Those of the network and the device; cancellation.
    pub async fn attention(&mut self, photo: &Photo<'_>, observer: &mut dyn Observer) -> Result<Encoded> {
        match self.network.encode(photo, observer).await {
            Err(error) if self.fall_back(&error, observer).await? => {
                self.network.encode(photo, observer).await
            }
            encoded => encoded,
        }
    }

    /// A photo, ready for points: its attention map, the transition matrix and the upsampling weights. `fidelity` is
    /// what suits the device where absent. `cancelled` is asked in the parts that the observer doesn't see.
    ///
    /// # Errors
    /// As [`Engine::attention`].
    pub async fn encode(
        &mut self,
        photo: Photo<'static>,
        fidelity: Option<Fidelity>,
        observer: &mut dyn Observer,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Session> {
        let encoded = self.attention(&photo, observer).await?;
        match self.session(encoded, photo.clone(), fidelity, cancelled).await {
            Err(error) if self.fall_back(&error, observer).await? => {
                let encoded = self.network.encode(&photo, observer).await?;
                self.session(encoded, photo, fidelity, cancelled).await
            }
            session => session,
        }
    }

    async fn session(
        &self,
        encoded: Encoded,
        photo: Photo<'static>,
        fidelity: Option<Fidelity>,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<Session> {
        let fidelity = fidelity.unwrap_or_else(|| Fidelity::of(&self.device));
        let mut session =
            Session::new(&self.device, encoded.attention, photo, self.method(), fidelity, cancelled).await?;
        session.encoded_in(encoded.resize_ms, encoded.network_ms, encoded.timings);
        Ok(session)
    }

    /// After an error of a session: whether the engine has moved to the CPU, so that encoding the photo again and asking
    /// for the same points will do.
    ///
    /// # Errors
    /// When the CPU can't load the model either.
    pub async fn fall_back(&mut self, error: &EngineError, observer: &mut dyn Observer) -> Result<bool> {
        if self.choice != DeviceChoice::Auto || !self.device.is_gpu() || !error.is_of_device() {
            return Ok(false);
        }
        let network =
            load(&Device::Cpu, &self.model, &*self.source, self.wanted_resolution, observer).await?;
        self.note = Some(cpu_takes_over(error));
        self.device = Device::Cpu;
        self.network = network;
        Ok(true)
    }
}

async fn load(
    device: &Device,
    model: &Model,
    source: &dyn WeightSource,
    resolution: Option<usize>,
    observer: &mut dyn Observer,
) -> Result<Network> {
    let own = model.settings.resolution;
    let resolution = resolution.unwrap_or(if device.is_gpu() { own } else { own.min(CPU_RESOLUTION) });
    Network::load(device, model, source, resolution, observer).await
}
