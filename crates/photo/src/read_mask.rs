//! A mask image of a data set to a [`Mask`].

use std::collections::BTreeSet;
use std::io::Cursor;

use image::ImageFormat;
use image::metadata::Orientation;
use png::{BitDepth, ColorType, Transformations};

use crate::mask::{Mask, MaskNote, Meaning, distinct};
use crate::sniff::sniff;
use crate::{MAX_PIXELS, PhotoError, decode, exif};

/// 16-bit values of which there are more are shades, not labels.
const MOST_LABELS: usize = 1000;

/// Reads a mask image (PNG with or without palette, BMP, JPEG, …) for evaluation. Transparent pixels are background.
///
/// # Errors
/// As [`decode`].
pub fn read_mask(bytes: &[u8]) -> Result<Mask, PhotoError> {
    // What the palette and the upper byte say is lost once a file is decoded to colours.
    if let Some(mask) = png_samples(bytes) {
        return Ok(mask);
    }
    let few_colours = match sniff(bytes)? {
        ImageFormat::Gif => true,
        ImageFormat::Bmp => bytes.get(28).is_some_and(|&bits| bits <= 8),
        _ => false,
    };
    let photo = decode(bytes)?;
    let rgba = photo.pixels().to_rgba8();
    let pixels: Vec<[u8; 4]> = rgba.pixels().map(|pixel| pixel.0).collect();
    let (values, meaning, note) = match of_colours(&pixels) {
        (colours, None) if few_colours && colours.len() > 1 && !are_grey(&colours) => {
            (numbered(&pixels, &colours), Meaning::Labels, None)
        }
        (colours, note) => {
            let values = brightness(&pixels, note);
            let note = note.or_else(|| shades(&values, &colours));
            (values, Meaning::Brightness, note)
        }
    };
    let (width, height, orientation) = (photo.width(), photo.height(), photo.orientation());
    Ok(Mask { width, height, values, meaning, orientation, note })
}

/// The colours that are neither black nor transparent; where there are none but something is not transparent, the
/// note that this is the object.
fn of_colours(pixels: &[[u8; 4]]) -> (BTreeSet<[u8; 3]>, Option<MaskNote>) {
    let mut colours = BTreeSet::new();
    let (mut nothing, mut something) = (false, false);
    let mut last = [0; 4];
    for &pixel in pixels {
        let [r, g, b, alpha] = pixel;
        nothing |= alpha == 0;
        something |= alpha > 0;
        if pixel != last && alpha > 0 && [r, g, b] != [0; 3] {
            colours.insert([r, g, b]);
        }
        last = pixel;
    }
    let is_silhouette = colours.is_empty() && nothing && something;
    (colours, is_silhouette.then_some(MaskNote::Transparency))
}

fn brightness(pixels: &[[u8; 4]], note: Option<MaskNote>) -> Vec<u16> {
    let value = |&[r, g, b, alpha]: &[u8; 4]| match note {
        Some(MaskNote::Transparency) => u16::from(alpha > 0) * 255,
        _ if alpha == 0 => 0,
        _ if r == g && g == b => u16::from(r),
        _ => 255,
    };
    pixels.iter().map(value).collect()
}

/// Colours as labels, numbered from 1 on in their own order.
fn numbered(pixels: &[[u8; 4]], colours: &BTreeSet<[u8; 3]>) -> Vec<u16> {
    let numbers: std::collections::HashMap<_, _> = colours.iter().zip(1u16..).collect();
    let value = |&[r, g, b, alpha]: &[u8; 4]| {
        if alpha == 0 { 0 } else { numbers.get(&[r, g, b]).copied().unwrap_or(0) }
    };
    pixels.iter().map(value).collect()
}

fn are_grey(colours: &BTreeSet<[u8; 3]>) -> bool {
    colours.iter().all(|[r, g, b]| r == g && g == b)
}

/// The note on values that may have been meant otherwise: not on one of them, nor on GrabCut's 128 beside 255.
fn shades(values: &[u16], colours: &BTreeSet<[u8; 3]>) -> Option<MaskNote> {
    if colours.len() > 1 && !are_grey(colours) {
        return Some(MaskNote::SeveralColours);
    }
    let distinct = distinct(values);
    let is_plain = distinct.len() < 2 || distinct.iter().all(|value| matches!(value, 128 | 255));
    (!is_plain).then_some(MaskNote::SeveralGreys)
}

