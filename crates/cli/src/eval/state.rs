//! What is done, kept on disk after every image.

use std::collections::HashSet;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::notes::Note;
use super::sizes::SizeScores;
use super::statistics::{NOC85, NOC90};

/// What was measured of an object.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Score {
    pub object: String,
    /// The IoU after each click.
    pub ious: Vec<f64>,
    /// The sizes of the first click, where they were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sizes: Option<SizeScores>,
    /// The IoU after each click, with clicks that were moved, for every seed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<Vec<f64>>,
}

impl Score {
    /// Clicks alone.
    #[cfg(test)]
    pub fn of_clicks(object: &str, ious: &[f64]) -> Self {
        Self { object: object.to_owned(), ious: ious.to_vec(), sizes: None, moved: Vec::new() }
    }

    /// The runs with moved clicks, as scores of their own.
    pub fn moved_scores(&self) -> Vec<Self> {
        let score = |ious: &Vec<f64>| Self {
            object: self.object.clone(),
            ious: ious.clone(),
            sizes: None,
            moved: Vec::new(),
        };
        self.moved.iter().map(score).collect()
    }

    /// Clicks to that IoU; `clicks` where it is never reached.
    pub fn noc(&self, target: f64, clicks: u32) -> u32 {
        self.ious.iter().position(|&iou| iou >= target).map_or(clicks, |index| index as u32 + 1)
    }

    pub fn reaches(&self, target: f64) -> bool {
        self.ious.iter().any(|&iou| iou >= target)
    }

    /// The IoU after that many clicks, or after the last one.
    pub fn iou_after(&self, clicks: usize) -> f64 {
        self.ious.get(clicks - 1).or(self.ious.last()).copied().unwrap_or(0.0)
    }

    pub fn to_json(&self, clicks: u32) -> Value {
        let mut score = json!({
            "noc85": self.noc(NOC85, clicks),
            "noc90": self.noc(NOC90, clicks),
            "iou_per_click": self.ious,
        });
        if let Some(sizes) = &self.sizes {
            score["sizes"] = json!(sizes);
        }
        if !self.moved.is_empty() {
            score["iou_per_moved_click"] = json!(self.moved);
        }
        score
    }
}

/// A line of the state's file: the objects of one image.
#[derive(Serialize, Deserialize)]
struct Line {
    image: String,
    scores: Vec<Score>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    notes: Vec<Note>,
}

/// Scores so far, in the order of the images.
pub struct State {
    path: PathBuf,
    images: HashSet<String>,
    scores: Vec<Score>,
    notes: Vec<Note>,
}

impl State {
    /// Beside the JSON file, else among the user's caches. One of other settings is begun anew only where it may be
    /// replaced: hours of work may lie in it.
    pub fn open(json: Option<&Path>, settings: &Value, may_replace: bool) -> Result<Self> {
        let path = match json {
            Some(json) => with_suffix(json, ".state"),
            None => cache_file(settings),
        };
        let mut state = Self { path, images: HashSet::new(), scores: Vec::new(), notes: Vec::new() };
        let bytes = match fs::read(&state.path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            found => found.with_context(|| refused(&state.path))?,
        };
        if let Some(len) = state.read(&bytes, settings) {
            // The last line may be half written: the next one must not follow it.
            let file = OpenOptions::new().write(true).open(&state.path);
            file.and_then(|file| file.set_len(len as u64)).with_context(|| refused(&state.path))?;
            return Ok(state);
        }
        // Stopped before its first line was whole, where it is one at all.
        let is_begun = format!("{settings}\n").as_bytes().starts_with(&bytes);
        if !is_begun && !may_replace && json.is_some() {
            bail!(
                "{} keeps a stopped run of other settings. Choose another --json, or begin anew with --force.",
                state.path.display()
            );
        }
        state.begin(settings)?;
        Ok(state)
    }

    /// Takes what is done out of a file of these settings. Gives the length of its whole lines; `None` where it is of
    /// others.
    fn read(&mut self, bytes: &[u8], settings: &Value) -> Option<usize> {
        let mut lines = bytes.split_inclusive(|&byte| byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let first = lines.next()?;
        if serde_json::from_slice::<Value>(first).ok().as_ref() != Some(settings) {
            return None;
        }
        let mut len = first.len();
        for line in lines {
            let Ok(done) = serde_json::from_slice::<Line>(line) else {
                break;
            };
            len += line.len();
            self.images.insert(done.image);
            self.scores.extend(done.scores);
            self.notes.extend(done.notes);
        }
        Some(len)
    }

    fn begin(&self, settings: &Value) -> Result<()> {
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder).with_context(|| refused(&self.path))?;
        }
        fs::write(&self.path, format!("{settings}\n")).with_context(|| refused(&self.path))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn done(&self) -> usize {
        self.scores.len()
    }

