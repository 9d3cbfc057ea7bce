//! The mask of the truncated nearest neighbour: the sign bits that `truncated_nearest` leaves, as bytes of 0 and 1.
//!
//! `nearest` `[pixels]` words; `mask` u8 `[pixels]`, four per word, lowest byte first. The CPU twin of both is
//! [`truncated_nearest_cpu`](crate::truncated_nearest::truncated_nearest_cpu).

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;

/// One invocation per word of the mask.
pub static KERNEL: Kernel = Kernel {
    name: "truncated_mask",
    wgsl: wgsl!("common/index", "truncated_mask"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/truncated_mask.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    pixels: u32,
}

/// Records the mask. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn truncated_mask(pass: &mut Pass<'_>, nearest: &Buffer, pixels: usize, mask: &Buffer) -> Result<()> {
    let words = pixels.div_ceil(4);
    require(&KERNEL, nearest.len() >= pixels && mask.len() >= words, || {
        format!("nearest of {} and mask of {} words for {pixels} pixels", nearest.len(), mask.len())
    })?;
    let params = Params { pixels: pixels as u32 };
    let groups = groups_1d(words, KERNEL.workgroup[0]);
    pass.dispatch(&KERNEL, &[], &params, &[nearest.into(), mask.into()], groups)
}

/// The bytes of a mask that was read back.
pub fn mask_bytes(words: &[u32], pixels: usize) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).take(pixels).collect()
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::{mask_bytes, truncated_mask};

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn truncated_mask_is_the_sign_bits() {
        let gpu = gpu().await;
        for pixels in [1usize, 3, 4, 5, 1023, 1024, 1025, 10_000] {
            let nearest = Seeded::new(19).values(pixels);
            let nearest_buffer = gpu.upload("nearest", &nearest).expect("fits");
            let mask = gpu.upload("mask", &vec![u32::MAX; pixels.div_ceil(4) + 1]).expect("fits");
            let mut pass = gpu.pass();
            truncated_mask(&mut pass, &nearest_buffer, pixels, &mask).expect("fits");
            pass.submit().expect("the device works");
            let words: Vec<u32> = gpu.read(&mask).await.expect("reads");
            let expected: Vec<u8> = nearest.iter().map(|value| value.is_sign_negative().into()).collect();
            assert_eq!(mask_bytes(&words, pixels), expected, "{pixels} pixels");
            assert_eq!(words.last(), Some(&u32::MAX), "behind the mask");
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn a_short_mask_is_refused() {
        let gpu = gpu().await;
        let (nearest, mask) = (gpu.create("n", 5).expect("fits"), gpu.create("mask", 1).expect("fits"));
        let error = truncated_mask(&mut gpu.pass(), &nearest, 5, &mask).expect_err("1 of 2 words");
        assert!(error.to_string().contains("truncated_mask"), "{error}");
    }
}
