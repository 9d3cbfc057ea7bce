//! A model on a device, with less of it and the CPU behind it.

use std::rc::Rc;

use maskov_runtime::Observer;
use maskov_segment::{MethodName, MethodSettings, RgbImage};
use maskov_weights::WeightSource;

use crate::{
    Device, DeviceChoice, Encoded, EngineError, Fidelity, Model, Network, Plan, Reason, Result, Session,
};

/// A model, loaded and ready for photos.
pub struct Engine {
    recipe: Recipe,
    running: Running,
}

/// What an engine is made of, whatever happens to its device.
struct Recipe {
    model: Model,
    source: Rc<dyn WeightSource>,
    choice: DeviceChoice,
    resolution: Option<usize>,
}

/// What was made of it.
struct Running {
    plan: Plan,
    device: Device,
    network: Network,
    reason: Option<Reason>,
}

impl Engine {
    /// Loads a model. `resolution` is R; without one it is the settings' own on a GPU and
    /// [`CPU_RESOLUTION`](crate::CPU_RESOLUTION) on a CPU. The plan is the first one that the device has room for.
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
        let recipe = Recipe { model, source, choice, resolution };
        let first = if choice == DeviceChoice::Cpu { Plan::Cpu } else { Plan::Full };
        let running = match recipe.start(first, None, observer).await {
            Err(error) if recipe.may_leave(first, &error) => {
                recipe.start(Plan::Cpu, Some(Reason::new(&error, Plan::Cpu)), observer).await?
            }
            started => started?,
        };
        Ok(Self { recipe, running })
    }

    /// Where it computes.
    pub fn device(&self) -> &Device {
        &self.running.device
    }

    /// How much it asks of the device.
    pub fn plan(&self) -> Plan {
        self.running.plan
    }

    /// Why it computes on the CPU where a GPU was hoped for, or on a smaller plan: a sentence.
    pub fn note(&self) -> Option<&str> {
        self.reason().map(|reason| reason.sentence.as_str())
    }

    /// The same with its code.
    pub fn reason(&self) -> Option<&Reason> {
        self.running.reason.as_ref()
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.recipe.model
    }

    /// Where the weights come from.
    pub fn source(&self) -> &dyn WeightSource {
        &*self.recipe.source
    }

    /// The network on its device.
    pub fn network(&self) -> &Network {
        &self.running.network
    }

    /// How maps become masks, with this model's constants.
    pub fn method(&self) -> MethodSettings {
        self.model().method.settings(self.model().settings().temperature)
    }

    /// Takes another method than the model's settings name, for photos that are read from here on.
    pub fn set_method(&mut self, name: MethodName) {
        self.recipe.model.method = name.of(&self.recipe.model.method);
        self.device().compile(&self.recipe.model.method);
    }

    /// The attention map of a photo. A device without room is asked for less, and one that fails is left for the CPU,
    /// where the choice allows it.
    ///
    /// # Errors
    /// Those of the network and the device; cancellation.
    pub async fn attention(&mut self, photo: &RgbImage<'_>, observer: &mut dyn Observer) -> Result<Encoded> {
        loop {
            match self.network().encode(photo, observer).await {
                Err(error) if self.recover(&error, observer).await? => {}
                encoded => return encoded,
            }
        }
    }

    /// A photo, ready for points: its attention map, the transition matrix and the upsampling weights. `fidelity` is
    /// what suits device and plan where absent. `cancelled` is asked in the parts that the observer doesn't see. Failures
    /// of the device are dealt with as in [`Engine::attention`].
    ///
    /// # Errors
    /// As [`Engine::attention`].
    pub async fn encode(
        &mut self,
        photo: RgbImage<'static>,
        fidelity: Option<Fidelity>,
        observer: &mut dyn Observer,
    ) -> Result<Session> {
        loop {
            match self.encode_once(photo.clone(), fidelity, observer).await {
                Err(error) if self.recover(&error, observer).await? => {}
                session => return session,
            }
        }
    }

    /// [`Engine::encode`] without a second try: for those who tell somebody before they call [`Engine::fall_back`] or
    /// [`Engine::reopen`] and this again.
    ///
    /// # Errors
    /// Those of the network and the device; cancellation.
    pub async fn encode_once(
        &self,
        photo: RgbImage<'static>,
        fidelity: Option<Fidelity>,
        observer: &mut dyn Observer,
    ) -> Result<Session> {
        let encoded = self.network().encode(&photo, observer).await?;
        let fidelity = fidelity.unwrap_or_else(|| self.plan().fidelity(self.device()));
        let mut session =
            Session::new(self.device(), encoded.attention, photo, self.method(), fidelity, observer).await?;
        session.encoded_in(encoded.resize_ms, encoded.network_ms, encoded.timings);
        Ok(session)
    }

    /// The plan that [`Engine::fall_back`] would move to after this error, if any.
    pub fn next_plan(&self, error: &EngineError) -> Option<Plan> {
        self.plan().after(error, self.recipe.choice)
    }

    /// After an error, of a session too: moves to the next plan where there is one ([`Plan::after`]), the device opened
    /// anew or left for the CPU, and returns where it ended. Encoding the photo again and asking for the same points will
    /// then do. `None` where the error stands. Sessions of before are of no more use.
    ///
    /// # Errors
    /// When nothing can be loaded on the next plan or those behind it; cancellation.
    pub async fn fall_back(
        &mut self,
        error: &EngineError,
        observer: &mut dyn Observer,
    ) -> Result<Option<Plan>> {
        let Some(next) = self.next_plan(error) else { return Ok(None) };
        self.restart(next, Some(Reason::new(error, next)), observer).await?;
        Ok(Some(self.plan()))
    }

    /// [`Engine::fall_back`] for those who do not open a lost device again: it too is left for the CPU where the choice
    /// allows it. Whether the engine has moved.
    ///
    /// # Errors
    /// As [`Engine::fall_back`].
    pub async fn recover(&mut self, error: &EngineError, observer: &mut dyn Observer) -> Result<bool> {
        let moved = self.fall_back(error, observer).await?.is_some();
        let may_leave = !moved && self.recipe.may_leave(self.plan(), error);
        if may_leave {
            self.restart(Plan::Cpu, Some(Reason::new(error, Plan::Cpu)), observer).await?;
        }
        Ok(moved || may_leave)
    }

    /// Makes device and network anew, with the same choice and plan: after a device was lost. Sessions of before are of
    /// no more use.
    ///
    /// # Errors
    /// As [`Engine::open`]; a device that is lost again; cancellation. It may be tried again after any of them.
    pub async fn reopen(&mut self, observer: &mut dyn Observer) -> Result<()> {
        self.restart(self.plan(), self.running.reason.clone(), observer).await
    }

    async fn restart(
        &mut self,
        plan: Plan,
        reason: Option<Reason>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        if let Device::Gpu(gpu) = self.device() {
            // Its memory first, whoever still holds a part of it: the new device may need all there is.
            gpu.destroy();
        }
        (self.running.plan, self.running.reason) = (plan, reason.clone());
        self.running = self.recipe.start(plan, reason, observer).await?;
        Ok(())
    }
}

