//! Every layout of JPEG and every kind of PNG against another decoder: the same picture, or a refusal that is
//! expected.

mod jpeg_writer;
mod samples;

use image::DynamicImage;
use jpeg_writer::{Layout, Scan, jpeg, scan};
use lodepng::ColorType;
use maskov_photo::{PhotoError, decode};
use samples::{mean_difference, png_chunk};

/// libjpeg's picture, [height × width, 3]; `None` where it refuses.
fn libjpeg(bytes: &[u8]) -> Option<Vec<u8>> {
    // The library unwinds out of its C code on an error.
    std::panic::catch_unwind(|| {
        let picture = mozjpeg::Decompress::new_mem(bytes).ok()?;
        picture.rgb().ok()?.read_scanlines().ok()
    })
    .ok()
    .flatten()
}

/// The decoders smooth coarse colours in different ways: near, on smooth pictures, and far from what one wrong block does.
const MEAN_BOUND: f64 = 2.5;

#[derive(Debug, PartialEq)]
enum Outcome {
    Same,
    Refused,
}

fn compare(layout: &Layout) -> Outcome {
    let bytes = jpeg(layout);
    let ours = match decode(&bytes) {
        Ok(photo) => photo,
        Err(PhotoError::UnsupportedFormat { format: "this rare kind of JPEG" }) => return Outcome::Refused,
        Err(error) => panic!("{layout:?}: {error:?}"),
    };
    let theirs = libjpeg(&bytes).unwrap_or_else(|| panic!("{layout:?}: opens here and not there"));
    let difference = mean_difference(&ours.rgb(), &theirs);
    assert!(difference <= MEAN_BOUND, "{layout:?}: {difference}");
    Outcome::Same
}

/// Scans of a file that is not progressive, in every grouping of its components.
fn sequential_scans(components: usize) -> Vec<Vec<Scan>> {
    let whole = |components: &[usize]| scan(components, (0, 63), (0, 0));
    if components == 1 {
        return vec![vec![whole(&[0])]];
    }
    vec![
        vec![whole(&[0, 1, 2])],
        vec![whole(&[0]), whole(&[1]), whole(&[2])],
        vec![whole(&[2]), whole(&[0]), whole(&[1])],
        vec![whole(&[0]), whole(&[1, 2])],
        vec![whole(&[0, 1]), whole(&[2])],
    ]
}

/// Scans of a progressive file: with and without refinement, DC of all components together or alone.
fn progressive_scans(components: usize) -> Vec<Vec<Scan>> {
    let all: Vec<usize> = (0..components).collect();
    let alone =
        |band, bits| all.iter().map(move |&component| scan(&[component], band, bits)).collect::<Vec<_>>();
    let together = |bits| vec![scan(&all, (0, 0), bits)];
    vec![
        [together((0, 0)), alone((1, 63), (0, 0))].concat(),
        [alone((0, 0), (0, 0)), alone((1, 5), (0, 0)), alone((6, 63), (0, 0))].concat(),
        [
            together((0, 1)),
            alone((1, 5), (0, 2)),
            alone((6, 63), (0, 2)),
            alone((1, 63), (2, 1)),
            together((1, 0)),
            alone((1, 63), (1, 0)),
        ]
        .concat(),
    ]
}

/// Whether an interleaved scan has no more than the ten blocks an MCU may have (B.2.3).
fn is_legal(layout: &Layout) -> bool {
    layout.scans.iter().all(|scan| {
        let blocks = scan
            .components
            .iter()
            .map(|&component| layout.sampling[component].0 * layout.sampling[component].1);
        scan.components.len() == 1 || blocks.sum::<usize>() <= 10
    })
}

fn layouts(sampling: &[(usize, usize)], sizes: &[(usize, usize)]) -> Vec<Layout> {
    let mut layouts = Vec::new();
    for &size in sizes {
        for is_progressive in [false, true] {
            let scans = if is_progressive {
                progressive_scans(sampling.len())
            } else {
                sequential_scans(sampling.len())
            };
            for (scans, restart_interval) in
                scans.iter().flat_map(|scans| [0, 1, 3].map(|every| (scans.clone(), every)))
            {
                layouts.push(Layout {
                    size,
                    sampling: sampling.to_vec(),
                    is_progressive,
                    restart_interval,
                    scans,
                });
            }
        }
    }
    layouts.retain(is_legal);
    layouts
}

