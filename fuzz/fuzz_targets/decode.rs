//! Any bytes become a photo of the size that it says, or an error that is a sentence.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    match maskov_photo::decode_up_to(bytes, 1 << 18) {
        Ok(photo) => {
            let pixels = photo.width() as usize * photo.height() as usize;
            assert_eq!(photo.rgb().len(), 3 * pixels);
            assert!(pixels > 0 && pixels <= 1 << 18);
        }
        Err(error) => assert!(error.to_string().ends_with('.')),
    }
});
