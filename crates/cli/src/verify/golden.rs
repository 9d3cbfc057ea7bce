//! A golden file and what it is.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use maskov_weights::{FileSource, SafeTensors};
use pollster::block_on;

/// What a golden file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// The method on given attention.
    M2n2,
    /// A small model, module by module.
    Modules,
    /// A text encoder.
    Text,
    /// A model of full size, by samples.
    FullSize,
    /// An embedded model's attention.
    Embedded,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::M2n2 => "M2N2",
            Self::Modules => "whole network",
            Self::Text => "text encoder",
            Self::FullSize => "network of full size",
            Self::Embedded => "embedded model",
        })
    }
}

/// An open golden file.
pub struct Golden {
    file: SafeTensors,
    folder: PathBuf,
}

impl Golden {
    pub fn open(path: &Path) -> Result<Self> {
        let file = block_on(SafeTensors::open(Box::new(FileSource::open(path)?)))?;
        Ok(Self { file, folder: path.parent().unwrap_or(Path::new("")).to_owned() })
    }

    /// The form, by the names of the tensors alone.
    pub fn form(&self) -> Result<Form> {
        let has = |name: &str| self.file.tensor(name).is_some();
        let has_rows = || self.file.tensors().iter().any(|tensor| tensor.name.ends_with(ROWS));
        let forms = [
            (has("point0.start_state"), Form::M2n2),
            (has("noise_pred") || has("attention") && has("last_hidden_state"), Form::Modules),
            (has("input_ids"), Form::Text),
            (has("probe.conv_in"), Form::FullSize),
            (has("attention") && has_rows(), Form::Embedded),
        ];
        if let Some((_, form)) = forms.into_iter().find(|(is, _)| *is) {
            return Ok(form);
        }
        let names = self.names();
        let found = if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!("{} is no golden file of a known form. Its tensors: {found}.", self.file.file())
    }

    /// The folder of the file.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    pub fn names(&self) -> Vec<&str> {
        self.file.tensors().iter().map(|tensor| tensor.name.as_str()).collect()
    }

    pub fn shape(&self, name: &str) -> Result<&[usize]> {
        let tensor = self.file.tensor(name);
        Ok(&tensor.ok_or_else(|| anyhow!("{} has no tensor {name}", self.file.file()))?.shape)
    }

    pub fn f32(&self, name: &str) -> Result<Vec<f32>> {
        self.shape(name)?;
        Ok(block_on(self.file.read(name))?.to_f32()?)
    }

    pub fn u8(&self, name: &str) -> Result<Vec<u8>> {
        self.shape(name)?;
        Ok(block_on(self.file.read(name))?.to_u8()?)
    }

    pub fn i32(&self, name: &str) -> Result<Vec<i32>> {
        self.shape(name)?;
        Ok(block_on(self.file.read(name))?.to_i32()?)
    }

    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.file.metadata().get(key).map(String::as_str)
    }

    /// A metadata entry as JSON.
    pub fn json<T: serde::de::DeserializeOwned>(&self, key: &str) -> Result<T> {
        let text = self.metadata(key).ok_or_else(|| anyhow!("{} has no metadata {key}", self.file.file()))?;
        serde_json::from_str(text).with_context(|| format!("metadata {key} of {}", self.file.file()))
    }
}

/// How names of tensors end that hold the first rows of a layer's map.
pub const ROWS: &str = ".rows_0_31";
