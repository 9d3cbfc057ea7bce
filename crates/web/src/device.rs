//! Where an engine computes, in words for people and for programs.

use maskov_engine::{DeviceChoice, Engine, Model, Trial, try_adapter};
use maskov_weights::WeightSource;
use serde::{Deserialize, Serialize};

use crate::adapter::adapter_name;
use crate::error::Failure;
use crate::options::DeviceWish;

/// What the engine calls an adapter without a name.
const UNNAMED: &str = "unnamed adapter";

/// `Device` in types.rs.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeviceDescription {
    kind: &'static str,
    name: String,
    software: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_code: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
}

/// `Verdict` in types.rs: what came of an adapter's trial.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Verdict {
    adapter: String,
    is_software: bool,
    is_right: bool,
    is_faster: bool,
}

impl Verdict {
    fn of(adapter: String, Trial { is_software, is_right, is_faster }: Trial) -> Self {
        Self { adapter, is_software, is_right, is_faster }
    }

    /// What to compute on.
    fn choice(&self) -> DeviceChoice {
        match (self.is_right, self.is_software, self.is_faster) {
            (true, true, true) => DeviceChoice::AutoWithSoftware,
            // A slow one in software is no adapter to the engine, which says so.
            (true, true, false) | (true, false, true) => DeviceChoice::Auto,
            (true, false, false) | (false, _, _) => DeviceChoice::Cpu,
        }
    }

    /// Why it is not the adapter, where that is so.
    fn reason(&self) -> Option<(&'static str, String)> {
        if self.choice() != DeviceChoice::Cpu {
            return None;
        }
        let adapter = &self.adapter;
        Some(match self.is_right {
            false => {
                ("adapter-wrong", format!("{adapter} computes wrongly in this browser: computing on the CPU"))
            }
            true => ("adapter-slow", format!("{adapter} is slower than the CPU here: computing on the CPU")),
        })
    }
}

impl DeviceDescription {
    /// `adapter` is what to call one that does not name itself, `verdict` that of [`choose`].
    pub fn of(engine: &Engine, adapter: Option<&String>, verdict: Option<&Verdict>) -> Self {
        let (kind, name) = match engine.device() {
            maskov_engine::Device::Gpu(gpu) => {
                let own = Some(&gpu.caps().name).filter(|name| *name != UNNAMED);
                ("gpu", own.or(adapter).map_or("graphics card", String::as_str).to_owned())
            }
            maskov_engine::Device::Cpu => ("cpu", "CPU".to_owned()),
        };
        let of_engine = engine.reason().map(|reason| (reason.code, reason.sentence.clone()));
        let (reason_code, reason) = of_engine.or_else(|| verdict?.reason()).unzip();
        let software = engine.device().is_software();
        Self { kind, name, software, reason, reason_code, verdict: verdict.cloned() }
    }
}

/// The engine's choice for a wish. The best adapter is tried with the first layers of the model, unless it has been: then
/// `earlier` is the verdict.
///
/// # Errors
/// Those of the model.
pub(crate) async fn choose(
    wish: DeviceWish,
    earlier: Option<&Verdict>,
    source: &dyn WeightSource,
) -> Result<(DeviceChoice, Option<Verdict>), Failure> {
    match wish {
        DeviceWish::Gpu => return Ok((DeviceChoice::Gpu, None)),
        DeviceWish::Cpu => return Ok((DeviceChoice::Cpu, None)),
        DeviceWish::Auto => {}
    }
    let Some(adapter) = adapter_name().await else { return Ok((DeviceChoice::Auto, None)) };
    let verdict = match earlier.filter(|verdict| verdict.adapter == adapter) {
        Some(verdict) => Some(verdict.clone()),
        None => {
            let trial = try_adapter(&Model::of(source)?, source).await?;
            trial.map(|trial| Verdict::of(adapter, trial))
        }
    };
    Ok((verdict.as_ref().map_or(DeviceChoice::Auto, Verdict::choice), verdict))
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[wasm_bindgen_test(unsupported = test)]
    fn an_adapter_that_is_wrong_or_slow_is_left_with_a_reason() {
        let verdict = |is_software, is_right, is_faster| {
            Verdict::of("Acme graphics".to_owned(), Trial { is_software, is_right, is_faster })
        };
        let of = |verdict: Verdict| (verdict.choice(), verdict.reason().map(|(code, _)| code));
        assert_eq!(of(verdict(false, true, true)), (DeviceChoice::Auto, None));
        assert_eq!(of(verdict(true, true, true)), (DeviceChoice::AutoWithSoftware, None));
        assert_eq!(of(verdict(true, true, false)), (DeviceChoice::Auto, None), "the engine says why");
        assert_eq!(of(verdict(false, true, false)), (DeviceChoice::Cpu, Some("adapter-slow")));
        assert_eq!(of(verdict(false, false, true)), (DeviceChoice::Cpu, Some("adapter-wrong")));
        assert_eq!(of(verdict(true, false, true)), (DeviceChoice::Cpu, Some("adapter-wrong")));
        assert!(verdict(false, false, true).reason().unwrap().1.contains("Acme graphics computes wrongly"));
    }
}
