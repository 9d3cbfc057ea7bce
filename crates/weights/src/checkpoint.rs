//! A published checkpoint: several safetensors files under diffusers' names, read as one.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use crate::{HostTensor, LocalFuture, Result, SafeTensors, TensorInfo, WeightSource, WeightsError};

/// Safetensors files whose names do not collide (`unet/`, `vae/` and `text_encoder/` do not), with their `config.json`.
#[derive(Debug)]
pub struct Checkpoint {
    files: Vec<SafeTensors>,
    // Name -> index into `files`.
    index: HashMap<String, usize>,
    configs: BTreeMap<String, Value>,
    settings: Option<Value>,
}

impl Checkpoint {
    /// Joins files. `configs`: component -> `config.json`. A name that two files share is an error.
    pub fn new(
        files: Vec<SafeTensors>,
        configs: BTreeMap<String, Value>,
        settings: Option<Value>,
    ) -> Result<Self> {
        let mut index = HashMap::new();
        for (file, tensors) in files.iter().enumerate() {
            for tensor in tensors.tensors() {
                if index.insert(tensor.name.clone(), file).is_some() {
                    return Err(WeightsError::Duplicate { tensor: tensor.name.clone() });
                }
            }
        }
        Ok(Self { files, index, configs, settings })
    }

    /// The files, in order.
    pub fn files(&self) -> &[SafeTensors] {
        &self.files
    }

    /// `config.json` per component.
    pub fn configs(&self) -> &BTreeMap<String, Value> {
        &self.configs
    }

    fn file_of(&self, name: &str) -> Option<&SafeTensors> {
        self.index.get(name).map(|&file| &self.files[file])
    }
}

impl WeightSource for Checkpoint {
    fn names(&self) -> Vec<&str> {
        self.files.iter().flat_map(|file| file.tensors()).map(|tensor| tensor.name.as_str()).collect()
    }

    fn info(&self, name: &str) -> Option<TensorInfo> {
        let entry = self.file_of(name)?.tensor(name)?;
        Some(TensorInfo { shape: entry.shape.clone(), dtype: entry.dtype })
    }

    fn read<'a>(&'a self, name: &'a str) -> LocalFuture<'a, Result<HostTensor>> {
        Box::pin(async move {
            let file = self.file_of(name).ok_or_else(|| WeightsError::Missing(vec![name.to_owned()]))?;
            let tensor = file.read(name).await?;
            tensor.check_finite()?;
            Ok(tensor)
        })
    }

    fn config(&self, component: &str) -> Option<&Value> {
        self.configs.get(component)
    }

    fn settings(&self) -> Option<&Value> {
        self.settings.as_ref()
    }
}

#[cfg(not(target_arch = "wasm32"))]
mod folder {
    use std::collections::BTreeMap;
    use std::path::Path;

    use serde_json::Value;

    use super::Checkpoint;
    use crate::{FileSource, Result, SafeTensors, WeightsError};

    /// Component and its folder; `model` is the folder itself.
    const COMPONENTS: [(&str, &str); 4] =
        [("model", "."), ("unet", "unet"), ("vae", "vae"), ("text_encoder", "text_encoder")];

    /// The hub's file names, the widest type first. A folder's other safetensors files are no weights.
    const FILES: [&str; 4] = [
        "diffusion_pytorch_model.safetensors",
        "model.safetensors",
        "diffusion_pytorch_model.fp16.safetensors",
        "model.fp16.safetensors",
    ];

    impl Checkpoint {
        /// Opens what is there of `DIR`, `DIR/unet`, `DIR/vae` and `DIR/text_encoder`: one weights file of the hub's
        /// names each (the f32 file where there are two), `config.json` beside it, and `DIR/settings.json`.
        pub async fn open_folder(dir: impl AsRef<Path>) -> Result<Checkpoint> {
            let dir = dir.as_ref();
            let (mut files, mut configs) = (Vec::new(), BTreeMap::new());
            for (component, folder) in COMPONENTS {
                let folder = if folder == "." { dir.to_owned() } else { dir.join(folder) };
                if let Some(path) = FILES.iter().map(|file| folder.join(file)).find(|path| path.is_file()) {
                    files.push(SafeTensors::open(Box::new(FileSource::open(path)?)).await?);
                }
                if let Some(config) = read_json(&folder.join("config.json"))? {
                    configs.insert(component.to_owned(), config);
                }
            }
            if files.is_empty() {
                let (dir, names) = (dir.display(), FILES.join(", "));
                let what =
                    format!("A weights file ({names}) in {dir}, {dir}/unet, {dir}/vae or {dir}/text_encoder");
                return Err(WeightsError::NotFound { what });
            }
            Checkpoint::new(files, configs, read_json(&dir.join("settings.json"))?)
        }
    }

    /// The file's JSON; `None` where there is no such file.
    fn read_json(path: &Path) -> Result<Option<Value>> {
        let file = || path.display().to_string();
        let text = match std::fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(WeightsError::Source { what: file(), reason: error.to_string() });
            }
        };
        let json = serde_json::from_slice(&text);
        json.map(Some)
            .map_err(|error| WeightsError::MalformedJson { file: file(), reason: error.to_string() })
    }
}