impl Recipe {
    /// Opens the plan's device and loads the network, on the first plan from this one on that has room for it.
    async fn start(
        &self,
        mut plan: Plan,
        mut reason: Option<Reason>,
        observer: &mut dyn Observer,
    ) -> Result<Running> {
        loop {
            let choice = if plan == Plan::Cpu { DeviceChoice::Cpu } else { self.choice };
            let (device, why_cpu) = Device::open(choice).await?;
            if !device.is_gpu() {
                plan = Plan::Cpu;
            }
            reason = why_cpu.or(reason);
            let resolution =
                plan.resolution(self.model.settings().resolution, self.resolution, &device, self.choice);
            device.compile(&self.model.method);
            match Network::load(&device, &self.model, &*self.source, resolution, observer).await {
                Ok(network) => return Ok(Running { plan, device, network, reason }),
                Err(error) => {
                    let Some(next) = plan.after(&error, self.choice) else { return Err(error) };
                    (plan, reason) = (next, Some(Reason::new(&error, next)));
                }
            }
        }
    }

    /// Whether the CPU may do better than the plan's device after this error.
    fn may_leave(&self, plan: Plan, error: &EngineError) -> bool {
        plan != Plan::Cpu && self.choice.allows_cpu() && error.is_of_device()
    }
}
