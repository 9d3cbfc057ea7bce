//! The method on a given attention map, against the authors' code.

use anyhow::{Result, bail};
use maskov_engine::{Attention, Device, Fidelity, PromptPoint, RgbImage, Session};
use maskov_segment::evaluation::iou;
use maskov_segment::{AttentionMap, MethodSettings, upsample_direct};

use super::golden::Golden;
use super::report::{Report, largest_difference};

/// Bounds of the stages, absolute; maps in iterations.
const START_STATE: f64 = 1e-6;
const ROW: f64 = 1e-5;
const MAP: f64 = 0.05;
const FOLDED: f64 = 0.01;
const DISTANCE: f64 = 1e-3;
const THRESHOLD: f64 = 1e-3;
const MASK: f64 = 1e-3;

const LARGEST: &str = "largest difference";

pub async fn verify(golden: &Golden, device: &Device, report: &mut Report) -> Result<()> {
    let points = points(golden)?;
    let method = method(golden)?;
    let [height, width, 3] = *golden.shape("image")? else {
        bail!("`image` has shape {:?}, not [height, width, 3]", golden.shape("image")?);
    };
    let photo = RgbImage::new(width as u32, height as u32, golden.u8("image")?)?;
    let resolution = golden.shape("attention")?[0].isqrt();
    let attention = Attention::Cpu(AttentionMap::new(resolution, golden.f32("attention")?)?);
    let (direct_photo, range_sigma) = (photo.clone(), method.range_sigma);
    let mut session = Session::new(device, attention, photo, method, Fidelity::EXACT, &mut ()).await?;

    rows(golden, &session, resolution * resolution, report).await?;
    for (i, &point) in points.iter().enumerate() {
        let got = session.stages(point).await?;
        let mut compare = |stage: &str, got: &[f32], bound: f64| -> Result<()> {
            let name = format!("point{i}.{stage}");
            report.line(&name, LARGEST, largest_difference(got, &golden.f32(&name)?), bound);
            Ok(())
        };
        compare("start_state", &got.start_state, START_STATE)?;
        compare("markov_map", &got.markov_map, MAP)?;
        compare("upsampled", &got.upsampled, MAP)?;
        compare("distance_map", &got.distance_map, DISTANCE)?;
        let direct = upsample_direct(&direct_photo, &got.markov_map, resolution, range_sigma);
        let name = format!("point{i}.upsampled");
        let error = largest_difference(&direct, &golden.f32(&name)?);
        report.line(&format!("{name} by the formula"), LARGEST, error, MAP);
        let error = largest_difference(&got.upsampled, &direct);
        report.line(&format!("{name} folded against formula"), LARGEST, error, FOLDED);
    }
    for clicks in 1..=points.len() {
        session.set_points(&points[..clicks])?;
        let got = session.mask(&mut ()).await?;
        let name = format!("step{clicks}.thresholds");
        report.line(&name, LARGEST, largest_difference(&got.thresholds, &golden.f32(&name)?), THRESHOLD);
        let name = format!("step{clicks}.mask");
        let truth = golden.u8(&name)?;
        let error =
            if truth.len() == got.mask.pixels.len() { 1.0 - iou(&got.mask.pixels, &truth) } else { 1.0 };
        report.line(&name, "1 − IoU", error, MASK);
    }
    Ok(())
}

/// Rows 0, ⌊R²/2⌋ and R² − 1 of the matrix on its way.
async fn rows(golden: &Golden, session: &Session, tokens: usize, report: &mut Report) -> Result<()> {
    let temperature = golden.f32("row_checksum.temperature")?;
    let transition = golden.f32("row_checksum.transition")?;
    for (i, row) in [0, tokens / 2, tokens - 1].into_iter().enumerate() {
        let got = session.transition_row(row).await?;
        let span = i * tokens..(i + 1) * tokens;
        for (name, got, want) in [
            ("temperature", &got.temperature, temperature.get(span.clone())),
            ("transition", &got.transition, transition.get(span)),
        ] {
            let error = largest_difference(got, want.unwrap_or_default());
            report.line(&format!("row_checksum.{name}, row {row}"), LARGEST, error, ROW);
        }
    }
    Ok(())
}

fn points(golden: &Golden) -> Result<Vec<PromptPoint>> {
    let at: Vec<[u32; 2]> = golden.json("points_xy")?;
    let labels: Vec<bool> = golden.json("labels")?;
    if at.len() != labels.len() {
        bail!("points_xy has {} points and labels {}", at.len(), labels.len());
    }
    Ok(at.into_iter().zip(labels).map(|([x, y], foreground)| PromptPoint::new(x, y, foreground)).collect())
}

/// The constants that the file was made with; the paper's where it does not say.
fn method(golden: &Golden) -> Result<MethodSettings> {
    let number = |key: &str, default: f64| match golden.metadata(key) {
        Some(_) => golden.json::<f64>(key),
        None => Ok(default),
    };
    let default = MethodSettings::default();
    Ok(MethodSettings {
        temperature: number("temperature", default.temperature.into())? as f32,
        ipf_rounds: number("ipf_iterations", default.ipf_rounds.into())? as u32,
        relative_probability_threshold: number(
            "relative_probability_threshold",
            default.relative_probability_threshold.into(),
        )? as f32,
        range_sigma: number("jbu_range_sigma", default.range_sigma.into())? as f32,
        max_segment_area: number("max_segment_area", default.max_segment_area)?,
        ..default
    })
}