    pub fn has_image(&self, image: &str) -> bool {
        self.images.contains(image)
    }

    pub fn scores(&self) -> &[Score] {
        &self.scores
    }

    /// What is said of the images.
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Keeps the scores of an image. An object whose name is taken gets a longer one: each has its own place among the
    /// numbers.
    pub fn add(&mut self, image: &str, mut scores: Vec<Score>, notes: Vec<Note>) -> Result<()> {
        let mut taken: HashSet<String> = self.scores.iter().map(|score| score.object.clone()).collect();
        for score in &mut scores {
            let own = score.object.clone();
            let longer = (2..).map(|number| format!("{image}/{own} ({number})"));
            let mut names = [own.clone(), format!("{image}/{own}")].into_iter().chain(longer);
            score.object = names.find(|name| !taken.contains(name)).unwrap_or(own);
            taken.insert(score.object.clone());
        }
        let line = Line { image: image.to_owned(), scores, notes };
        let mut file =
            OpenOptions::new().append(true).open(&self.path).with_context(|| refused(&self.path))?;
        writeln!(file, "{}", serde_json::to_string(&line)?).with_context(|| refused(&self.path))?;
        self.images.insert(line.image);
        self.scores.extend(line.scores);
        self.notes.extend(line.notes);
        Ok(())
    }

    /// The run is whole.
    pub fn remove(self) -> Result<()> {
        fs::remove_file(&self.path).with_context(|| refused(&self.path))
    }
}

fn refused(path: &Path) -> String {
    format!("the state {} can't be written: free some space, or choose another --json", path.display())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// A file of its own for every settings.
fn cache_file(settings: &Value) -> PathBuf {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let caches = variable("XDG_CACHE_HOME")
        .or_else(|| variable("LOCALAPPDATA"))
        .or_else(|| variable("HOME").map(|home| home.join(".cache")))
        .unwrap_or_else(std::env::temp_dir);
    let hash = Sha256::digest(settings.to_string());
    let name: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    caches.join("maskov").join(format!("eval-{name}.state"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_run_is_gone_on_with_and_other_settings_are_not() {
        let folder = std::env::temp_dir().join(format!("maskov-state-{}", std::process::id()));
        let json = folder.join("run.json");
        let settings = json!({"clicks": 20});
        let score = |object: &str| Score::of_clicks(object, &[0.1, 2.0 / 3.0]);
        let mut state = State::open(Some(&json), &settings, false).unwrap();
        state.add("a.png", vec![score("a"), score("a_2")], vec![Note::new("a", "Said.")]).unwrap();
        state.add("empty.png", Vec::new(), Vec::new()).unwrap();
        // Stopped in the middle of a line.
        let mut file = OpenOptions::new().append(true).open(state.path()).unwrap();
        write!(file, "{{\"image\":\"b.p").unwrap();
        let again = State::open(Some(&json), &settings, false).unwrap();
        assert_eq!(again.scores(), [score("a"), score("a_2")]);
        assert_eq!(again.notes(), [Note::new("a", "Said.")]);
        assert!(again.has_image("a.png") && again.has_image("empty.png") && !again.has_image("b.png"));
        // What follows the half line is read again.
        let mut again = again;
        again.add("b.png", vec![score("b")], Vec::new()).unwrap();
        let again = State::open(Some(&json), &settings, false).unwrap();
        assert!(again.has_image("b.png") && again.done() == 3);

        let others = json!({"clicks": 5});
        let refused = State::open(Some(&json), &others, false).err().unwrap().to_string();
        assert!(
            refused.contains("a stopped run of other settings") && refused.contains("--force"),
            "{refused}"
        );
        assert_eq!(State::open(Some(&json), &settings, false).unwrap().done(), 3, "nothing is lost");
        let other = State::open(Some(&json), &others, true).unwrap();
        assert_eq!(other.done(), 0);
        // Stopped while its first line was written.
        let begun = format!("{others}");
        fs::write(other.path(), &begun[..begun.len() - 2]).unwrap();
        assert_eq!(State::open(Some(&json), &others, false).unwrap().done(), 0);
        other.remove().unwrap();
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn every_object_has_a_name_of_its_own() {
        let folder = std::env::temp_dir().join(format!("maskov-names-{}", std::process::id()));
        let mut state = State::open(Some(&folder.join("run.json")), &json!({}), false).unwrap();
        for image in ["a.jpg", "a.png"] {
            let scores = ["a", "a", "a"].map(|object| Score::of_clicks(object, &[0.5]));
            state.add(image, scores.into(), Vec::new()).unwrap();
        }
        let names: Vec<&str> = state.scores().iter().map(|score| score.object.as_str()).collect();
        assert_eq!(names, ["a", "a.jpg/a", "a.jpg/a (2)", "a.png/a", "a.png/a (2)", "a.png/a (3)"]);
        fs::remove_dir_all(folder).unwrap();
    }
}
