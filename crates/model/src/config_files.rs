//! The config files of a model, as JSON.

use std::collections::BTreeMap;

use serde_json::Value;

/// What a checkpoint or a pack says about itself.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConfigFiles {
    /// `config.json` by component: `unet`, `vae`, and so on; `model` where a folder holds a single one.
    pub components: BTreeMap<String, Value>,
    /// `settings.json`: how the model is used here.
    pub settings: Option<Value>,
}

impl ConfigFiles {
    /// The config of that component.
    pub fn get(&self, component: &str) -> Option<&Value> {
        self.components.get(component)
    }

    /// The settings, where there are some.
    pub fn settings(&self) -> Option<&Value> {
        self.settings.as_ref().filter(|settings| !settings.is_null())
    }
}
