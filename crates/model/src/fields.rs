//! Reads keys of a config: absent means the default, `null` and lists have diffusers' meaning, errors name the key.

use serde_json::{Map, Value};

use crate::ModelError;

/// Numbers above this are no width, depth or count of a network; products of two stay far below 2⁶⁴.
const LARGEST: u64 = 1 << 20;

/// The keys of one file.
pub struct Fields {
    component: &'static str,
    map: Map<String, Value>,
}

impl Fields {
    /// Reads the JSON of a file; `component` is its name in messages.
    pub fn parse(component: &'static str, json: &str) -> Result<Self, ModelError> {
        let broken = |reason: String| ModelError::Json { component, reason };
        match serde_json::from_str(json).map_err(|error| broken(error.to_string()))? {
            Value::Object(map) => Ok(Self { component, map }),
            other => Err(broken(format!("it starts with {}", short(&other)))),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.map.get(key)
    }

    /// The value of a key; `None` where it is absent or null.
    pub fn given(&self, key: &str) -> Option<&Value> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// A whole number from 1.
    pub fn count(&self, key: &str, default: usize) -> Result<usize, ModelError> {
        self.given(key).map_or(Ok(default), |value| self.as_count(key, value))
    }

    /// A finite number.
    pub fn float(&self, key: &str, default: f32) -> Result<f32, ModelError> {
        let number = |value: &Value| match value.as_f64() {
            Some(number) if (number as f32).is_finite() => Ok(number as f32),
            _ => Err(self.wrong(key, value, "a finite number")),
        };
        self.given(key).map_or(Ok(default), number)
    }

    /// True or false.
    pub fn flag(&self, key: &str, default: bool) -> Result<bool, ModelError> {
        let flag = |value: &Value| value.as_bool().ok_or_else(|| self.wrong(key, value, "true or false"));
        self.given(key).map_or(Ok(default), flag)
    }

    /// A text.
    pub fn text(&self, key: &str, default: &str) -> Result<String, ModelError> {
        let text = |value: &Value| match value.as_str() {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.wrong(key, value, "a text")),
        };
        self.given(key).map_or(Ok(default.to_owned()), text)
    }

    /// A list of positive numbers.
    pub fn counts(&self, key: &str, default: &[usize]) -> Result<Vec<usize>, ModelError> {
        let Some(value) = self.given(key) else {
            return Ok(default.to_vec());
        };
        match value.as_array() {
            Some(items) if !items.is_empty() => items.iter().map(|item| self.as_count(key, item)).collect(),
            _ => Err(self.wrong(key, value, "a list of positive whole numbers")),
        }
    }

    /// One number for all levels, or a list with one for each.
    pub fn per_level(&self, key: &str, default: usize, levels: usize) -> Result<Vec<usize>, ModelError> {
        match self.given(key) {
            Some(Value::Array(_)) => {
                let counts = self.counts(key, &[])?;
                self.as_long_as(key, levels, counts)
            }
            _ => Ok(vec![self.count(key, default)?; levels]),
        }
    }

    /// As [`Fields::per_level`], where an item may itself be a list: one number for each layer of the level.
    pub fn per_layer(&self, key: &str, layers: &[usize]) -> Result<Vec<Vec<usize>>, ModelError> {
        let Some(Value::Array(items)) = self.given(key) else {
            let depth = self.count(key, 1)?;
            return Ok(layers.iter().map(|layers| vec![depth; *layers]).collect());
        };
        let items = self.as_long_as(key, layers.len(), items.iter().collect())?;
        let level = |(item, layers): (&Value, &usize)| match item {
            Value::Array(depths) if depths.len() == *layers => {
                depths.iter().map(|depth| self.as_count(key, depth)).collect()
            }
            Value::Array(_) => Err(self.wrong(key, item, &format!("a list of {layers} depths"))),
            depth => Ok(vec![self.as_count(key, depth)?; *layers]),
        };
        items.into_iter().zip(layers).map(level).collect()
    }

    /// A list of texts.
    pub fn texts(&self, key: &str, default: &[&str]) -> Result<Vec<String>, ModelError> {
        let Some(value) = self.given(key) else {
            return Ok(default.iter().map(|text| (*text).to_owned()).collect());
        };
        let texts =
            value.as_array().and_then(|items| items.iter().map(Value::as_str).collect::<Option<Vec<_>>>());
        match texts {
            Some(texts) => Ok(texts.into_iter().map(str::to_owned).collect()),
            None => Err(self.wrong(key, value, "a list of texts")),
        }
    }

    /// Refuses a key that is given and has none of the allowed values.
    pub fn only(&self, key: &str, allowed: &[Value], advice: &str) -> Result<(), ModelError> {
        match self.given(key) {
            Some(value) if !allowed.iter().any(|allowed| same(allowed, value)) => {
                Err(self.unsupported(key, value, advice))
            }
            _ => Ok(()),
        }
    }

    /// The error of a value that is of an architecture which does not run here.
    pub fn unsupported(&self, key: &str, value: &Value, advice: &str) -> ModelError {
        ModelError::Unsupported {
            component: self.component,
            key: key.to_owned(),
            value: short(value),
            advice: advice.to_owned(),
        }
    }

    /// The error of a value that is not of the kind it must be.
    pub fn wrong(&self, key: &str, found: &Value, expected: &str) -> ModelError {
        ModelError::Value {
            component: self.component,
            key: key.to_owned(),
            found: short(found),
            expected: expected.to_owned(),
        }
    }

    /// A list that must have one entry for each level.
    pub fn as_long_as<T>(&self, key: &str, levels: usize, list: Vec<T>) -> Result<Vec<T>, ModelError> {
        if list.len() == levels {
            return Ok(list);
        }
        Err(ModelError::Value {
            component: self.component,
            key: key.to_owned(),
            found: format!("a list of {}", list.len()),
            expected: format!("one entry for each of the {levels} levels"),
        })
    }

    fn as_count(&self, key: &str, value: &Value) -> Result<usize, ModelError> {
        match value.as_u64() {
            Some(count @ 1..=LARGEST) => Ok(count as usize),
            _ => Err(self.wrong(key, value, &format!("a whole number from 1 to {LARGEST}"))),
        }
    }
}

/// Whether two values are equal, `1` and `1.0` included; a list equals a value when all of its items do.
fn same(allowed: &Value, value: &Value) -> bool {
    match (allowed.as_f64(), value) {
        (_, Value::Array(items)) => items.iter().all(|item| same(allowed, item)),
        (Some(number), _) => value.as_f64() == Some(number),
        _ => allowed == value,
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
