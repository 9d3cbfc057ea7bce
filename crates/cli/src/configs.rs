//! A model's config files, without its weights.

use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use maskov_engine::{classes, component_of, components};
use maskov_model::{ConfigFiles, SETTINGS_FILE};
use serde_json::{Map, Value};

use crate::files;

/// The component of a folder that holds a single one.
const ALONE: &str = "model";

/// Reads what `path` is: a model folder, a pack, one `config.json`, or a file with a `config` for each component.
pub fn read(path: &Path) -> Result<ConfigFiles> {
    if path.is_dir() {
        return read_folder(path);
    }
    let json = json(path)?;
    let object = json.as_object().ok_or_else(|| anyhow!("{} is no JSON object.", path.display()))?;
    of_object(object).with_context(|| path.display().to_string())
}

fn read_folder(path: &Path) -> Result<ConfigFiles> {
    let pack = path.join(maskov_weights::MANIFEST_NAME);
    if pack.is_file() {
        let manifest = maskov_weights::Manifest::parse(&files::read(&pack)?)?;
        return Ok(ConfigFiles { components: manifest.configs, settings: Some(manifest.settings) });
    }
    let part = |file: &str| path.join(file).is_file().then(|| json(&path.join(file))).transpose();
    let settings = part(SETTINGS_FILE)?;
    if let Some(Value::Object(config)) = part("config.json")? {
        let files = of_object(&config).with_context(|| path.display().to_string())?;
        return Ok(ConfigFiles { settings: files.settings.or(settings), ..files });
    }
    let mut files = ConfigFiles { settings, ..ConfigFiles::default() };
    for component in components().into_iter().filter(|component| *component != ALONE) {
        if let Some(config) = part(&format!("{component}/config.json"))? {
            files.components.insert(component.to_owned(), config);
        }
    }
    if files.components.is_empty() {
        bail!(
            "{} has no pack.json, config.json or unet/config.json. Give a model folder or a config file.",
            path.display()
        );
    }
    Ok(files)
}

fn of_object(object: &Map<String, Value>) -> Result<ConfigFiles> {
    let part = |component: &str| object.get(component)?.get("config").cloned();
    let parts = components().into_iter().filter_map(|name| Some((name.to_owned(), part(name)?)));
    let files = ConfigFiles { components: parts.collect(), settings: object.get("settings").cloned() };
    if !files.components.is_empty() {
        return Ok(files);
    }
    let config = Value::Object(object.clone());
    let Some(component) = component_of(&config) else {
        let class = ["_class_name", "model_type"].iter().find_map(|key| object.get(*key)?.as_str());
        bail!(
            "a config of {} is not supported: take that of one of {}",
            class.unwrap_or("unknown class"),
            classes().join(", ")
        )
    };
    Ok(ConfigFiles { components: [(component.to_owned(), config)].into(), settings: None })
}

fn json(path: &Path) -> Result<Value> {
    serde_json::from_slice(&files::read(path)?).with_context(|| format!("{} is no JSON", path.display()))
}
