//! `settings.json`, as far as it is the same for every family.

use std::collections::BTreeMap;

use maskov_graph::Tap;
use serde::{Deserialize, Serialize};

use crate::ModelError;

/// The file's name, for messages.
pub const SETTINGS_FILE: &str = "settings.json";

/// How a model is used here, which its config does not say. What else a family needs to know stands beside it in the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// What the model is called.
    #[serde(default)]
    pub name: String,
    /// R where nothing else is asked for.
    pub resolution: usize,
    /// Temperature T of the transition matrix.
    pub temperature: f32,
    /// Mean of each channel of an image in [0, 1], which is subtracted.
    #[serde(default = "half")]
    pub image_mean: [f32; 3],
    /// Deviation of each channel, by which is divided.
    #[serde(default = "half")]
    pub image_std: [f32; 3],
    /// The self-attention layers that make the map, with their weights.
    pub attention: BTreeMap<String, f32>,
    /// How maps become masks and that method's constants, as whoever makes masks reads them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<serde_json::Value>,
}

/// Images in [−1, 1].
fn half() -> [f32; 3] {
    [0.5; 3]
}

/// A self-attention layer that a map may be made of.
#[derive(Clone, Debug)]
pub struct SelfAttention {
    /// Its path.
    pub path: String,
    /// Its queries and keys, with weight 1.
    pub tap: Tap,
}

impl Settings {
    /// An image of bytes, RGB, as the network takes it.
    pub fn scaled(&self, rgb: &[u8]) -> Vec<f32> {
        let scaled = |(at, &byte): (usize, &u8)| {
            (f32::from(byte) / 255.0 - self.image_mean[at % 3]) / self.image_std[at % 3]
        };
        rgb.iter().enumerate().map(scaled).collect()
    }

    /// The layers whose weight is not 0, out of those that there are.
    ///
    /// # Errors
    /// [`ModelError::NoSuchLayer`].
    pub fn taps(&self, layers: &[SelfAttention]) -> Result<Vec<Tap>, ModelError> {
        let tap = |(path, weight): (&String, &f32)| match layers.iter().find(|layer| layer.path == *path) {
            Some(layer) => Ok(Tap { weight: *weight, ..layer.tap.clone() }),
            None => {
                let known: Vec<_> = layers.iter().map(|layer| layer.path.as_str()).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                Err(ModelError::NoSuchLayer { layer: path.clone(), known })
            }
        };
        self.attention.iter().filter(|(_, weight)| **weight > 0.0).map(tap).collect()
    }

    /// Refuses values beside their ranges.
    ///
    /// # Errors
    /// [`ModelError::Value`] with the first.
    pub fn check(&self) -> Result<(), ModelError> {
        if !self.temperature.is_finite() || self.temperature <= 0.0 {
            return Err(Self::wrong("temperature", self.temperature.to_string(), "a number above 0"));
        }
        if self.image_mean.iter().any(|mean| !mean.is_finite()) {
            return Err(Self::wrong("image_mean", format!("{:?}", self.image_mean), "three numbers"));
        }
        if self.image_std.iter().any(|deviation| !deviation.is_finite() || *deviation <= 0.0) {
            let found = format!("{:?}", self.image_std);
            return Err(Self::wrong("image_std", found, "three numbers above 0"));
        }
        if self.attention.values().any(|weight| !weight.is_finite() || *weight < 0.0)
            || self.attention.values().sum::<f32>() <= 0.0
        {
            let found = format!("{:?}", self.attention);
            let expected = "at least one layer with a weight above 0, and none below 0";
            return Err(Self::wrong("attention", found, expected));
        }
        Ok(())
    }

    /// The error of a key of `settings.json`, whoever's it is.
    pub fn wrong(key: &str, found: String, expected: &str) -> ModelError {
        let (key, expected) = (key.to_owned(), expected.to_owned());
        ModelError::Value { component: SETTINGS_FILE, key, found, expected }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(keys: &str) -> Settings {
        let json = format!(r#"{{"resolution": 8, "temperature": 0.65, "attention": {{"a": 1.0}}{keys}}}"#);
        serde_json::from_str(&json).expect("settings")
    }

    #[test]
    fn images_are_scaled_channel_by_channel() {
        assert_eq!(settings("").scaled(&[0, 255, 0]), [-1.0, 1.0, -1.0], "[−1, 1] where nothing is said");
        let own = settings(r#", "image_mean": [0, 0.5, 1], "image_std": [1, 0.25, 2]"#);
        assert_eq!(own.scaled(&[255, 255, 255, 0, 0, 0]), [1.0, 2.0, 0.0, 0.0, -2.0, -0.5]);
    }

    #[test]
    fn values_beside_their_ranges_are_named() {
        let fine = settings("");
        assert!(fine.check().is_ok());
        let wrong = [
            ("temperature", Settings { temperature: 0.0, ..fine.clone() }),
            ("image_mean", Settings { image_mean: [0.0, f32::NAN, 0.0], ..fine.clone() }),
            ("image_std", Settings { image_std: [1.0, 0.0, 1.0], ..fine.clone() }),
            ("attention", Settings { attention: [("a".to_owned(), 0.0)].into(), ..fine }),
        ];
        for (key, settings) in wrong {
            let error = settings.check().expect_err(key).to_string();
            assert!(error.contains(key) && error.contains(SETTINGS_FILE), "{error}");
        }
    }
}
