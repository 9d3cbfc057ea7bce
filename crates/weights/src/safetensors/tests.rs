use super::*;
use crate::MemorySource;
use pollster::block_on;

fn open(bytes: Vec<u8>) -> Result<SafeTensors> {
    block_on(SafeTensors::open(Box::new(MemorySource::new("test.safetensors", bytes))))
}

fn file(header: &str, values: &[u8]) -> Vec<u8> {
    [&(header.len() as u64).to_le_bytes(), header.as_bytes(), values].concat()
}

/// The sentence about why the file is refused.
fn refusal(header: &str, values: &[u8]) -> String {
    match open(file(header, values)).unwrap_err() {
        WeightsError::MalformedSafeTensors { file, reason } => {
            assert_eq!(file, "test.safetensors");
            reason
        }
        other => other.to_string(),
    }
}

#[test]
fn what_is_written_is_read() {
    let image = HostTensor::from_u8("image", &[1, 3], vec![1, 2, 3]).unwrap();
    let scalar = HostTensor::from_f32("scalar", &[], &[2.5]).unwrap();
    let empty = HostTensor::from_f32("empty", &[0, 4], &[]).unwrap();
    let half =
        HostTensor::from_f32("half", &[2, 2], &[1.0, 2.0, 3.0, 4.0]).unwrap().to_dtype(DType::F16).unwrap();
    let metadata = BTreeMap::from([("labels".to_owned(), "[true]".to_owned())]);
    let tensors = [image, scalar, empty, half];
    let bytes = write_safetensors(&tensors, &metadata).unwrap();
    let read = open(bytes).unwrap();
    assert_eq!(read.metadata(), &metadata);
    assert_eq!(read.tensors().len(), 4);
    for tensor in &tensors {
        assert_eq!(&block_on(read.read(tensor.name())).unwrap(), tensor);
        let alignment = tensor.dtype().byte_len(&[]).unwrap();
        assert_eq!(read.tensor(tensor.name()).unwrap().range.start % alignment, 0, "aligned");
    }
    assert_eq!(block_on(read.read("none")).unwrap_err(), WeightsError::Missing(vec!["none".into()]));
}

#[test]
fn the_writer_refuses_what_the_format_lacks() {
    let tensor = HostTensor::from_f32("w", &[1, 2], &[1.0, 2.0]).unwrap();
    let twice = write_safetensors(&[tensor.clone(), tensor.clone()], &BTreeMap::new()).unwrap_err();
    assert_eq!(twice, WeightsError::Duplicate { tensor: "w".into() });
    let quantized = write_safetensors(&[tensor.to_dtype(DType::Q8).unwrap()], &BTreeMap::new()).unwrap_err();
    assert!(matches!(quantized, WeightsError::UnsupportedDType { .. }));
}

#[test]
fn values_may_be_unaligned_and_in_any_header_order() {
    let header = r#"{"b":{"dtype":"F32","shape":[1],"data_offsets":[1,5]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}  "#;
    let read = open(file(header, &[7, 0, 0, 0x80, 0x3f])).unwrap();
    assert_eq!(block_on(read.read("b")).unwrap().to_f32().unwrap(), [1.0]);
    assert_eq!(block_on(read.read("a")).unwrap().to_u8().unwrap(), [7]);
    assert_eq!(read.tensors().iter().map(|tensor| tensor.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_header_longer_than_the_file_or_the_limit_is_refused() {
    assert!(open(vec![1, 2, 3]).unwrap_err().to_string().contains("3 bytes, too few"));
    for length in [3u64, MAX_HEADER_BYTES + 1, u64::MAX] {
        let bytes = [&length.to_le_bytes()[..], b"{}"].concat();
        let message = open(bytes).unwrap_err().to_string();
        assert!(message.contains(&format!("claims {length} bytes in a file of 10")), "{message}");
    }
}

#[test]
fn json_that_is_none_is_refused() {
    assert!(refusal("{", &[]).contains("can't be parsed"));
    assert!(refusal("[]", &[]).contains("can't be parsed"));
    assert!(refusal(r#"{"a": 3}"#, &[]).contains("entry of tensor a"));
    assert!(refusal(r#"{"__metadata__": {"n": 1}}"#, &[]).contains("no table of strings"));
    let invalid = [&1u64.to_le_bytes()[..], &[0xff]].concat();
    assert!(open(invalid).unwrap_err().to_string().contains("not UTF-8"));
    let twice = r#"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#;
    assert!(refusal(twice, &[0]).contains("a appears twice"));
}

#[test]
fn offsets_must_be_contiguous_in_bounds_and_fit_the_shape() {
    let two = |a: &str, b: &str| {
        format!(
            r#"{{"a":{{"dtype":"U8","shape":[4],"data_offsets":{a}}},"b":{{"dtype":"U8","shape":[4],"data_offsets":{b}}}}}"#
        )
    };
    assert!(refusal(&two("[0,4]", "[2,6]"), &[0; 6]).contains("tensor b overlaps"));
    assert!(refusal(&two("[0,4]", "[0,4]"), &[0; 4]).contains("overlaps"));
    assert!(refusal(&two("[0,4]", "[5,9]"), &[0; 9]).contains("hole of 1 bytes before tensor b"));
    assert!(refusal(&two("[1,5]", "[5,9]"), &[0; 9]).contains("hole of 1 bytes before tensor a"));
    assert!(refusal(&two("[4,0]", "[4,8]"), &[0; 8]).contains("ends before it begins"));
    assert!(
        refusal(&two("[0,5]", "[5,9]"), &[0; 9]).contains("tensor a has 5 bytes, which do not fit U8 [4]")
    );
    let far = format!("[{},{}]", u64::MAX - 4, u64::MAX);
    assert!(refusal(&two("[0,4]", &far), &[0; 4]).contains("beyond any file"));
    let huge = r#"{"a":{"dtype":"F32","shape":[4294967295,4294967295,4294967295],"data_offsets":[0,4]}}"#;
    assert!(refusal(huge, &[0; 4]).contains("do not fit"));
}

#[test]
fn a_truncated_file_and_one_with_a_tail_are_refused() {
    let header = r#"{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}"#;
    let start = 8 + header.len() as u64;
    for values in [3u64, 5] {
        let error = open(file(header, &vec![0; values as usize])).unwrap_err();
        let (expected, found) = (start + 4, start + values);
        assert_eq!(error, WeightsError::WrongLength { file: "test.safetensors".into(), expected, found });
    }
}

#[test]
fn a_type_that_is_not_read_does_not_hide_the_others() {
    let header = r#"{"f8":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},"u8":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#;
    let read = open(file(header, &[0, 0, 9])).unwrap();
    assert_eq!(block_on(read.read("u8")).unwrap().to_u8().unwrap(), [9]);
    let message = block_on(read.read("f8")).unwrap().to_f32().unwrap_err().to_string();
    assert!(message.contains("f8") && message.contains("F8_E4M3"), "{message}");
    for dtype in ["F4", "Q8"] {
        let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":[2],"data_offsets":[0,1]}}}}"#);
        assert!(refusal(&header, &[0]).contains(&format!("tensor w has the unknown type {dtype}")));
    }
}
