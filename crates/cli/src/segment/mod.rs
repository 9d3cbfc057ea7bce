//! `maskov segment`.

mod outputs;
mod solve;

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use maskov_engine::PromptPoint;
use maskov_export::{cutout_png, mask_png, overlay_png};
use maskov_photo::Photo;
use maskov_segment::SIZE_STOPS;
use pollster::block_on;

use crate::args::{EngineArgs, PointArg};
use crate::files::{OutFile, STANDARD_OUTPUT, check_outputs, read_photo, write_standard_output};
use crate::model;
use outputs::{beside, outputs};
use solve::{Found, Source, Wanted};

/// Write the mask of the object under the points
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov segment photo.jpg --point 320,200 --out mask.png\n  \
    maskov segment photo.jpg --point 320,200 --point 40,60:bg --cutout --out results/\n  \
    maskov segment a.jpg b.jpg --point 320,200 --device cpu --out results/\n  \
    maskov segment photo.jpg --point 320,200:size=0.12 --point 40,60:bg:size=0.05 --out mask.png\n  \
    maskov segment photo.jpg --point 320,200 --sizes --out mask.png     # mask_size1.png, mask_size2.png, ...\n  \
    maskov segment photo.jpg --point 320,200 --out - | display -\n\n\
    A mask has the photo's own size: 255 on the object, 0 elsewhere. With --out FILE.png the cut-out and the overlay are\n\
    written beside it; what is there already is replaced with --force only. A point's size is the share of the photo that\n\
    it takes, from 0.001 to 0.9; without one the method chooses. --sizes writes a mask for each stop of the last point's\n\
    size instead, smallest first. Environment: MASKOV_MODEL, a model to use instead of the shipped one.")]
pub struct SegmentArgs {
    /// Photos (JPEG, PNG, WebP, GIF, BMP)
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// A pixel of the object, or with :bg of what is not the object; repeat for more
    #[arg(long = "point", value_name = "X,Y[:bg][:size=SHARE]", required = true, allow_hyphen_values = true)]
    points: Vec<PointArg>,
    /// A PNG file, a folder where several files are written, or - for the PNG on standard output
    #[arg(long, value_name = "FILE|DIR")]
    out: PathBuf,
    /// Replace files that are there already; a photo is never replaced
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    engine: EngineArgs,
    /// Attention map to use instead of a model: safetensors with `attention`, [R², R²]
    #[arg(long, value_name = "FILE", conflicts_with_all = ["model", "resolution"])]
    attention: Option<PathBuf>,
    /// Write a mask for each stop of the last point's size
    #[arg(long, conflicts_with_all = ["cutout", "overlay"])]
    sizes: bool,
    /// Also write the object alone, with the photo's own pixels and colour profile
    #[arg(long)]
    cutout: bool,
    /// Also write the photo with everything but the object stepped back
    #[arg(long)]
    overlay: bool,
}

