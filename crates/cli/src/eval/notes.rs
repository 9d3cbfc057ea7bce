//! What a run took otherwise than one might have meant it.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Files that a printed line names; the JSON file names all.
const NAMED: usize = 5;

/// A file and the sentence about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub file: String,
    pub sentence: String,
}

impl Note {
    pub fn new(file: impl Into<String>, sentence: impl ToString) -> Self {
        Self { file: file.into(), sentence: sentence.to_string() }
    }
}

/// Notes by their sentence: a data set has thousands of masks.
#[derive(Default)]
pub struct Notes(BTreeMap<String, BTreeSet<String>>);

impl Notes {
    pub fn of<'a>(notes: impl IntoIterator<Item = &'a Note>) -> Self {
        let mut by_sentence = Self::default();
        for note in notes {
            by_sentence.0.entry(note.sentence.clone()).or_default().insert(note.file.clone());
        }
        by_sentence
    }

    pub fn print(&self) {
        for (sentence, files) in &self.0 {
            println!("note: {sentence} {}", counted(files));
        }
    }

    pub fn to_json(&self) -> Value {
        self.0.iter().map(|(sentence, files)| json!({"note": sentence, "files": files})).collect()
    }
}

/// How many, and the first names.
pub fn counted<'a>(files: impl IntoIterator<Item = &'a String, IntoIter: ExactSizeIterator>) -> String {
    let files = files.into_iter();
    let count = files.len();
    let named: Vec<&str> = files.take(NAMED).map(String::as_str).collect();
    let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
    format!("{count} ({}{more})", named.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_is_said_once() {
        let notes = ["b", "a", "a"].map(|file| Note::new(file, "It is dark."));
        let notes = Notes::of(notes.iter().chain(&[Note::new("c", "It is light.")]));
        let dark = json!({"note": "It is dark.", "files": ["a", "b"]});
        assert_eq!(notes.to_json(), json!([dark, {"note": "It is light.", "files": ["c"]}]));
        let many: Vec<String> = (0..7).map(|number| number.to_string()).collect();
        assert_eq!(counted(&many), "7 (0, 1, 2, 3, 4 and 2 more)");
        assert_eq!(counted(&many[..1]), "1 (0)");
    }
}
