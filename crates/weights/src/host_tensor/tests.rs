use super::*;
use crate::testing::uniform;

#[test]
fn bytes_must_fill_the_shape() {
    let error = HostTensor::new("w", &[2, 3], DType::F16, vec![0; 11]).unwrap_err();
    assert_eq!(error, WeightsError::WrongByteCount { tensor: "w".into(), expected: 12, found: 11 });
    assert!(matches!(HostTensor::new("w", &[3], DType::Q8, vec![]), Err(WeightsError::NotAMatrix { .. })));
}

#[test]
fn floats_of_all_widths_read_as_f32() {
    let values = [0.0, -1.5, 0.25, 65504.0];
    let tensor = HostTensor::from_f32("w", &[4], &values).unwrap();
    for dtype in [DType::F32, DType::F16] {
        assert_eq!(tensor.to_dtype(dtype).unwrap().to_f32().unwrap(), values, "{dtype}");
    }
    // 65504 needs eleven bits; BF16 has eight and rounds it up.
    let bf16 = tensor.to_dtype(DType::BF16).unwrap();
    assert_eq!(bf16.bytes(), [0, 0, 0xc0, 0xbf, 0x80, 0x3e, 0x80, 0x47]);
    assert_eq!(bf16.to_f32().unwrap(), [0.0, -1.5, 0.25, 65536.0]);
}

#[test]
fn integers_narrow_only_where_they_fit() {
    let i64s = |values: &[i64]| values.iter().flat_map(|value| value.to_le_bytes()).collect::<Vec<u8>>();
    let ids = HostTensor::new("ids", &[2], DType::I64, i64s(&[49406, -1])).unwrap();
    assert_eq!(ids.to_i32().unwrap(), [49406, -1]);
    let wide = HostTensor::new("ids", &[1], DType::I64, i64s(&[1 << 31])).unwrap();
    assert!(matches!(wide.to_i32(), Err(WeightsError::OutOfRange { .. })));
    assert!(matches!(ids.to_f32(), Err(WeightsError::UnsupportedDType { .. })));
    assert_eq!(HostTensor::from_u8("mask", &[2], vec![0, 255]).unwrap().to_i32().unwrap(), [0, 255]);
}

#[test]
fn a_type_that_is_not_read_is_named_with_its_tensor() {
    let tensor = HostTensor::new("conv_in.weight", &[2], DType::F8E4M3, vec![0; 2]).unwrap();
    let message = tensor.to_f32().unwrap_err().to_string();
    assert!(message.contains("conv_in.weight") && message.contains("F8_E4M3"), "{message}");
}

#[test]
fn nan_and_infinity_are_found_in_every_type() {
    for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let f32s = HostTensor::from_f32("w", &[3], &[f32::MAX, f32::MIN, bad]).unwrap();
        let halves = [f16::MAX, f16::MIN, f16::from_f32(bad)].map(f16::to_le_bytes).concat();
        let f16s = HostTensor::new("w", &[3], DType::F16, halves).unwrap();
        let brains = [bf16::MAX, bf16::MIN, bf16::from_f32(bad)].map(bf16::to_le_bytes).concat();
        let bf16s = HostTensor::new("w", &[3], DType::BF16, brains).unwrap();
        for tensor in [f32s, f16s, bf16s] {
            let error = tensor.check_finite().unwrap_err();
            assert_eq!(error, WeightsError::NotFinite { tensor: "w".into(), index: 2 }, "{}", tensor.dtype());
        }
    }
    HostTensor::from_f32("w", &[4], &[f32::MAX, f32::MIN, 1e-45, -0.0]).unwrap().check_finite().unwrap();
}

#[test]
fn a_scale_that_is_not_finite_is_found() {
    let tensor = HostTensor::from_f32("w", &[3, 40], &uniform(120, 1)).unwrap();
    for dtype in [DType::Q8, DType::Q4] {
        let mut quantized = tensor.to_dtype(dtype).unwrap();
        quantized.check_finite().unwrap();
        let first_scale = quantized.bytes.len() - 12;
        quantized.bytes[first_scale + 6..first_scale + 8].copy_from_slice(&f16::NAN.to_le_bytes());
        let error = quantized.check_finite().unwrap_err();
        assert_eq!(error, WeightsError::NotFinite { tensor: "w".into(), index: 3 });
    }
}