/// A PNG with a palette or 16 bits of grey, by its own samples; `None` for any other file, and for one that is not
/// sound, of which decoding says more.
fn png_samples(bytes: &[u8]) -> Option<Mask> {
    let mut decoder = png::Decoder::new_with_limits(
        Cursor::new(bytes),
        png::Limits { bytes: usize::try_from(2 * MAX_PIXELS).ok()? },
    );
    decoder.set_transformations(Transformations::IDENTITY);
    let mut reader = decoder.read_info().ok()?;
    let (width, height) = reader.info().size();
    let (colour, depth) = (reader.info().color_type, reader.info().bit_depth);
    let is_deep =
        depth == BitDepth::Sixteen && matches!(colour, ColorType::Grayscale | ColorType::GrayscaleAlpha);
    if !(is_deep || colour == ColorType::Indexed) || u64::from(width) * u64::from(height) > MAX_PIXELS {
        return None;
    }
    let mut samples = vec![0; reader.output_buffer_size()?];
    let frame = reader.next_frame(&mut samples).ok()?;
    let info = reader.info();
    let (values, meaning, note) = match colour {
        ColorType::Indexed => {
            let indices = indices(&samples, width as usize, frame.line_size, depth as usize);
            of_palette(&indices, info.palette.as_deref()?, info.trns.as_deref().unwrap_or_default())
        }
        ColorType::Grayscale => of_deep_grey(words(&samples).collect()),
        _ => {
            let words: Vec<u16> = words(&samples).collect();
            let is_clear = words.as_chunks::<2>().0.iter().all(|&[_, alpha]| alpha == 0);
            let visible = |&[value, alpha]: &[u16; 2]| if alpha > 0 || is_clear { value } else { 0 };
            of_deep_grey(words.as_chunks().0.iter().map(visible).collect())
        }
    };
    let orientation = exif::orientation(info.exif_metadata.as_deref());
    let mask = Mask { width, height, values, meaning, orientation: Orientation::NoTransforms, note };
    Some(mask.turned(orientation))
}

fn words(samples: &[u8]) -> impl Iterator<Item = u16> {
    samples.as_chunks().0.iter().map(|&word| u16::from_be_bytes(word))
}

/// The indices out of lines of 1, 2, 4 or 8 bits each.
fn indices(samples: &[u8], width: usize, line_size: usize, bits: usize) -> Vec<u8> {
    let index = |line: &[u8], x: usize| {
        let shift = 8 - bits - x * bits % 8;
        (line[x * bits / 8] >> shift) & (u8::MAX >> (8 - bits))
    };
    samples.chunks_exact(line_size).flat_map(|line| (0..width).map(move |x| index(line, x))).collect()
}

/// 16 bits: labels, unless they are 8-bit values written twice, or too many to be labels.
fn of_deep_grey(mut values: Vec<u16>) -> (Vec<u16>, Meaning, Option<MaskNote>) {
    let labels = distinct(&values);
    let is_doubled = labels.iter().all(|value| value % 257 == 0);
    if !is_doubled && labels.len() <= MOST_LABELS {
        return (values, Meaning::Labels, None);
    }
    values.iter_mut().filter(|value| **value > 0).for_each(|value| *value = (*value / 257).max(1));
    let note = shades(&values, &BTreeSet::new());
    (values, Meaning::Brightness, note)
}

