//! The instance map out of SBD's MATLAB files (level 5): `GTinst.Segmentation`, u8 `[height, width]`, in columns.
//!
//! Read no further than that: elements of a type and a length, compressed ones inflated, matrices with their flags,
//! extents and name, and a struct's fields by name.

use std::io::Read;

use anyhow::{Context, Result, anyhow, bail};
use flate2::read::ZlibDecoder;
use maskov_photo::Mask;

const INT8: u32 = 1;
const UINT8: u32 = 2;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
const HEADER_LEN: usize = 128;
const STRUCT_CLASS: u8 = 2;
/// An instance map of the largest photo that is opened.
const MAX_INFLATED: u64 = 1 << 28;

/// The instance map of a file.
pub fn segmentation(bytes: &[u8]) -> Result<Mask> {
    if bytes.get(126..HEADER_LEN) != Some(b"IM") {
        bail!(
            "this is no MATLAB level 5 file of a little-endian machine: convert the masks to PNG with an instance a value"
        );
    }
    let mut rest = &bytes[HEADER_LEN..];
    while !rest.is_empty() {
        let (kind, body) = element(&mut rest)?;
        let inflated;
        let matrix = match kind {
            COMPRESSED => {
                let mut out = Vec::new();
                ZlibDecoder::new(body)
                    .take(MAX_INFLATED)
                    .read_to_end(&mut out)
                    .context("compressed element")?;
                inflated = out;
                element(&mut inflated.as_slice())?.1
            }
            MATRIX => body,
            _ => continue,
        };
        let matrix = Matrix::read(matrix)?;
        if matrix.name == b"GTinst" {
            return matrix.field(b"Segmentation")?.to_mask();
        }
    }
    bail!("the file has no GTinst: is it of SBD's inst/ folder?")
}

/// The type and the bytes of the next element, padding skipped.
fn element<'a>(rest: &mut &'a [u8]) -> Result<(u32, &'a [u8])> {
    let cut_off = || anyhow!("the file is cut off: get it again");
    let word = |bytes: &[u8], at: usize| -> Result<u32> {
        let word = bytes.get(at..at + 4).and_then(|word| word.first_chunk()).ok_or_else(cut_off)?;
        Ok(u32::from_le_bytes(*word))
    };
    let bytes = *rest;
    let first = word(bytes, 0)?;
    // A small element has its length in the upper half of the type and its bytes in the second word.
    let (kind, start, len, next) = match first >> 16 {
        0 => {
            let len = word(bytes, 4)? as usize;
            let padded = if first == COMPRESSED { len } else { len.next_multiple_of(8) };
            (first, 8, len, 8 + padded)
        }
        len => (first & 0xffff, 4, len as usize, 8),
    };
    let body = bytes.get(start..start + len).ok_or_else(cut_off)?;
    *rest = bytes.get(next..).unwrap_or_default();
    Ok((kind, body))
}

/// A matrix element, its header read.
struct Matrix<'a> {
    class: u8,
    extents: Vec<usize>,
    name: &'a [u8],
    /// What follows the name.
    rest: &'a [u8],
}

impl<'a> Matrix<'a> {
    fn read(mut body: &'a [u8]) -> Result<Self> {
        let (_, flags) = element(&mut body)?;
        let (_, extents) = element(&mut body)?;
        let (_, name) = element(&mut body)?;
        let extents =
            extents.as_chunks::<4>().0.iter().map(|word| u32::from_le_bytes(*word) as usize).collect();
        Ok(Self { class: flags.first().copied().unwrap_or(0), extents, name, rest: body })
    }

