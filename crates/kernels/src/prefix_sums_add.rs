//! The second half of `prefix_sums`: adds to each block of 1024 pairs the total of the blocks before it.
//!
//! `totals` i32 `[blocks, 2]` are prefix sums already; `values` i32 `[pairs, 2]`.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::prefix_sums::BLOCK;
use crate::require;

/// One invocation per pair.
pub static KERNEL: Kernel = Kernel {
    name: "prefix_sums_add",
    wgsl: wgsl!("common/index", "prefix_sums_add"),
    binds: &[Bind::Uniform, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/prefix_sums_add.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    pairs: u32,
}

/// Records the addition to the first `pairs` pairs. Errors: [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where
/// buffers are too short.
pub fn prefix_sums_add(pass: &mut Pass<'_>, totals: &Buffer, values: &Buffer, pairs: usize) -> Result<()> {
    let fits = values.len() >= 2 * pairs && totals.len() >= 2 * pairs.div_ceil(BLOCK);
    require(&KERNEL, fits, || {
        format!("totals of {} and values of {} words for {pairs} pairs", totals.len(), values.len())
    })?;
    let params = Params { pairs: pairs as u32 };
    let groups = groups_1d(pairs, KERNEL.workgroup[0]);
    pass.dispatch(&KERNEL, &[], &params, &[totals.into(), values.into()], groups)
}

/// What the kernel means.
pub fn prefix_sums_add_cpu(totals: &[[i32; 2]], values: &mut [[i32; 2]]) {
    for (block, total) in values.chunks_mut(BLOCK).skip(1).zip(totals) {
        block.iter_mut().for_each(|value| *value = [value[0] + total[0], value[1] + total[1]]);
    }
}

#[cfg(test)]
mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::{BLOCK, prefix_sums_add, prefix_sums_add_cpu};

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn prefix_sums_add_matches_cpu() {
        let gpu = gpu().await;
        for pairs in [1, 255, 256, 257, BLOCK - 1, BLOCK, BLOCK + 1, 10_000] {
            let mut seeded = Seeded::new(17);
            let mut pair = || [seeded.below(2049) as i32 - 1024, seeded.below(9) as i32];
            let totals: Vec<[i32; 2]> = (0..pairs.div_ceil(BLOCK)).map(|_| pair()).collect();
            let mut values: Vec<[i32; 2]> = (0..pairs + 1).map(|_| pair()).collect();
            let [totals_buffer, values_buffer] =
                [&totals, &values].map(|pairs| gpu.upload("pairs", pairs).expect("fits"));
            let mut pass = gpu.pass();
            prefix_sums_add(&mut pass, &totals_buffer, &values_buffer, pairs).expect("fits");
            pass.submit().expect("the device works");
            prefix_sums_add_cpu(&totals, &mut values[..pairs]);
            let got: Vec<[i32; 2]> = gpu.read(&values_buffer).await.expect("reads");
            assert!(got == values, "{pairs} pairs");
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_totals_are_refused() {
        let gpu = gpu().await;
        let values = gpu.create("values", 2 * BLOCK + 2).expect("fits");
        let totals = gpu.create("totals", 3).expect("fits");
        let error = prefix_sums_add(&mut gpu.pass(), &totals, &values, BLOCK + 1).expect_err("3 of 4 words");
        assert!(error.to_string().contains("prefix_sums_add"), "{error}");
    }
}
