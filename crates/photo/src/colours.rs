//! Which colours a PNG's numbers are, as an ICC profile: the one description that every written file can carry.

use moxcms::{
    Chromaticity, CicpProfile, ColorPrimaries, ColorProfile, LocalizableString, MatrixCoefficients,
    ProfileText, ToneReprCurve,
};
use png::{CodingIndependentCodePoints, ColorType, Info, SourceChromaticities};

/// CIE illuminant D65, the white of sRGB.
const D65: Chromaticity = Chromaticity::new(0.3127, 0.3290);

/// Exponents beyond these are no picture's: such a chunk is damaged.
const EXPONENTS: std::ops::RangeInclusive<f32> = 0.1..=10.0;

/// The profile in the file, or one that says the same as its chunks. The strongest of them counts: cICP, iCCP, sRGB,
/// then gAMA and cHRM together (PNG third edition, 4.3). `None` where the file says nothing that can be meant.
pub(crate) fn profile_of(info: &Info) -> Option<Vec<u8>> {
    let is_grey = matches!(info.color_type, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    let made = |curve, white: Chromaticity, primaries| {
        let mut profile = ColorProfile::new_srgb();
        profile.update_rgb_colorimetry(white.to_xyyb(), primaries);
        set_curve(&mut profile, curve);
        written(profile, is_grey)
    };
    let points = info.coding_independent_code_points.and_then(of_code_points);
    if let Some(profile) = points.and_then(|profile| written(profile, is_grey)) {
        return Some(profile);
    }
    if let Some(profile) = &info.icc_profile {
        return Some(profile.to_vec());
    }
    let srgb_curve = || ColorProfile::new_srgb().red_trc;
    if info.srgb.is_some() {
        return made(srgb_curve()?, D65, ColorPrimaries::BT_709);
    }
    let exponent = info.gama_chunk.map(|gamma| 1.0 / gamma.into_value()).filter(|at| EXPONENTS.contains(at));
    let chromaticities = info.chrm_chunk.as_ref().filter(|_| !is_grey).and_then(of_chromaticities);
    if exponent.is_none() && chromaticities.is_none() {
        return None;
    }
    let curve = exponent.map(|exponent| ToneReprCurve::Parametric(vec![exponent])).or_else(srgb_curve)?;
    let (white, primaries) = chromaticities.unwrap_or((D65, ColorPrimaries::BT_709));
    made(curve, white, primaries)
}

/// Full-range RGB of ITU-T H.273; a PNG may hold nothing else.
fn of_code_points(points: CodingIndependentCodePoints) -> Option<ColorProfile> {
    if points.matrix_coefficients != 0 || !points.is_video_full_range_image {
        return None;
    }
    let cicp = CicpProfile {
        color_primaries: points.color_primaries.try_into().ok()?,
        transfer_characteristics: points.transfer_function.try_into().ok()?,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    };
    let profile = ColorProfile::new_from_cicp(cicp);
    // Where it does not know the code points, they are not in it.
    profile.red_trc.is_some().then_some(profile)
}

/// White and primaries that span colours; `None` where they lie on one line or at no luminance.
fn of_chromaticities(chunk: &SourceChromaticities) -> Option<(Chromaticity, ColorPrimaries)> {
    let point =
        |(x, y): (png::ScaledFloat, png::ScaledFloat)| Chromaticity::new(x.into_value(), y.into_value());
    let [white, red, green, blue] = [chunk.white, chunk.red, chunk.green, chunk.blue].map(point);
    let area = (green.x - red.x) * (blue.y - red.y) - (blue.x - red.x) * (green.y - red.y);
    let lit = [white, red, green, blue].iter().all(|point| point.y > 0.0 && point.x < 2.0 && point.y < 2.0);
    (lit && area.abs() > 1e-4).then_some((white, ColorPrimaries { red, green, blue }))
}

fn set_curve(profile: &mut ColorProfile, curve: ToneReprCurve) {
    profile.red_trc = Some(curve.clone());
    profile.green_trc = Some(curve.clone());
    profile.blue_trc = Some(curve);
}

/// The bytes of a profile of three channels, or of its curve alone for a grey picture.
fn written(mut profile: ColorProfile, is_grey: bool) -> Option<Vec<u8>> {
    if is_grey {
        let curve = profile.red_trc?;
        profile = ColorProfile::new_gray_with_gamma(1.0);
        profile.gray_trc = Some(curve);
    }
    let text = |words: &str| {
        let text = LocalizableString::new("en".to_owned(), "US".to_owned(), words.to_owned());
        Some(ProfileText::Localizable(vec![text]))
    };
    profile.description = text("Colours of the photo");
    profile.copyright = text("No copyright");
    profile.encode().ok()
}