    /// A field of a 1 × 1 struct.
    fn field(&self, wanted: &[u8]) -> Result<Matrix<'a>> {
        if self.class != STRUCT_CLASS || self.extents != [1, 1] {
            bail!("GTinst is no struct");
        }
        let mut rest = self.rest;
        let (_, name_len) = element(&mut rest)?;
        let name_len = name_len.first_chunk().map_or(0, |len| u32::from_le_bytes(*len) as usize);
        let (kind, names) = element(&mut rest)?;
        if kind != INT8 || name_len == 0 {
            bail!("GTinst has no field names");
        }
        for name in names.chunks(name_len) {
            let (_, body) = element(&mut rest)?;
            let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
            if name == wanted {
                return Matrix::read(body);
            }
        }
        bail!("GTinst has no {}", String::from_utf8_lossy(wanted))
    }

    /// u8 values, from columns to rows.
    fn to_mask(&self) -> Result<Mask> {
        let mut rest = self.rest;
        let (kind, values) = element(&mut rest)?;
        let [height, width] = *self.extents else {
            bail!("Segmentation has {} axes", self.extents.len());
        };
        if kind != UINT8 || height.checked_mul(width) != Some(values.len()) || values.is_empty() {
            bail!("Segmentation is no u8 [height, width]");
        }
        let by_rows =
            (0..height * width).map(|i| u16::from(values[i % width * height + i / width])).collect();
        Ok(Mask::of_labels(u32::try_from(width)?, u32::try_from(height)?, by_rows))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::ZlibEncoder;

    use super::*;

    fn long(kind: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), (body.len() as u32).to_le_bytes()].concat();
        bytes.extend(body);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        bytes
    }

    fn small(kind: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = (kind | (body.len() as u32) << 16).to_le_bytes().to_vec();
        bytes.extend(body);
        bytes.resize(8, 0);
        bytes
    }

    fn matrix(class: u8, extents: [u32; 2], name: &[u8], rest: &[u8]) -> Vec<u8> {
        let flags = long(6, &[class, 0, 0, 0, 0, 0, 0, 0]);
        let extents = long(5, &extents.map(u32::to_le_bytes).concat());
        let name = if (1..=4).contains(&name.len()) { small(INT8, name) } else { long(INT8, name) };
        long(MATRIX, &[flags, extents, name, rest.to_vec()].concat())
    }

    /// As MATLAB writes it: a struct with a field before the wanted one.
    fn file(segmentation: &[u8]) -> Vec<u8> {
        let names: Vec<u8> = ["Boundaries", "Segmentation"]
            .iter()
            .flat_map(|name| [name.as_bytes(), &[0; 32]].concat()[..32].to_vec())
            .collect();
        let fields = [
            small(5, &32u32.to_le_bytes()),
            long(INT8, &names),
            matrix(9, [0, 0], b"", &[]),
            segmentation.to_vec(),
        ];
        let whole = matrix(STRUCT_CLASS, [1, 1], b"GTinst", &fields.concat());
        let mut zlib = ZlibEncoder::new(Vec::new(), Compression::default());
        zlib.write_all(&whole).unwrap();
        let mut header = vec![b' '; 126];
        header.extend(b"IM");
        // Compressed elements are not padded.
        let compressed = zlib.finish().unwrap();
        header.extend([COMPRESSED.to_le_bytes(), (compressed.len() as u32).to_le_bytes()].concat());
        [header, compressed].concat()
    }

    #[test]
    fn the_instance_map_comes_out_in_rows() {
        // [[1, 2, 3], [4, 5, 6]] in columns.
        let map = matrix(9, [2, 3], b"", &long(UINT8, &[1, 4, 2, 5, 3, 6]));
        let mask = segmentation(&file(&map)).unwrap();
        assert_eq!((mask.width, mask.height, mask.values), (3, 2, vec![1, 2, 3, 4, 5, 6]));
        let tiny = matrix(9, [1, 2], b"", &small(UINT8, &[7, 8]));
        assert_eq!(segmentation(&file(&tiny)).unwrap().values, [7, 8]);
    }

    #[test]
    fn what_is_not_such_a_file_is_an_error() {
        let whole = file(&matrix(9, [2, 3], b"", &long(UINT8, &[1, 4, 2, 5, 3, 6])));
        for len in [0, 100, 130, whole.len() - 9] {
            assert!(segmentation(&whole[..len]).is_err(), "{len} bytes");
        }
        let wrong = matrix(9, [2, 3], b"", &long(UINT8, &[1, 2]));
        assert!(segmentation(&file(&wrong)).unwrap_err().to_string().contains("u8 [height, width]"));
    }
}
