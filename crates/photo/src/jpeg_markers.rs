//! The outline of a JPEG file: its markers, no picture data (ITU T.81, annex B).
//!
//! The decoders fill what is missing with grey and say nothing, so whether the file is whole is asked here.

use crate::exif::{has_tiff_header, strip_prefix};

pub(crate) const END_OF_IMAGE: u8 = 0xd9;
const START_OF_SCAN: u8 = 0xda;
const APP1: u8 = 0xe1;
/// The bits of all 64 coefficients of a block.
const ALL: u64 = u64::MAX;

/// What the markers of a JPEG file tell.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    /// The code of the frame header, SOF0 to SOF15; 0 where none was found.
    frame: u8,
    frames: usize,
    /// Width and height in pixels.
    size: [u32; 2],
    components: Vec<Component>,
    /// Number of scans.
    pub(crate) scans: usize,
    /// Whether some scan has one component, and another number of its blocks than the decoder reads.
    pub(crate) has_miscounted_scan: bool,
    /// Whether the end-of-image marker was reached.
    pub(crate) whole: bool,
    /// The first EXIF block, put together where it goes on in further segments.
    pub(crate) exif: Option<Vec<u8>>,
}

#[derive(Debug, PartialEq, Eq)]
struct Component {
    id: u8,
    /// Sampling factors, across in the upper four bits and down in the lower ones.
    sampling: u8,
    /// The coefficients whose last bit was in a scan.
    finished: u64,
}

impl Outline {
    /// Whether this is a layout that nearly every JPEG has and that the faster decoder is right about: grey or three
    /// components in one scan, or progressive; colours as fine as the first component or half of it.
    pub(crate) fn is_usual(&self) -> bool {
        let sampling: Vec<u8> = self.components.iter().map(|component| component.sampling).collect();
        let usual_sampling = matches!(sampling[..], [0x11] | [0x11 | 0x21 | 0x12 | 0x22, 0x11, 0x11]);
        let usual_scans = match self.frame {
            0xc0 | 0xc1 => self.scans == 1,
            0xc2 => true,
            _ => false,
        };
        usual_sampling && usual_scans && self.frames == 1 && self.is_complete()
    }

    /// Whether every coefficient of every component is in some scan.
    pub(crate) fn is_complete(&self) -> bool {
        !self.components.is_empty() && self.components.iter().all(|component| component.finished == ALL)
    }

    /// The processes without a cosine transform: SOF3, 7, 11 and 15.
    pub(crate) fn is_lossless(&self) -> bool {
        matches!(self.frame, 0xc3 | 0xc7 | 0xcb | 0xcf)
    }

    fn read_frame(&mut self, marker: u8, segment: &[u8]) {
        self.frame = marker;
        self.frames += 1;
        if let Some(&[_, y1, y0, x1, x0, _]) = segment.first_chunk() {
            self.size = [u16::from_be_bytes([x1, x0]).into(), u16::from_be_bytes([y1, y0]).into()];
        }
        let components = segment.get(6..).unwrap_or_default().as_chunks::<3>().0;
        self.components =
            components.iter().map(|&[id, sampling, _]| Component { id, sampling, finished: 0 }).collect();
    }

    fn read_scan(&mut self, segment: &[u8]) {
        self.scans += 1;
        let count = usize::from(segment.first().copied().unwrap_or(0));
        let (Some(ids), Some(&[start, end, bits])) =
            (segment.get(1..1 + 2 * count), segment.get(1 + 2 * count..).and_then(|rest| rest.first_chunk()))
        else {
            return;
        };
        if count == 1 {
            self.has_miscounted_scan |= self.is_miscounted(ids[0]);
        }
        let is_progressive = matches!(self.frame, 0xc2 | 0xca);
        let coefficients = if !is_progressive {
            ALL
        } else if bits & 0xf == 0 && start <= end && end < 64 {
            (ALL << start) & (ALL >> (63 - end))
        } else {
            0
        };
        for component in &mut self.components {
            if ids.iter().step_by(2).any(|&id| id == component.id) {
                component.finished |= coefficients;
            }
        }
    }
}

impl Outline {
    /// Whether a scan of this component alone has another number of blocks than the thorough decoder reads. There are
    /// as many as hold pixels (A.2.3); it reads those of whole MCUs, cut at the picture's own size in blocks, which is
    /// the same for the coarsest and the finest component of nearly all files.
    fn is_miscounted(&self, id: u8) -> bool {
        let Some(component) = self.components.iter().find(|component| component.id == id) else {
            return false;
        };
        [4, 0].into_iter().zip(self.size).any(|(shift, len)| {
            let factor = |component: &Component| u32::from(component.sampling >> shift & 0xf).max(1);
            let largest = self.components.iter().map(factor).max().unwrap_or(1);
            let own = factor(component);
            let there = (len * own).div_ceil(largest).div_ceil(8);
            let read = (len.div_ceil(8 * largest) * own).min(len.div_ceil(8));
            there != read
        })
    }
}

/// Walks the markers from the start of the file to the end of the image.
pub(crate) fn outline(bytes: &[u8]) -> Outline {
    let mut outline = Outline::default();
    let mut exif_goes_on = false;
    let mut at = 2;
    while let Some((marker, after)) = next_marker(bytes, at) {
        if marker == END_OF_IMAGE {
            outline.whole = true;
            break;
        }
        let Some(segment) = segment(bytes, after) else {
            break;
        };
        let exif = (marker == APP1).then(|| strip_prefix(segment)).flatten();
        match (exif, &mut outline.exif) {
            (Some(block), None) => {
                outline.exif = Some(block.to_vec());
                exif_goes_on = true;
            }
            // A block that is too long for one segment goes on in the next; another block begins anew.
            (Some(more), Some(block)) if exif_goes_on && !has_tiff_header(more) => block.extend(more),
            _ => exif_goes_on = false,
        }
        if is_frame_header(marker) {
            outline.read_frame(marker, segment);
        } else if marker == START_OF_SCAN {
            outline.read_scan(segment);
        }
        at = after + 2 + segment.len();
    }
    outline
}

/// The next marker that has a segment or ends the image, and the index after it. In entropy-coded data 0xff is
/// followed by a stuffed zero or a restart marker; both are passed over, as are fill bytes.
fn next_marker(bytes: &[u8], from: usize) -> Option<(u8, usize)> {
    let mut at = from;
    loop {
        at += bytes.get(at..)?.iter().position(|&byte| byte == 0xff)?;
        match *bytes.get(at + 1)? {
            0xff => at += 1,
            0x00 | 0x01 | 0xd0..=0xd7 => at += 2,
            marker => return Some((marker, at + 2)),
        }
    }
}

/// The content of the segment whose two-byte length stands at `at`, as far as the file has it.
fn segment(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let len = usize::from(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?));
    let content = bytes.get(at + 2..)?;
    Some(&content[..len.checked_sub(2)?.min(content.len())])
}

/// SOF0 to SOF15, without the three codes in that range that mean something else (DHT, JPG, DAC).
fn is_frame_header(marker: u8) -> bool {
    matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc)
}
