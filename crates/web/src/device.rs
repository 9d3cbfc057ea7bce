//! Where an engine computes, in words for people and for programs.

use maskov_engine::{DeviceChoice, Engine, software_is_faster};
use serde::Serialize;

use crate::options::DeviceWish;

/// What the engine calls an adapter without a name.
const UNNAMED: &str = "unnamed adapter";

/// `Device` in types.rs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Device {
    kind: &'static str,
    name: String,
    software: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    software_is_faster: Option<bool>,
}

impl Device {
    /// `adapter` is what to call one that does not name itself, `verdict` that of [`choose`].
    pub fn of(engine: &Engine, adapter: Option<&String>, verdict: Option<bool>) -> Self {
        let (kind, name) = match engine.device() {
            maskov_engine::Device::Gpu(gpu) => {
                let own = Some(&gpu.caps().name).filter(|name| *name != UNNAMED);
                ("gpu", own.or(adapter).map_or("graphics card", String::as_str).to_owned())
            }
            maskov_engine::Device::Cpu => ("cpu", "CPU".to_owned()),
        };
        Self {
            kind,
            name,
            software: engine.device().is_software(),
            reason: engine.reason().map(|reason| reason.sentence.clone()),
            reason_code: engine.reason().map(|reason| reason.code),
            software_is_faster: verdict,
        }
    }
}

/// The engine's choice for a wish, and whether a software adapter is faster than the CPU executor where that is known: an
/// earlier verdict, else measured where the best adapter is a software one.
pub(crate) async fn choose(wish: DeviceWish, verdict: Option<bool>) -> (DeviceChoice, Option<bool>) {
    match wish {
        DeviceWish::Gpu => (DeviceChoice::Gpu, verdict),
        DeviceWish::Cpu => (DeviceChoice::Cpu, verdict),
        DeviceWish::Auto => {
            let verdict = match verdict {
                Some(verdict) => Some(verdict),
                None => software_is_faster().await,
            };
            let is_faster = verdict == Some(true);
            (if is_faster { DeviceChoice::AutoWithSoftware } else { DeviceChoice::Auto }, verdict)
        }
    }
}
