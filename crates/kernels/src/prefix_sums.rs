//! Prefix sums of integer pairs, in place: `values[i] ← Σ_{k ≤ i} values[k]`; values i32 `[pairs, 2]`.
//!
//! One dispatch sums within blocks of 1024 pairs and leaves each block's total; the totals are summed the same way and
//! `prefix_sums_add` adds them to the blocks behind. Sums are exact while they fit 31 bits.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::prefix_sums_add::prefix_sums_add;
use crate::require;

/// One workgroup per block.
pub static KERNEL: Kernel = Kernel {
    name: "prefix_sums",
    wgsl: wgsl!("prefix_sums"),
    binds: &[Bind::Uniform, Bind::ReadWrite, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Pairs in a block; must match shaders/prefix_sums.wgsl and shaders/prefix_sums_add.wgsl.
pub(crate) const BLOCK: usize = 1024;

/// Must match `struct Params` in shaders/prefix_sums.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    pairs: u32,
}

/// Records the prefix sums of the first `pairs` pairs of `values`. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where `values` is too short.
pub fn prefix_sums(pass: &mut Pass<'_>, values: &Buffer, pairs: usize) -> Result<()> {
    require(&KERNEL, values.len() >= 2 * pairs, || format!("{} words for {pairs} pairs", values.len()))?;
    let blocks = pairs.div_ceil(BLOCK);
    let totals = pass.gpu().create("prefix sums of blocks", 2 * blocks)?;
    let params = Params { pairs: pairs as u32 };
    pass.dispatch(&KERNEL, &[], &params, &[values.into(), (&totals).into()], groups_1d(blocks, 1))?;
    if blocks > 1 {
        prefix_sums(pass, &totals, blocks)?;
        prefix_sums_add(pass, &totals, values, pairs)?;
    }
    Ok(())
}

/// What the kernel means.
pub fn prefix_sums_cpu(values: &mut [[i32; 2]]) {
    for i in 1..values.len() {
        values[i] = [values[i - 1][0] + values[i][0], values[i - 1][1] + values[i][1]];
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::{BLOCK, prefix_sums, prefix_sums_cpu};

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn prefix_sums_matches_cpu() {
        let gpu = gpu().await;
        // The last but one has totals that are themselves more than a block.
        for pairs in [0, 1, 255, 256, 257, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK * BLOCK + 5, 400_000] {
            let mut seeded = Seeded::new(16);
            let mut values: Vec<[i32; 2]> = (0..pairs + 1)
                .map(|_| [seeded.below(5) as i32 - 2, seeded.below(2049) as i32 - 1024])
                .collect();
            let buffer = gpu.upload("values", &values).expect("fits");
            let mut pass = gpu.pass();
            prefix_sums(&mut pass, &buffer, pairs).expect("fits");
            pass.submit().expect("the device works");
            // The last pair is behind the end and stays.
            prefix_sums_cpu(&mut values[..pairs]);
            let got: Vec<[i32; 2]> = gpu.read(&buffer).await.expect("reads");
            assert!(got == values, "{pairs} pairs");
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_values_are_refused() {
        let gpu = gpu().await;
        let values = gpu.create("values", 5).expect("fits");
        let error = prefix_sums(&mut gpu.pass(), &values, 3).expect_err("5 of 6 words");
        assert!(error.to_string().contains("prefix_sums"), "{error}");
    }
}
