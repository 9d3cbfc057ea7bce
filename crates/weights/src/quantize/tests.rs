use super::*;
use crate::testing::{gaussian, uniform};

/// Largest error in units of half a scale of its own group; 1 is the bound.
fn worst_half_scales(weight: &[f32], quantized: &QuantizedMatrix) -> f32 {
    let matrix = quantized.matrix;
    let back = dequantize(quantized);
    let mut worst = 0f32;
    for row in 0..matrix.rows() {
        for input in 0..matrix.inputs {
            let index = matrix.dense_index(row, input);
            let half_scale = quantized.scale(row * matrix.groups() + input / GROUP_SIZE).abs() / 2.0;
            let error = (weight[index] - back[index]).abs();
            if error > 0.0 {
                worst = worst.max(error / half_scale);
            }
        }
    }
    worst
}

/// A bound of exactly half a scale needs exact division; w / scale is rounded to f32. At up to 127.5 steps that moves a
/// tie by at most 2⁻¹⁸ steps, twice that in half scales, and the test's own division adds 2⁻²⁴; q · scale is exact
/// (8 by 11 bits).
const ROUNDING: f32 = 1e-5;

const SHAPES: [&[usize]; 9] = [
    &[1, 1],
    &[3, 31],
    &[4, 32],
    &[2, 33],
    &[5, 144],
    &[3, 33, 1, 1],
    &[2, 1, 3, 3],
    &[3, 33, 3, 3],
    &[2, 144, 3, 3],
];

