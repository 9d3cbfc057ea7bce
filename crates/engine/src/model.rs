//! What a model is, read from its pack or checkpoint.

use maskov_graph::Graph;
use maskov_model::{
    Architecture, ConfigFiles, Constant, ConstantValues, ModelError, ModelGraph, Probes, Settings,
};
use maskov_runtime::{CpuExecutor, Executor, Observer};
use maskov_segment::Method;
use maskov_weights::WeightSource;

use crate::{Result, families};

/// A model's configs and settings.
#[derive(Debug)]
pub struct Model {
    architecture: Box<dyn Architecture>,
    /// How its maps become masks: what the settings say, else the paper's, for a model whose masks nobody measured.
    pub method: Method,
}

impl Model {
    /// Reads what a pack or checkpoint says about itself. A checkpoint without `settings.json` gets the paper's settings.
    ///
    /// # Errors
    /// When there is no network, or a config is not one that runs here.
    pub fn of(source: &dyn WeightSource) -> Result<Self> {
        Self::read(&families::config_files(source))
    }

    /// Reads a model's config files.
    ///
    /// # Errors
    /// As [`Model::of`]; when the settings name a method that is not one, or constants beside their ranges.
    pub fn read(files: &ConfigFiles) -> Result<Self> {
        let architecture = families::read(files)?;
        let method = method_of(architecture.settings())?;
        Ok(Self { architecture, method })
    }

    /// How its image is read and which layers make the map.
    pub fn settings(&self) -> &Settings {
        self.architecture.settings()
    }

    /// What its family knows of it.
    pub fn architecture(&self) -> &dyn Architecture {
        &*self.architecture
    }

    /// The same, to be changed.
    pub fn architecture_mut(&mut self) -> &mut dyn Architecture {
        &mut *self.architecture
    }

    /// The list from a photo to the attention map at that R.
    ///
    /// # Errors
    /// When R does not fit the model.
    pub fn graph(&self, resolution: usize) -> Result<ModelGraph, ModelError> {
        self.architecture.attention_graph(resolution)
    }

    /// The whole list, for verification.
    ///
    /// # Errors
    /// When R does not fit the model.
    pub fn verification_graph(&self, resolution: usize, probes: Probes) -> Result<Graph, ModelError> {
        self.architecture.verification_graph(resolution, probes)
    }

    /// The values of the list's constant inputs, by their names: read, or computed once.
    ///
    /// # Errors
    /// When the model has nothing to compute them from; those of reading weights.
    pub async fn constants(
        &self,
        source: &dyn WeightSource,
        observer: &mut dyn Observer,
    ) -> Result<Vec<(&'static str, Vec<f32>)>> {
        let mut values = Vec::new();
        for constant in self.architecture.constants()? {
            let name = constant.name;
            values.push((name, constant_values(constant, source, observer).await?));
        }
        Ok(values)
    }
}

async fn constant_values(
    constant: Constant,
    source: &dyn WeightSource,
    observer: &mut dyn Observer,
) -> Result<Vec<f32>> {
    match constant.values {
        ConstantValues::Zeros => Ok(vec![0.0; constant.shape.len()]),
        ConstantValues::Stored(_) if source.info(constant.name).is_some() => {
            Ok(source.read(constant.name).await?.to_f32()?)
        }
        ConstantValues::Stored(computed) => {
            let (graph, output) = computed?;
            // Once per model and small against the rest: the CPU's f32 is right on every device.
            let executor = CpuExecutor::load(&graph, &[output], source, &[], observer).await?;
            let mut outputs = executor.run(&[], observer).await?;
            Ok(outputs.tensors.remove(output).unwrap_or_default())
        }
    }
}

fn method_of(settings: &Settings) -> Result<Method> {
    let Some(json) = &settings.method else { return Ok(Method::M2n2) };
    let wrong = |expected: String| Settings::wrong("method", json.to_string(), &expected);
    let method: Method = serde_json::from_value(json.clone()).map_err(|error| {
        wrong(format!("{{\"name\": \"m2n2\"}}, or {{\"name\": \"maskov\"}} with constants of it ({error})"))
    })?;
    let checked = method.settings(settings.temperature).validate();
    checked.map_err(|error| wrong(format!("constants in their ranges ({error})")))?;
    Ok(method)
}

#[cfg(test)]
mod tests {
    use maskov_model::Settings;
    use maskov_segment::{MaskovSettings, Method};

    use super::method_of;

    fn settings(method: &str) -> Settings {
        let json = format!(r#"{{"resolution": 48, "temperature": 0.65, "attention": {{"a": 1.0}}{method}}}"#);
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn a_model_names_its_method_and_constants() {
        assert_eq!(method_of(&settings("")).unwrap(), Method::M2n2);
        let ours = method_of(&settings(r#", "method": {"name": "maskov", "size_median": 0.2}"#)).unwrap();
        assert_eq!(ours, Method::Maskov(MaskovSettings { size_median: 0.2, ..MaskovSettings::default() }));
        for (method, word) in [
            (r#"{"name": "magic"}"#, "m2n2"),
            (r#"{"name": "maskov", "size": 1}"#, "unknown field"),
            (r#"{"name": "maskov", "smoothness": -1}"#, "smoothness is -1"),
            (r#""maskov""#, "name"),
        ] {
            let error = method_of(&settings(&format!(r#", "method": {method}"#))).unwrap_err().to_string();
            assert!(error.contains(word) && error.contains("settings.json"), "{error}");
        }
    }
}
