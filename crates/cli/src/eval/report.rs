//! What a run says in the end.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::EvalArgs;
use super::dataset::DataSet;
use super::list::List;
use super::notes::{Note, Notes, counted};
use super::perturb::Loss;
use super::sizes::SizeSummary;
use super::state::Score;
use super::statistics::{Summary, summarize};

/// The numbers of a part, or of all.
struct Numbers {
    summary: Summary,
    sizes: Option<SizeSummary>,
    loss: Option<Loss>,
}

impl Numbers {
    fn of(scores: &[&Score], clicks: u32) -> Self {
        Self {
            summary: summarize(scores, clicks),
            sizes: SizeSummary::of(scores),
            loss: Loss::of(scores, clicks),
        }
    }

    fn to_json(&self) -> Value {
        let mut json = self.summary.to_json();
        if let Some(sizes) = &self.sizes {
            json["sizes"] = sizes.to_json();
        }
        if let Some(loss) = &self.loss {
            json["moved_clicks"] = loss.to_json();
        }
        json
    }

    fn print(&self) {
        self.summary.print();
        if let Some(sizes) = &self.sizes {
            sizes.print();
        }
        if let Some(loss) = &self.loss {
            loss.print();
        }
    }
}

/// The numbers of all objects, and of each part where there are several, and what they were counted on.
pub struct Report<'a> {
    whole: Numbers,
    parts: BTreeMap<String, Numbers>,
    found: &'a DataSet,
    notes: Notes,
}

impl<'a> Report<'a> {
    /// Of at least one score.
    pub fn of(
        scores: &[Score],
        list: Option<&List>,
        clicks: u32,
        found: &'a DataSet,
        notes: &[Note],
    ) -> Self {
        let whole: Vec<&Score> = scores.iter().collect();
        let mut parts: BTreeMap<String, Vec<&Score>> = BTreeMap::new();
        for score in scores {
            if let Some(part) = list.and_then(|list| list.part_of(&score.object)) {
                parts.entry(part.to_owned()).or_default().push(score);
            }
        }
        let parts = if parts.len() > 1 { parts } else { BTreeMap::new() };
        let numbers = |(part, scores): (String, Vec<&Score>)| (part, Numbers::of(&scores, clicks));
        Self {
            whole: Numbers::of(&whole, clicks),
            parts: parts.into_iter().map(numbers).collect(),
            found,
            notes: Notes::of(found.notes.iter().chain(notes)),
        }
    }

    pub fn print(&self, args: &EvalArgs) {
        let convention = if args.ignore_128 { "value 128 ignored" } else { "mask > 0" };
        let all = self.parts.iter().map(|(part, numbers)| (format!("part {part}: "), numbers));
        for (name, numbers) in all.chain([(String::new(), &self.whole)]) {
            println!(
                "{name}{} objects, at most {} clicks, {convention}, 95 % bootstrap",
                numbers.summary.objects, args.clicks
            );
            numbers.print();
        }
        println!("images {}", self.found.items.len());
        for (what, files) in self.left_out() {
            if !files.is_empty() {
                println!("{what} {}", counted(files));
            }
        }
        self.notes.print();
    }

    /// What was found and is no image with its masks.
    fn left_out(&self) -> [(&'static str, &'a [String]); 3] {
        [
            ("images without mask", &self.found.images_without_mask),
            ("masks without image", &self.found.masks_without_image),
            ("skipped, as no image", &self.found.skipped),
        ]
    }

    /// `summary`, `data` and `parts` where there are several.
    pub fn add_to(&self, json: &mut Map<String, Value>) {
        json.insert("summary".to_owned(), self.whole.to_json());
        let left_out = self
            .left_out()
            .map(|(what, files)| (what.to_owned(), json!({"count": files.len(), "files": files})));
        json.insert(
            "data".to_owned(),
            json!({
                "images": self.found.items.len(),
                "left_out": Map::from_iter(left_out),
                "notes": self.notes.to_json(),
            }),
        );
        if !self.parts.is_empty() {
            let parts = self.parts.iter().map(|(part, numbers)| (part.clone(), numbers.to_json()));
            json.insert("parts".to_owned(), json!(parts.collect::<Map<_, _>>()));
        }
    }
}
