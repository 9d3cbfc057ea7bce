//! `maskov bench --counts`: what opening a photo, clicks and a hover ask of the GPU, whatever its speed.

use anyhow::{Result, bail};
use maskov_engine::{Device, Engine, PromptPoint, RgbImage};
use maskov_gpu::{Counts, Gpu};
use serde_json::{Map, Value, json};

/// A head, the key in JSON and the number.
type Column = (&'static str, &'static str, fn(&Counts) -> u64);

const COLUMNS: [Column; 7] = [
    ("dispatches", "dispatches", |counts| counts.dispatches),
    ("submits", "submits", |counts| counts.submits),
    ("round trips", "round_trips", |counts| counts.round_trips),
    ("objects made", "objects", |counts| counts.objects),
    ("bytes up", "uploaded_bytes", |counts| counts.uploaded_bytes),
    ("bytes back", "read_bytes", |counts| counts.read_bytes),
    ("peak bytes", "peak_bytes", |counts| counts.peak_bytes),
];

/// Counts of every part of the work, in the order in which a person does it.
pub struct Counted(Vec<(&'static str, Counts)>);

impl Counted {
    /// Opens the photo twice, and counts the second time: the first compiles. What is sent off at once is what hardware
    /// gets, also where the adapter is software.
    ///
    /// # Errors
    /// Without a GPU; those of the engine.
    pub async fn measure(engine: &Engine, photo: &RgbImage<'static>) -> Result<Self> {
        let Device::Gpu(gpu) = engine.device() else {
            bail!("--counts counts what is asked of a GPU, and this runs on the CPU. Add --device gpu.");
        };
        gpu.work_as_hardware();
        Self::of(engine, gpu, photo).await?;
        Self::of(engine, gpu, photo).await
    }

    async fn of(engine: &Engine, gpu: &Gpu, photo: &RgbImage<'static>) -> Result<Self> {
        gpu.start_counting();
        let mut session = engine.encode_once(photo.clone(), None, &mut ()).await?;
        let mut counted = vec![("opening the photo", gpu.counts())];
        let at = |share: u32| PromptPoint::new(photo.width() / share, photo.height() / share, true);
        for (what, point) in [("the first click", at(2)), ("a further click", at(3))] {
            gpu.start_counting();
            session.add(point)?;
            session.mask(&mut ()).await?;
            counted.push((what, gpu.counts()));
        }
        gpu.start_counting();
        session.add(at(5))?;
        session.preview(&mut ()).await?;
        counted.push(("a hover", gpu.counts()));
        super::previews::prepare(&mut session, 1).await?;
        gpu.start_counting();
        // That of the first token.
        session.set_points(&[at(2), at(3), PromptPoint::new(0, 0, true)])?;
        session.preview(&mut ()).await?;
        counted.push(("a hover where maps were made in advance", gpu.counts()));
        Ok(Self(counted))
    }

    /// A Markdown table.
    pub fn print(&self) {
        let heads = COLUMNS.map(|(head, ..)| head).join(" | ");
        println!("| | {heads} |\n|---|{}", "---:|".repeat(COLUMNS.len()));
        for (what, counts) in &self.0 {
            let numbers = COLUMNS.map(|(.., number)| number(counts).to_string()).join(" | ");
            println!("| {what} | {numbers} |");
        }
    }

    /// By part and column.
    pub fn json(&self) -> Value {
        let row = |counts: &Counts| {
            let number = |(_, key, number): Column| (key.to_owned(), json!(number(counts)));
            Value::from(COLUMNS.map(number).into_iter().collect::<Map<_, _>>())
        };
        self.0.iter().map(|(what, counts)| ((*what).to_owned(), row(counts))).collect::<Map<_, _>>().into()
    }
}
