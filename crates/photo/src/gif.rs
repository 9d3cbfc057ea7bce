//! GIF: its first frame.

use std::borrow::Cow;

use image::codecs::gif::GifDecoder;
use image::{AnimationDecoder, ImageResult};

use crate::decode::{File, Metadata};
use crate::{Note, Photo, PhotoError};

const SCREEN_SIZE: usize = 6;
const FIRST_BLOCK: usize = 13;
const EXTENSION: u8 = 0x21;
const IMAGE: u8 = 0x2c;

impl File<'_> {
    pub(crate) fn gif(&self) -> Result<Photo, PhotoError> {
        let bytes = with_screen(self.bytes);
        let file = File { bytes: &bytes, ..*self };
        let mut photo = file.read(file.tell(GifDecoder::new(file.cursor()))?, Metadata::default())?;
        // A GIF does not say how many frames it has: whether there is a second one shows only by reading on.
        let frames = file.tell(GifDecoder::new(file.cursor()))?.into_frames();
        if frames.take(2).filter(ImageResult::is_ok).count() > 1 {
            photo = photo.with_note(Note::FirstFrameOnly);
        }
        Ok(photo)
    }
}

/// The file with a logical screen of the first frame's size where it has one of no pixels.
fn with_screen(bytes: &[u8]) -> Cow<'_, [u8]> {
    let has_screen = bytes.get(SCREEN_SIZE..SCREEN_SIZE + 4).is_none_or(|size| {
        let (sides, _) = size.as_chunks::<2>();
        sides.iter().all(|side| *side != [0, 0])
    });
    let Some(frame) = first_frame(bytes).filter(|_| !has_screen) else {
        return Cow::Borrowed(bytes);
    };
    let mut bytes = bytes.to_vec();
    bytes.copy_within(frame + 4..frame + 8, SCREEN_SIZE);
    // The frame's place on the screen.
    bytes[frame..frame + 4].fill(0);
    Cow::Owned(bytes)
}

/// Index of the first frame's place and size (GIF89a, 20): behind the palette and the extensions.
fn first_frame(bytes: &[u8]) -> Option<usize> {
    let flags = *bytes.get(FIRST_BLOCK - 3)?;
    let palette_len = if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) };
    let mut at = FIRST_BLOCK + palette_len;
    while *bytes.get(at)? == EXTENSION {
        at += 2;
        loop {
            let len = usize::from(*bytes.get(at)?);
            at += 1 + len;
            if len == 0 {
                break;
            }
        }
    }
    (bytes[at] == IMAGE && bytes.len() > at + 9).then_some(at + 1)
}