/// Runs the subcommand.
pub fn run(args: SegmentArgs) -> Result<()> {
    let outputs = outputs(&args.images, &args.out)?;
    if args.sizes && args.points.last().is_some_and(|last| last.0.size.is_some()) {
        bail!(
            "--sizes tries every size of the last --point, and that one has a size. Leave one of the two out."
        );
    }
    check_standard_output(&args)?;
    let model = model::folder(args.engine.model.as_deref());
    let inputs = args.images.iter().chain(&args.attention).chain(&model);
    let inputs: Vec<&Path> = inputs.map(PathBuf::as_path).collect();
    let written: Vec<PathBuf> = outputs.iter().flat_map(|mask| written(&args, mask)).collect();
    check_outputs("--out", &written, &inputs, args.force)?;
    let points: Vec<PromptPoint> = args.points.iter().map(|point| point.0).collect();
    for note in notes(&points) {
        eprintln!("note: {note}");
    }
    let mut source = Source::open(&args.engine, args.attention.as_deref())?;
    let mut failed = 0;
    for (image, out) in args.images.iter().zip(&outputs) {
        let done = if args.sizes {
            segment_sizes(&mut source, &points, image, out)
        } else {
            segment(&args, &mut source, &points, image, out)
        };
        if let Err(error) = done {
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

fn is_standard_output(out: &Path) -> bool {
    out.as_os_str() == STANDARD_OUTPUT
}

/// Standard output takes one picture, and a terminal none.
fn check_standard_output(args: &SegmentArgs) -> Result<()> {
    if !is_standard_output(&args.out) {
        return Ok(());
    }
    if args.images.len() > 1 {
        bail!("--out - takes one mask and there are {} photos. Give a folder to --out.", args.images.len());
    }
    for (asked, option) in [(args.sizes, "--sizes"), (args.cutout, "--cutout"), (args.overlay, "--overlay")] {
        if asked {
            bail!("--out - takes the mask alone. Leave {option} out, or give a file to --out.");
        }
    }
    if io::stdout().is_terminal() {
        bail!("--out - would write a PNG file to the terminal. Redirect it, or give a file to --out.");
    }
    Ok(())
}

/// The files that may be written for a photo whose mask goes to this one.
fn written(args: &SegmentArgs, mask: &Path) -> Vec<PathBuf> {
    if is_standard_output(mask) {
        return Vec::new();
    }
    if args.sizes {
        return (0..SIZE_STOPS.len()).map(|index| of_stop(mask, index)).collect();
    }
    let cutout = args.cutout.then(|| beside(mask, "cutout"));
    let overlay = args.overlay.then(|| beside(mask, "overlay"));
    [mask.to_owned()].into_iter().chain(cutout).chain(overlay).collect()
}

/// The mask file of a stop of a size.
fn of_stop(mask: &Path, index: usize) -> PathBuf {
    beside(mask, &format!("size{}", index + 1))
}

/// What is taken otherwise than it was written.
fn notes(points: &[PromptPoint]) -> Vec<String> {
    let mut notes: Vec<String> = points.iter().filter_map(|point| point.size_note()).collect();
    for (index, point) in points.iter().enumerate() {
        if points[..index].iter().any(|before| (before.x, before.y) == (point.x, point.y)) {
            let side = if point.foreground { "the object" } else { "the background" };
            notes.push(format!(
                "there are two points at {},{}: the later one counts, which marks {side}",
                point.x, point.y
            ));
        }
    }
    notes
}

fn open(image: &Path, points: &[PromptPoint]) -> Result<Photo> {
    let photo = read_photo(image)?;
    for note in photo.notes() {
        eprintln!("note: {}: {note}", image.display());
    }
    for point in points {
        point.check_inside(photo.width(), photo.height()).with_context(|| image.display().to_string())?;
    }
    Ok(photo)
}

fn segment(
    args: &SegmentArgs,
    source: &mut Source,
    points: &[PromptPoint],
    image: &Path,
    out: &Path,
) -> Result<()> {
    let start = Instant::now();
    let photo = open(image, points)?;
    let create = |path: &Path| OutFile::create("--out", path);
    let mask_file = (!is_standard_output(out)).then(|| create(out)).transpose()?;
    let beside = |kind: &str| create(&beside(out, kind));
    let cutout_file = args.cutout.then(|| beside("cutout")).transpose()?;
    let overlay_file = args.overlay.then(|| beside("overlay")).transpose()?;

    let found = block_on(source.solve(&photo, points, Wanted::Mask));
    let mask = &found.with_context(|| image.display().to_string())?[0].mask;
    let png = mask_png(&mask.pixels, mask.width, mask.height)?;
    match mask_file {
        Some(file) => file.write(&png)?,
        None => return write_standard_output(&png),
    }
    if let Some(file) = cutout_file {
        file.write(&cutout_png(&photo, &mask.pixels)?)?;
    }
    if let Some(file) = overlay_file {
        file.write(&overlay_png(&photo, &mask.pixels)?)?;
    }
    println!(
        "{} ({}×{}, object {:.1} %, {:.1} s on {})",
        out.display(),
        mask.width,
        mask.height,
        100.0 * mask.area(),
        start.elapsed().as_secs_f64(),
        source.device().name()
    );
    Ok(())
}

/// A mask and a line for every stop of the last point's size.
fn segment_sizes(source: &mut Source, points: &[PromptPoint], image: &Path, out: &Path) -> Result<()> {
    let photo = open(image, points)?;
    // How many there are is known after the work: of a file that is not needed nothing stays.
    let files = (0..SIZE_STOPS.len())
        .map(|index| OutFile::create("--out", &of_stop(out, index)))
        .collect::<Result<Vec<_>>>()?;

    let found = block_on(source.solve(&photo, points, Wanted::Sizes));
    let found = found.with_context(|| image.display().to_string())?;
    for (index, (Found { mask, stop }, file)) in found.iter().zip(files).enumerate() {
        file.write(&mask_png(&mask.pixels, mask.width, mask.height)?)?;
        let size = stop.map_or(0.0, |stop| stop.size);
        let automatic = if stop.is_some_and(|stop| stop.is_automatic) { ", automatic" } else { "" };
        println!(
            "{} (size {size:.4}, object {:.1} %{automatic})",
            of_stop(out, index).display(),
            100.0 * mask.area()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_otherwise_is_said() {
        let notes_of = |points: &[&str]| {
            let points: Vec<PromptPoint> =
                points.iter().map(|point| point.parse::<PointArg>().unwrap().0).collect();
            notes(&points)
        };
        assert!(notes_of(&["3,4:size=0.2", "4,3:bg", "3,3"]).is_empty());
        let said = notes_of(&["3,4:size=7", "1,1", "3,4:bg"]);
        assert!(said.len() == 2 && said[0].contains("size 7") && said[0].contains("0.9"), "{said:?}");
        assert!(
            said[1].contains("two points at 3,4") && said[1].contains("marks the background"),
            "{said:?}"
        );
    }
}
