//! The outline of a JPEG file: its markers, no picture data (ITU T.81, annex B).
//!
//! The decoder fills what is missing with grey and says nothing, so whether the file is whole is asked here.

const END_OF_IMAGE: u8 = 0xd9;

/// What the markers of a JPEG file tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Outline {
    /// Colour components of the frame: 1 grey, 3 YCbCr or RGB, 4 CMYK or YCCK; 0 where no frame header was found.
    pub(crate) components: u8,
    /// Whether another component is finer across than the first (CMYK with only K at full size).
    pub(crate) first_is_coarse: bool,
    /// Whether the end-of-image marker was reached.
    pub(crate) whole: bool,
}

/// Walks the markers from the start of the file to the end of the image.
pub(crate) fn outline(bytes: &[u8]) -> Outline {
    let mut outline = Outline::default();
    let mut at = 2;
    while let Some((marker, after)) = next_marker(bytes, at) {
        if marker == END_OF_IMAGE {
            outline.whole = true;
            break;
        }
        let Some(segment) = segment(bytes, after) else {
            break;
        };
        if is_frame_header(marker) {
            outline.components = segment.get(5).copied().unwrap_or(0);
            let across: Vec<u8> = segment.iter().skip(7).step_by(3).map(|factors| factors >> 4).collect();
            outline.first_is_coarse = across.iter().max() > across.first();
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