#[test]
fn jpegs_of_the_usual_samplings_open_in_every_layout() {
    let usual: [&[(usize, usize)]; 8] = [
        &[(1, 1)],
        &[(2, 2)],
        &[(1, 1); 3],
        &[(2, 1), (1, 1), (1, 1)],
        &[(1, 2), (1, 1), (1, 1)],
        &[(2, 2), (1, 1), (1, 1)],
        &[(4, 1), (1, 1), (1, 1)],
        &[(1, 1), (2, 2), (2, 2)],
    ];
    for sampling in usual {
        for layout in layouts(sampling, &[(64, 48), (35, 29), (88, 88), (17, 1), (1, 17)]) {
            assert_eq!(compare(&layout), Outcome::Same, "{layout:?}");
        }
    }
}

#[test]
fn jpegs_of_every_sampling_open_right_or_are_refused() {
    let factors = || (1..=4).flat_map(|across| (1..=4).map(move |down| (across, down)));
    let (mut same, mut refused) = (0, 0);
    for luma in factors() {
        for colour in factors() {
            let sampling = [luma, colour, (1, 1)];
            let largest = (luma.0.max(colour.0), luma.1.max(colour.1));
            let is_whole_ratio = sampling.iter().all(|own| largest.0 % own.0 == 0 && largest.1 % own.1 == 0);
            // Neither the finest nor the coarsest possible: how many blocks it has alone is refused here.
            let is_between =
                |own: (usize, usize)| (own.0 > 1 && own.0 < largest.0) || (own.1 > 1 && own.1 < largest.1);
            let may_refuse = !is_whole_ratio || sampling.into_iter().any(is_between);
            for layout in layouts(&sampling, &[(75, 53)]) {
                match compare(&layout) {
                    Outcome::Same => same += 1,
                    Outcome::Refused => {
                        assert!(may_refuse, "{layout:?}");
                        refused += 1;
                    }
                }
            }
        }
    }
    println!("{same} layouts are the same, {refused} are refused");
    assert!(same > refused);
}

#[test]
fn a_wrong_block_would_be_noticed() {
    let layout = &layouts(&[(2, 2), (1, 1), (1, 1)], &[(64, 48)])[0];
    let picture = libjpeg(&jpeg(layout)).unwrap();
    let mut wrong = picture.clone();
    wrong.rotate_right(64 * 8 * 3);
    assert!(mean_difference(&picture, &wrong) > 4.0 * MEAN_BOUND, "{}", mean_difference(&picture, &wrong));
}

/// A PNG of numbers in any layout.
fn png(colour_type: ColorType, depth: u32, is_interlaced: bool, key: Option<u16>) -> Vec<u8> {
    let (width, height) = (13u32, 11u32);
    let mut encoder = lodepng::Encoder::new();
    encoder.set_auto_convert(false);
    encoder.info_png_mut().interlace_method = u8::from(is_interlaced);
    for mode in [true, false] {
        let colour = if mode {
            &mut encoder.info_raw_mut().colortype
        } else {
            &mut encoder.info_png_mut().color.colortype
        };
        *colour = colour_type;
    }
    encoder.info_raw_mut().set_bitdepth(depth);
    encoder.info_png_mut().color.set_bitdepth(depth);
    if colour_type == ColorType::PALETTE {
        for entry in 0..1u32 << depth {
            let entry_byte = entry as u8;
            let alpha = 255 - entry_byte / 2;
            let colour = lodepng::RGBA::new(entry_byte ^ 170, 255 - entry_byte, entry_byte ^ 85, alpha);
            encoder.info_png_mut().color.palette_add(colour).unwrap();
            encoder.info_raw_mut().palette_add(colour).unwrap();
        }
    }
    if let Some(key) = key {
        encoder.info_png_mut().color.set_key(key, key, key);
        encoder.info_raw_mut().set_key(key, key, key);
    }
    let channels = match colour_type {
        ColorType::GREY | ColorType::PALETTE => 1,
        ColorType::GREY_ALPHA => 2,
        ColorType::RGB => 3,
        _ => 4,
    };
    let bits = (width * height * channels * depth) as usize;
    // Some pixels have the key's colour in all channels.
    let samples: Vec<u8> =
        (0..bits.div_ceil(8)).map(|at| if at % 24 < 8 { 7 } else { (at * 37 % 256) as u8 }).collect();
    encoder.encode(&samples, width as usize, height as usize).unwrap()
}

