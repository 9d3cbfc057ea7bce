//! What quantisation costs: attention rows and masks of packs against those of a reference pack, on ten photos.
//!
//! ```sh
//! for q in f16 q8 q4 mixed; do maskov pack ../shared/models/small-v1 --quantize $q --out target/packs/$q; done
//! cargo bench -p maskov-benches --bench quantization -- target/packs/{f16,q8,q4,mixed}
//! ```
//!
//! The first pack is the reference. Photos: the first ten of ../shared/data/COCO_val2017_subset (not in the repository), at
//! R = 32 on the CPU, at their own size by the formula. Clicks: the middle and a quarter to its left are the object, a
//! point near the upper left corner is not.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, ensure};
use maskov_engine::{DeviceChoice, Engine, Fidelity, PromptPoint, RgbImage};
use maskov_fixtures::shared;
use maskov_runtime::compare::mean_total_variation;
use maskov_segment::evaluation::iou;
use maskov_weights::Pack;
use pollster::block_on;

const PHOTOS: usize = 10;
const RESOLUTION: usize = 32;

/// What a pack makes of a photo.
struct Outcome {
    rows: Vec<f32>,
    mask: Vec<u8>,
}

fn main() -> Result<()> {
    let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    // Cargo runs benches in their package's folder; paths are meant from the repository's.
    let packs: Vec<PathBuf> = arguments.map(maskov_fixtures::repository).collect();
    ensure!(packs.len() > 1, "give the folder of a reference pack and of the packs to compare with it");
    let Some(folder) = shared("data/COCO_val2017_subset/images") else { return Ok(()) };
    let photos = first_photos(&folder)?;
    let reference = outcomes(&packs[0], &photos)?;
    println!(
        "| pack | bytes | total variation of the rows, mean (largest photo) | IoU of the masks, mean (least photo) |"
    );
    println!("|---|---|---|---|");
    for pack in &packs {
        let outcomes = outcomes(pack, &photos)?;
        let pairs = || outcomes.iter().zip(&reference);
        let variations: Vec<f64> =
            pairs().map(|(a, b)| mean_total_variation(&a.rows, &b.rows, RESOLUTION.pow(2))).collect();
        let ious: Vec<f64> = pairs().map(|(a, b)| iou(&a.mask, &b.mask)).collect();
        println!(
            "| {} | {} | {:.5} ({:.5}) | {:.4} ({:.4}) |",
            pack.file_name().unwrap_or_default().display(),
            std::fs::metadata(pack.join("shard-00000.bin"))?.len(),
            mean(&variations),
            variations.iter().copied().fold(0.0, f64::max),
            mean(&ious),
            ious.iter().copied().fold(1.0, f64::min),
        );
    }
    Ok(())
}

fn first_photos(folder: &Path) -> Result<Vec<RgbImage<'static>>> {
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.sort();
    paths.truncate(PHOTOS);
    let open = |path: &PathBuf| {
        let photo =
            maskov_photo::decode(&std::fs::read(path)?).with_context(|| path.display().to_string())?;
        Ok(RgbImage::new(photo.width(), photo.height(), photo.rgb().into_owned())?)
    };
    paths.iter().map(open).collect()
}

fn outcomes(pack: &Path, photos: &[RgbImage<'static>]) -> Result<Vec<Outcome>> {
    let pack = Pack::open_folder(pack).with_context(|| pack.display().to_string())?;
    block_on(async {
        let mut engine = Engine::open(Rc::new(pack), DeviceChoice::Cpu, Some(RESOLUTION), &mut ()).await?;
        let mut outcomes = Vec::new();
        for photo in photos {
            let rows = engine.attention(photo, &mut ()).await?.attention.values().await?;
            let fidelity = Some(Fidelity::FULL);
            let mut session = engine.encode(photo.clone(), fidelity, &mut ()).await?;
            session.set_points(&fixed_clicks(photo))?;
            let mask = session.mask(&mut ()).await?.mask.pixels;
            outcomes.push(Outcome { rows, mask });
        }
        Ok(outcomes)
    })
}

fn fixed_clicks(photo: &RgbImage<'_>) -> [PromptPoint; 3] {
    let point = PromptPoint::new;
    let (width, height) = (photo.width(), photo.height());
    [
        point(width / 2, height / 2, true),
        point(width / 4, height / 2, true),
        point(width / 16, height / 16, false),
    ]
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}
