//! BMP: with its transparency, which two kinds of header say in a way that the decoder does not know.

use std::borrow::Cow;

use image::DynamicImage;
use image::codecs::bmp::BmpDecoder;

use crate::decode::{File, Metadata};
use crate::{Photo, PhotoError};

const HEADER_LEN: usize = 14;
const BITS: usize = 28;
const COMPRESSION: usize = 30;
const MASKS: usize = 54;
const BI_RGB: u32 = 0;
const BI_BITFIELDS: u32 = 3;
const BI_ALPHABITFIELDS: u32 = 6;
/// Lengths of the info header without masks, and with four.
const INFO_LEN: u32 = 40;
const V3_LEN: u32 = 56;
/// Red, green, blue and alpha of a pixel of 32 bits.
const RGBA_MASKS: [u32; 4] = [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0xff00_0000];

impl File<'_> {
    pub(crate) fn bmp(&self) -> Result<Photo, PhotoError> {
        let bytes = with_alpha_mask(self.bytes);
        let file = File { bytes: &bytes, ..*self };
        let photo = file.read(file.tell(BmpDecoder::new(file.cursor()))?, Metadata::default())?;
        // An alpha that is nowhere set was never meant: such files are opaque everywhere else, too.
        Ok(photo.map(|pixels| match pixels {
            DynamicImage::ImageRgba8(rgba) if rgba.pixels().all(|pixel| pixel[3] == 0) => {
                DynamicImage::from(rgba).to_rgb8().into()
            }
            other => other,
        }))
    }
}

/// The file with its alpha mask where the decoder looks for it.
fn with_alpha_mask(bytes: &[u8]) -> Cow<'_, [u8]> {
    let u32_at = |at: usize| Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?));
    let bits = bytes.get(BITS..).and_then(|rest| rest.first_chunk()).map(|&bits| u16::from_le_bytes(bits));
    let (Some(header_len), Some(compression), Some(alpha)) =
        (u32_at(HEADER_LEN), u32_at(COMPRESSION), u32_at(MASKS + 12))
    else {
        return Cow::Borrowed(bytes);
    };
    let mut changed = bytes.to_vec();
    let mut put = |at: usize, value: u32| changed[at..at + 4].copy_from_slice(&value.to_le_bytes());
    if compression == BI_ALPHABITFIELDS && header_len == INFO_LEN {
        // Four masks behind the header: the next longer header has them inside, at the same place.
        put(HEADER_LEN, V3_LEN);
        put(COMPRESSION, BI_BITFIELDS);
    } else if compression == BI_RGB && header_len >= V3_LEN && bits == Some(32) && alpha == RGBA_MASKS[3] {
        // The clipboard's: a fourth byte that the header calls alpha.
        put(COMPRESSION, BI_BITFIELDS);
        for (at, mask) in (MASKS..).step_by(4).zip(RGBA_MASKS) {
            put(at, mask);
        }
    } else {
        return Cow::Borrowed(bytes);
    }
    Cow::Owned(changed)
}