/// The file with a chunk behind its header.
fn with_chunk(png: &[u8], name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    const HEADER_END: usize = 33;
    [&png[..HEADER_END], &png_chunk(name, content), &png[HEADER_END..]].concat()
}

fn same_png(bytes: &[u8], depth: u32, what: &str) {
    let ours = decode(bytes).unwrap_or_else(|error| panic!("{what}: {error:?}"));
    // Each decoder's own widening from 8 to 16 bits is not asked for.
    let theirs =
        match lodepng::decode_memory(bytes, ColorType::RGBA, if depth == 16 { 16 } else { 8 }).unwrap() {
            lodepng::Image::RGBA16(theirs) => {
                let samples = theirs.buffer.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b, pixel.a]);
                // Its memory is in the order of the file.
                let samples: Vec<u16> = samples.map(u16::from_be).collect();
                let picture = image::ImageBuffer::<image::Rgba<u16>, _>::from_raw(
                    theirs.width as u32,
                    theirs.height as u32,
                    samples,
                );
                DynamicImage::from(picture.unwrap())
            }
            lodepng::Image::RGBA(theirs) => {
                let samples: Vec<u8> =
                    theirs.buffer.iter().flat_map(|pixel| [pixel.r, pixel.g, pixel.b, pixel.a]).collect();
                let picture = image::RgbaImage::from_raw(theirs.width as u32, theirs.height as u32, samples);
                DynamicImage::from(picture.unwrap())
            }
            _ => panic!("{what}: not what was asked for"),
        };
    let ours = if depth == 16 {
        ours.pixels().to_rgba16().into()
    } else {
        DynamicImage::from(ours.pixels().to_rgba8())
    };
    assert_eq!((ours.width(), ours.height()), (theirs.width(), theirs.height()), "{what}");
    let differing = ours.as_bytes().iter().zip(theirs.as_bytes()).position(|(ours, theirs)| ours != theirs);
    assert_eq!(differing, None, "{what}");
}

#[test]
fn pngs_of_every_kind_are_the_same() {
    let kinds = [
        (ColorType::GREY, [1, 2, 4, 8, 16].as_slice()),
        (ColorType::PALETTE, &[1, 2, 4, 8]),
        (ColorType::RGB, &[8, 16]),
        (ColorType::GREY_ALPHA, &[8, 16]),
        (ColorType::RGBA, &[8, 16]),
    ];
    for (colour_type, depths) in kinds {
        for (&depth, is_interlaced) in depths.iter().flat_map(|depth| [(depth, false), (depth, true)]) {
            let what = format!("{colour_type:?} {depth} interlaced {is_interlaced}");
            let plain = png(colour_type, depth, is_interlaced, None);
            same_png(&plain, depth, &what);
            same_png(&with_chunk(&plain, b"gAMA", &100_000u32.to_be_bytes()), depth, &format!("{what} gAMA"));
            same_png(&with_chunk(&plain, b"sRGB", &[0]), depth, &format!("{what} sRGB"));
            same_png(&with_chunk(&plain, b"cICP", &[12, 13, 0, 1]), depth, &format!("{what} cICP"));
            same_png(
                &with_chunk(&plain, b"pHYs", &[0, 0, 1, 0, 0, 0, 2, 0, 1]),
                depth,
                &format!("{what} pHYs"),
            );
            same_png(&with_chunk(&plain, b"tEXt", b"Comment\0words"), depth, &format!("{what} tEXt"));
            if matches!(colour_type, ColorType::GREY | ColorType::RGB) {
                let key = [1, 3, 7, 7, 0x0707][depth.ilog2() as usize];
                same_png(&png(colour_type, depth, is_interlaced, Some(key)), depth, &format!("{what} tRNS"));
            }
        }
    }
}
