//! Seeded values for tests.

/// `count` values in [-1, 1), a pure function of the seed (splitmix64).
pub(crate) fn uniform(count: usize, seed: u64) -> Vec<f32> {
    (0..count as u64)
        .map(|index| {
            let mut z = seed
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .wrapping_add((index + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) >> 40) as f32 / (1u64 << 23) as f32 - 1.0
        })
        .collect()
}

/// `count` values with a normal distribution's bulk and spread 1 (sum of 12 uniforms).
pub(crate) fn gaussian(count: usize, seed: u64) -> Vec<f32> {
    uniform(12 * count, seed).chunks(12).map(|twelve| twelve.iter().sum::<f32>() / 2.0).collect()
}