/// A coloured palette's indices are labels, and so are greys too dark to be shades. Background is black and what is
/// transparent; index 0 where there is neither.
fn of_palette(indices: &[u8], palette: &[u8], alphas: &[u8]) -> (Vec<u16>, Meaning, Option<MaskNote>) {
    let mut is_used = [false; 256];
    indices.iter().for_each(|&index| is_used[usize::from(index)] = true);
    // A missing colour is black, as decoders have it.
    let colour = |index: u8| -> [u8; 4] {
        let [r, g, b] = palette.as_chunks().0.get(usize::from(index)).copied().unwrap_or_default();
        [r, g, b, alphas.get(usize::from(index)).copied().unwrap_or(255)]
    };
    let used: Vec<u8> = (0..=255).filter(|&index| is_used[usize::from(index)]).collect();
    let palette: Vec<[u8; 4]> = used.iter().map(|&index| colour(index)).collect();
    let (colours, note) = of_colours(&palette);
    let is_dark = colours.iter().all(|&[r, g, b]| r.max(g).max(b) < 128);
    if are_grey(&colours) && (colours.len() < 2 || !is_dark) {
        let shown = brightness(&palette, note);
        let mut values_of = [0; 256];
        used.iter().zip(&shown).for_each(|(&index, &value)| values_of[usize::from(index)] = value);
        let values = indices.iter().map(|&index| values_of[usize::from(index)]).collect();
        return (values, Meaning::Brightness, note.or_else(|| shades(&shown, &colours)));
    }
    let is_background = |index: u8| {
        let [r, g, b, alpha] = colour(index);
        alpha == 0 || [r, g, b] == [0; 3]
    };
    let background = used.iter().copied().find(|&index| is_background(index));
    let label = |&index: &u8| match (index, background) {
        (index, Some(_)) if is_background(index) => 0,
        // An object of index 0 goes by the one that the background has.
        (0, Some(background)) => u16::from(background),
        (index, _) => u16::from(index),
    };
    (indices.iter().map(label).collect(), Meaning::Labels, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BLACK: [u8; 3] = [0; 3];
    const RED: [u8; 3] = [128, 0, 0];
    const GREEN: [u8; 3] = [0, 128, 0];
    const WHITE: [u8; 3] = [255; 3];

    fn png(
        colour: ColorType,
        depth: BitDepth,
        width: u32,
        samples: &[u8],
        palette: &[[u8; 3]],
        trns: &[u8],
    ) -> Vec<u8> {
        let mut bytes = Vec::new();
        let line = (width as usize * depth as usize * colour.samples()).div_ceil(8);
        let mut encoder = png::Encoder::new(&mut bytes, width, (samples.len() / line) as u32);
        encoder.set_color(colour);
        encoder.set_depth(depth);
        if !palette.is_empty() {
            encoder.set_palette(palette.concat());
        }
        if !trns.is_empty() {
            encoder.set_trns(trns.to_vec());
        }
        encoder.write_header().unwrap().write_image_data(samples).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> (Vec<u16>, Meaning, Option<MaskNote>) {
        let mask = read_mask(bytes).unwrap();
        assert_eq!(mask.values.len() as u32, mask.width * mask.height);
        (mask.values, mask.meaning, mask.note)
    }

    fn indexed(indices: &[u8], palette: &[[u8; 3]], trns: &[u8]) -> (Vec<u16>, Meaning, Option<MaskNote>) {
        let png = png(ColorType::Indexed, BitDepth::Eight, indices.len() as u32, indices, palette, trns);
        read(&png)
    }

    #[test]
    fn a_coloured_palette_is_labels_by_index() {
        let labels = |values: &[u16]| (values.to_vec(), Meaning::Labels, None);
        // Both have the same brightest channel.
        assert_eq!(indexed(&[0, 1, 2, 1], &[BLACK, RED, GREEN], &[]), labels(&[0, 1, 2, 1]));
        assert_eq!(indexed(&[0, 1, 1], &[BLACK, RED], &[]), labels(&[0, 1, 1]));
        // Black need not be the first, and what is transparent is background, too.
        assert_eq!(indexed(&[0, 2, 1], &[RED, GREEN, BLACK], &[]), labels(&[2, 0, 1]));
        assert_eq!(indexed(&[0, 1, 2], &[WHITE, RED, GREEN], &[0]), labels(&[0, 1, 2]));
        assert_eq!(indexed(&[0, 1, 2], &[WHITE, RED, GREEN], &[]), labels(&[0, 1, 2]));
        // A ramp of greys as palette, with small values.
        let ramp: Vec<[u8; 3]> = (0..4).map(|value| [value; 3]).collect();
        assert_eq!(indexed(&[0, 1, 3], &ramp, &[]), labels(&[0, 1, 3]));
        // Two bits an index, in lines that end within a byte.
        let packed = png(
            ColorType::Indexed,
            BitDepth::Two,
            3,
            &[0b00_01_10_00, 0b01_00_01_00],
            &[BLACK, RED, GREEN],
            &[],
        );
        assert_eq!(read(&packed), labels(&[0, 1, 2, 1, 0, 1]));
    }

    #[test]
    fn a_palette_of_black_and_white_is_one_object() {
        let object = |values: &[u16]| (values.to_vec(), Meaning::Brightness, None);
        assert_eq!(indexed(&[0, 1, 1], &[WHITE, BLACK], &[]), object(&[255, 0, 0]));
        assert_eq!(indexed(&[0, 1, 2], &[BLACK, [128; 3], WHITE], &[]), object(&[0, 128, 255]));
        let silhouette = (vec![0, 255], Meaning::Brightness, Some(MaskNote::Transparency));
        assert_eq!(indexed(&[0, 1], &[BLACK, BLACK], &[0]), silhouette);
    }

    #[test]
    fn sixteen_bits_are_labels_but_for_eight_bits_written_twice() {
        let deep = |values: &[u16]| {
            let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_be_bytes()).collect();
            read(&png(ColorType::Grayscale, BitDepth::Sixteen, values.len() as u32, &bytes, &[], &[]))
        };
        assert_eq!(deep(&[0, 1, 2, 1000]), (vec![0, 1, 2, 1000], Meaning::Labels, None));
        assert_eq!(deep(&[0, 65_535, 128 * 257]), (vec![0, 255, 128], Meaning::Brightness, None));
        let shades: Vec<u16> = (0..2000).map(|value| value * 32).collect();
        let (values, meaning, note) = deep(&shades);
        assert_eq!((meaning, note), (Meaning::Brightness, Some(MaskNote::SeveralGreys)));
        assert!(values[0] == 0 && values[1..].iter().all(|&value| (1..256).contains(&value)));
        let alpha = [1u16, 65_535, 2, 0, 3, 7].map(u16::to_be_bytes).concat();
        let alpha = png(ColorType::GrayscaleAlpha, BitDepth::Sixteen, 3, &alpha, &[], &[]);
        assert_eq!(read(&alpha), (vec![1, 0, 3], Meaning::Labels, None));
    }

    #[test]
    fn greys_and_colours_are_one_object_and_doubtful_ones_are_told() {
        let grey = |values: &[u8], note| {
            let png = png(ColorType::Grayscale, BitDepth::Eight, values.len() as u32, values, &[], &[]);
            let expected: Vec<u16> = values.iter().copied().map(u16::from).collect();
            assert_eq!(read(&png), (expected, Meaning::Brightness, note));
        };
        grey(&[0, 255], None);
        grey(&[0, 128, 255], None);
        grey(&[0, 1, 1], None);
        grey(&[0, 1, 2], Some(MaskNote::SeveralGreys));
        let one_bit = png(ColorType::Grayscale, BitDepth::One, 3, &[0b0110_0000], &[], &[]);
        assert_eq!(read(&one_bit), (vec![0, 255, 255], Meaning::Brightness, None));
        let alpha = png(ColorType::GrayscaleAlpha, BitDepth::Eight, 3, &[255, 0, 255, 255, 0, 255], &[], &[]);
        assert_eq!(read(&alpha), (vec![0, 255, 0], Meaning::Brightness, None));
        let silhouette = png(ColorType::GrayscaleAlpha, BitDepth::Eight, 2, &[0, 0, 0, 255], &[], &[]);
        assert_eq!(read(&silhouette).2, Some(MaskNote::Transparency));
        let colours = png(ColorType::Rgb, BitDepth::Eight, 3, &[BLACK, RED, GREEN].concat(), &[], &[]);
        assert_eq!(read(&colours), (vec![0, 255, 255], Meaning::Brightness, Some(MaskNote::SeveralColours)));
    }

    #[test]
    fn a_mask_is_turned_as_a_photo_is() {
        let mask = Mask::of_labels(3, 1, vec![1, 2, 3]);
        let turned = mask.clone().turned(Orientation::Rotate90);
        assert_eq!((turned.width, turned.height, turned.values), (1, 3, vec![1, 2, 3]));
        assert_eq!(mask.turned(Orientation::Rotate180).values, [3, 2, 1]);
    }
}
