//! Random numbers that are the same on every machine: splitmix64 (Steele, Lea, Flood 2014).

/// Its increment, the golden ratio of 2⁶⁴, which is also where resamples begin.
pub const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

pub struct SplitMix64(u64);

impl SplitMix64 {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A row of its own for every name under a seed, so that no order of names changes it.
    pub fn of_name(seed: u64, name: &str) -> Self {
        // FNV-1a
        let hash = name
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3));
        Self(Self(seed).bits() ^ hash)
    }

    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// 0 to `bound` − 1.
    pub fn below(&mut self, bound: usize) -> usize {
        ((u128::from(self.bits()) * bound as u128) >> 64) as usize
    }

    /// From 0 up to 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_splitmix64_s() {
        // The first numbers of seed 1234567, as in the reference code's test vectors.
        let mut random = SplitMix64::new(1_234_567);
        assert_eq!(
            [random.bits(), random.bits(), random.bits()],
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        );
        let row = |seed, name| SplitMix64::of_name(seed, name).bits();
        assert_eq!(row(1, "a"), row(1, "a"));
        assert!(row(1, "a") != row(2, "a") && row(1, "a") != row(1, "b"));
        assert!((0..100).all(|_| random.below(3) < 3 && (0.0..1.0).contains(&random.unit())));
    }
}
