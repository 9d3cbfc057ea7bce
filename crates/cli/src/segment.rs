//! `maskov segment`.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use maskov_engine::{
    Attention, Device, Engine, EngineError, Fidelity, PromptPoint, Segmentation, Session,
    attention_from_file, never_cancelled,
};
use maskov_export::{cutout_png, mask_png, overlay_png};
use maskov_segment::{AttentionMap, Method, MethodName, MethodSettings};
use maskov_weights::{FileSource, SafeTensors};
use pollster::block_on;

use crate::args::{EngineArgs, PointArg};
use crate::files::{OutFile, pixels, read_photo};
use crate::model;
use crate::progress::Steps;

/// Write the mask of the object under the points
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov segment photo.jpg --point 320,200 --out mask.png\n  \
    maskov segment photo.jpg --point 320,200 --point 40,60:bg --cutout --out results/\n  \
    maskov segment a.jpg b.jpg --point 320,200 --device cpu --out results/\n\n\
    A mask has the photo's own size: 255 on the object, 0 elsewhere. With --out FILE.png the cut-out and the overlay are\n\
    written beside it. Environment: MASKOV_MODEL, a model to use instead of the shipped one.")]
pub struct SegmentArgs {
    /// Photos (JPEG, PNG, WebP, GIF, BMP)
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// A pixel of the object, or with :bg of what is not the object; repeat for more
    #[arg(long = "point", value_name = "X,Y[:bg]", required = true, allow_hyphen_values = true)]
    points: Vec<PointArg>,
    /// A PNG file, or a folder where several files are written
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    #[command(flatten)]
    engine: EngineArgs,
    /// Attention map to use instead of a model: safetensors with `attention`, [R², R²]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "resolution"])]
    attention: Option<PathBuf>,
    /// Also write the object alone, with the photo's own pixels and colour profile
    #[arg(long)]
    cutout: bool,
    /// Also write the photo with everything but the object stepped back
    #[arg(long)]
    overlay: bool,
}

/// Where photos become sessions.
enum Source {
    Engine(Box<Engine>),
    File(Device, AttentionMap, MethodName),
}

/// Runs the subcommand.
pub fn run(args: SegmentArgs) -> Result<()> {
    let outputs = outputs(&args)?;
    let points: Vec<PromptPoint> = args.points.iter().map(|point| point.0).collect();
    let mut source = open(&args)?;
    let mut failed = 0;
    for (image, out) in args.images.iter().zip(&outputs) {
        if let Err(error) = segment(&args, &mut source, &points, image, out) {
            if args.images.len() == 1 {
                return Err(error);
            }
            eprintln!("error: {error:#}");
            failed += 1;
        }
    }
    if failed > 0 {
        bail!("{failed} of {} photos have no mask; see above.", args.images.len());
    }
    Ok(())
}

fn open(args: &SegmentArgs) -> Result<Source> {
    let Some(path) = &args.attention else {
        return Ok(Source::Engine(Box::new(model::engine(&args.engine)?)));
    };
    let file = block_on(SafeTensors::open(Box::new(FileSource::open(path)?)))?;
    let map = block_on(attention_from_file(&file))?;
    let (device, note) = block_on(Device::open(args.engine.device.into()))?;
    if let Some(note) = note {
        eprintln!("note: {note}");
    }
    let method = args.engine.method.map_or(MethodName::M2n2, MethodName::from);
    Ok(Source::File(device, map, method))
}

fn segment(
    args: &SegmentArgs,
    source: &mut Source,
    points: &[PromptPoint],
    image: &Path,
    out: &Path,
) -> Result<()> {
    let start = Instant::now();
    let photo = read_photo(image)?;
    for note in photo.notes() {
        eprintln!("note: {}: {note}", image.display());
    }
    for point in points {
        point.check_inside(photo.width(), photo.height()).with_context(|| image.display().to_string())?;
    }
    let mask_file = OutFile::create(out)?;
    let beside = |kind: &str| -> Result<OutFile> { OutFile::create(&beside(out, kind)) };
    let cutout_file = args.cutout.then(|| beside("cutout")).transpose()?;
    let overlay_file = args.overlay.then(|| beside("overlay")).transpose()?;

    let segmentation =
        block_on(solve(source, &photo, points)).with_context(|| image.display().to_string())?;
    let mask = &segmentation.mask;
    mask_file.write(&mask_png(&mask.pixels, mask.width, mask.height)?)?;
    if let Some(file) = cutout_file {
        file.write(&cutout_png(&photo, &mask.pixels)?)?;
    }
    if let Some(file) = overlay_file {
        file.write(&overlay_png(&photo, &mask.pixels)?)?;
    }
    let share = mask.pixels.iter().filter(|&&pixel| pixel != 0).count() as f64 / mask.pixels.len() as f64;
    println!(
        "{} ({}×{}, object {:.1} %, {:.1} s on {})",
        out.display(),
        mask.width,
        mask.height,
        100.0 * share,
        start.elapsed().as_secs_f64(),
        source.device().name()
    );
    Ok(())
}

async fn solve(
    source: &mut Source,
    photo: &maskov_photo::Photo,
    points: &[PromptPoint],
) -> Result<Segmentation> {
    let engine = match source {
        Source::File(device, map, method) => {
            let attention = Attention::Cpu(map.clone());
            let method = method.of(&Method::M2n2).settings(MethodSettings::default().temperature);
            let fidelity = Fidelity::of(device);
            let made = Session::new(device, attention, pixels(photo)?, method, fidelity, &never_cancelled);
            return Ok(mask_of(&mut made.await?, points).await?);
        }
        Source::Engine(engine) => engine,
    };
    let mut steps = Steps::new("reading the photo");
    loop {
        let mut session = engine.encode(pixels(photo)?, None, &mut steps, &never_cancelled).await?;
        match mask_of(&mut session, points).await {
            Err(error) if engine.recover(&error, &mut steps).await? => {
                eprintln!("note: {}", engine.note().unwrap_or_default());
            }
            mask => return Ok(mask?),
        }
    }
}

async fn mask_of(session: &mut Session, points: &[PromptPoint]) -> Result<Segmentation, EngineError> {
    session.set_points(points)?;
    session.mask(&never_cancelled).await
}

impl Source {
    fn device(&self) -> &Device {
        match self {
            Self::Engine(engine) => engine.device(),
            Self::File(device, ..) => device,
        }
    }
}

/// The mask file of every photo.
fn outputs(args: &SegmentArgs) -> Result<Vec<PathBuf>> {
    let names_file = args.out.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("png"));
    if names_file && !args.out.is_dir() {
        if args.images.len() > 1 {
            bail!(
                "--out {} is one file and there are {} photos. Give a folder.",
                args.out.display(),
                args.images.len()
            );
        }
        return Ok(vec![args.out.clone()]);
    }
    let mut taken = HashMap::new();
    let output = |image: &PathBuf| {
        let stem = image.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let out = args.out.join(format!("{stem}_mask.png"));
        match taken.insert(out.clone(), image.clone()) {
            Some(other) => bail!(
                "{} and {} would both be written to {}. Rename one.",
                other.display(),
                image.display(),
                out.display()
            ),
            None => Ok(out),
        }
    };
    args.images.iter().map(output).collect()
}

/// `photo_mask.png` to `photo_cutout.png`, any other `name.png` to `name_cutout.png`.
fn beside(mask: &Path, kind: &str) -> PathBuf {
    let stem = mask.file_stem().unwrap_or_default().to_string_lossy();
    let stem = stem.strip_suffix("_mask").unwrap_or(&stem);
    mask.with_file_name(format!("{stem}_{kind}.png"))
}