#[test]
fn every_error_is_within_half_a_scale() {
    for dtype in [DType::Q8, DType::Q4] {
        for shape in SHAPES {
            // 1e-6 and below: q8's and q4's scales are subnormal in f16; 1e-8: the smallest f16 above zero.
            for spread in [1.0, 1e-3, 1e-5, 1e-6, 1e-8, 1e-30, 1e4] {
                for seed in 0..8 {
                    let count = shape.iter().product();
                    let weight: Vec<f32> = gaussian(count, seed).iter().map(|w| w * spread).collect();
                    let quantized = quantize("w", &weight, shape, dtype).unwrap();
                    let worst = worst_half_scales(&weight, &quantized);
                    assert!(
                        worst <= 1.0 + ROUNDING,
                        "{dtype} {shape:?} spread {spread} seed {seed}: {worst}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_bound_holds_at_the_ends_of_the_range() {
    // Both signs at the largest magnitude: what puts q4's positive side beyond 7.
    for (dtype, magnitude) in
        [(DType::Q8, 1.27f32), (DType::Q4, 0.8), (DType::Q4, 9.5e-8), (DType::Q8, 1.4 * 2f32.powi(-24))]
    {
        let mut weight = vec![0.0; 32];
        (weight[0], weight[1], weight[2]) = (magnitude, -magnitude, magnitude / 2.0);
        let quantized = quantize("w", &weight, &[1, 32], dtype).unwrap();
        assert!(worst_half_scales(&weight, &quantized) <= 1.0 + ROUNDING, "{dtype} {magnitude}");
    }
}

#[test]
fn the_bound_can_fail() {
    let weight = uniform(64, 3);
    let mut quantized = quantize("w", &weight, &[2, 32], DType::Q8).unwrap();
    quantized.qweight[5] ^= 2 << 8;
    assert!(worst_half_scales(&weight, &quantized) > 2.0);
}

#[test]
fn quantising_twice_changes_nothing() {
    for dtype in [DType::Q8, DType::Q4] {
        let shape = [3, 40, 3, 3];
        let once = dequantize(&quantize("w", &gaussian(3 * 40 * 9, 5), &shape, dtype).unwrap());
        let twice = dequantize(&quantize("w", &once, &shape, dtype).unwrap());
        assert_eq!(once, twice, "{dtype}");
    }
}

#[test]
fn q8_layout_is_lowest_byte_first_in_out_tap_in_order() {
    // [1, 2, 3, 3], w[input, tap], largest 127 in every group: all scales are 1.
    let mut weight = vec![0.0; 18];
    for tap in 0..9 {
        weight[tap] = 127.0;
        weight[9 + tap] = -(tap as f32);
    }
    let quantized = quantize("w", &weight, &[1, 2, 3, 3], DType::Q8).unwrap();
    assert_eq!((quantized.qweight.len(), quantized.scales.len()), (9 * 8, 5));
    for tap in 0..9usize {
        let second = (-(tap as i8)) as u8;
        assert_eq!(quantized.qweight[8 * tap], 127 | u32::from(second) << 8);
        assert_eq!(quantized.scale(tap), 1.0);
    }
    assert_eq!(quantized.scales[0], 0x3c00_3c00);
    assert_eq!(quantized.scales[4], 0x0000_3c00, "the odd scale has an empty high half");
}

#[test]
fn q4_layout_is_lowest_nibble_first() {
    // -8..=7 are exactly the values of scale 1, which then has no error and wins.
    let weight: Vec<f32> = (0..32).map(|i| (i % 16) as f32 - 8.0).collect();
    let quantized = quantize("w", &weight, &[1, 32], DType::Q4).unwrap();
    let back = dequantize(&quantized);
    assert_eq!(quantized.scale(0), 1.0);
    assert_eq!(quantized.qweight, [0x7654_3210, 0xfedc_ba98, 0x7654_3210, 0xfedc_ba98]);
    assert_eq!(back, weight);
    let negated: Vec<f32> = weight.iter().map(|w| -w).collect();
    let mirrored = quantize("w", &negated, &[1, 32], DType::Q4).unwrap();
    assert_eq!(mirrored.scale(0), -1.0, "the sign of the scale follows the longer side");
    assert_eq!(mirrored.qweight, quantized.qweight);
}

#[test]
fn a_group_never_spans_two_rows_or_taps() {
    // 33 inputs: the second group has one input and its own scale; rows differ a thousandfold.
    let weight: Vec<f32> = (0..66).map(|i| if i < 33 { 1.0 } else { 1000.0 } * (i % 33 + 1) as f32).collect();
    let quantized = quantize("w", &weight, &[2, 33], DType::Q8).unwrap();
    let scales: Vec<f32> = (0..4).map(|i| quantized.scale(i)).collect();
    for (scale, largest) in scales.iter().zip([32.0, 33.0, 32000.0, 33000.0]) {
        assert!((scale * 127.0 / largest - 1.0f32).abs() < 1e-3, "{scales:?}");
    }
    let padding = &quantized.qweight[8..16];
    assert!(padding[0] & 0xffff_ff00 == 0 && padding[1..].iter().all(|&word| word == 0), "{padding:x?}");
}

#[test]
fn zeros_stay_zero() {
    let q8 = quantize("w", &[0.0; 40], &[1, 40], DType::Q8).unwrap();
    let q4 = quantize("w", &[0.0; 40], &[1, 40], DType::Q4).unwrap();
    assert!(q8.qweight.iter().all(|&word| word == 0) && q8.scales == [0]);
    assert!(q4.qweight.iter().all(|&word| word == 0x8888_8888) && q4.scales == [0]);
    assert_eq!(dequantize(&q8), [0.0; 40]);
    assert_eq!(dequantize(&q4), [0.0; 40]);
}

#[test]
fn what_cannot_be_quantised_is_an_error() {
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error = quantize("w", &[0.0, bad], &[1, 2], DType::Q8).unwrap_err();
        assert_eq!(error, WeightsError::NotFinite { tensor: "w".into(), index: 1 });
    }
    for dtype in [DType::Q8, DType::Q4] {
        let error = quantize("w", &[1e30], &[1, 1], dtype).unwrap_err();
        assert!(matches!(error, WeightsError::OutOfRange { .. }), "{error}");
    }
    assert!(matches!(quantize("w", &[1.0], &[1], DType::Q8), Err(WeightsError::NotAMatrix { .. })));
    assert!(matches!(quantize("w", &[1.0], &[1, 1], DType::F16), Err(WeightsError::UnsupportedDType { .. })));
}

#[test]
fn bytes_round_trip() {
    for dtype in [DType::Q8, DType::Q4] {
        let shape = [3, 33];
        let quantized = quantize("w", &uniform(99, 2), &shape, dtype).unwrap();
        let bytes = quantized.to_bytes();
        assert_eq!(Some(bytes.len() as u64), dtype.byte_len(&shape));
        assert_eq!(QuantizedMatrix::from_bytes(dtype, quantized.matrix, &bytes), quantized);
    }
}

/// Largest magnitude at -8: the common choice for 4 bits.
fn q4_largest_at_eight(values: &[f32]) -> f32 {
    let largest = values.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).unwrap();
    f16::from_f32(largest / -8.0).to_f32()
}

#[test]
fn the_scale_search_pays() {
    let weight = gaussian(32 * 4096, 11);
    let quantized = quantize("w", &weight, &[4096, 32], DType::Q4).unwrap();
    let back = dequantize(&quantized);
    let rms = |errors: f64| (errors / weight.len() as f64).sqrt();
    let searched = rms(weight.iter().zip(&back).map(|(w, b)| f64::from(w - b).powi(2)).sum());
    let common = rms(weight
        .chunks(32)
        .flat_map(|group| {
            let scale = q4_largest_at_eight(group);
            group.iter().map(move |&w| f64::from(w - (nearest_nibble(w / scale) - 8.0) * scale).powi(2))
        })
        .sum());
    println!("q4 RMS error on normal weights: largest at -8 {common:.4}, searched {searched:.4}");
    assert!(searched < 0.96 * common, "{searched} against {common}");
}
