//! JSON objects whose names must be unique: serde's own maps would keep the last of two silently.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

/// The entries of a JSON object in file order; a repeated name is an error.
pub(crate) struct UniqueEntries<V>(pub Vec<(String, V)>);

impl<'de, V: Deserialize<'de>> Deserialize<'de> for UniqueEntries<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(EntriesVisitor(PhantomData))
    }
}

struct EntriesVisitor<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for EntriesVisitor<V> {
    type Value = UniqueEntries<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut seen = std::collections::HashSet::new();
        let mut entries = Vec::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(Error::custom(format_args!("{name} appears twice")));
            }
            entries.push((name, map.next_value()?));
        }
        Ok(UniqueEntries(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_keep_their_order_and_may_not_repeat() {
        let entries: UniqueEntries<u32> = serde_json::from_str(r#"{"b": 1, "a": 2}"#).unwrap();
        assert_eq!(entries.0, [("b".to_owned(), 1), ("a".to_owned(), 2)]);
        let error = serde_json::from_str::<UniqueEntries<u32>>(r#"{"a": 1, "a": 2}"#).err().unwrap();
        assert!(error.to_string().contains("a appears twice"), "{error}");
    }
}
