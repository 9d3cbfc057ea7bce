//! What every kernel test stands on: a device or a failed test, seeded inputs, guarded outputs, a comparison that can
//! fail.

use crate::{AdapterChoice, Buffer, Gpu};

/// Words behind an output that no kernel may touch.
const GUARD_WORDS: usize = 64;
const GUARD: u32 = 0xdead_beef;

/// A device on any adapter. A missing adapter is a failed test, never a silent skip.
pub async fn gpu() -> Gpu {
    match Gpu::open(AdapterChoice::Any).await {
        Ok(gpu) => gpu,
        Err(error) => panic!(
            "{error}. Kernel tests need a Vulkan driver (Debian: apt-get install mesa-vulkan-drivers) or, in a browser, \
             --enable-unsafe-webgpu --use-webgpu-adapter=swiftshader; `cargo xtask test` sets both up"
        ),
    }
}

/// Repeatable values (SplitMix64).
pub struct Seeded(u64);

impl Seeded {
    /// The same seed gives the same values everywhere.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform in 0..bound.
    pub fn below(&mut self, bound: u32) -> u32 {
        (self.next() >> 32) as u32 % bound
    }

    /// Uniform in [−1, 1).
    pub fn value(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }

    /// `len` values, uniform in [−1, 1).
    pub fn values(&mut self, len: usize) -> Vec<f32> {
        (0..len).map(|_| self.value()).collect()
    }
}

/// An output buffer full of NaN with guard words behind it: what is not written is seen, and so is what is written
/// beyond the end.
pub struct Guarded {
    /// Bind this one.
    pub buffer: Buffer,
    len: usize,
}

impl Guarded {
    /// Room for `len` f32 values.
    pub fn new(gpu: &Gpu, len: usize) -> Self {
        let mut words = vec![f32::NAN.to_bits(); len];
        words.extend([GUARD; GUARD_WORDS]);
        Self { buffer: gpu.upload("guarded output", &words).expect("a test output fits"), len }
    }

    /// The values, checked: all were written, none is NaN, and nothing behind them was touched.
    pub async fn read(&self, gpu: &Gpu) -> Vec<f32> {
        let values: Vec<f32> = self.checked(gpu).await.into_iter().map(f32::from_bits).collect();
        let unwritten = values.iter().filter(|value| value.is_nan()).count();
        assert_eq!(unwritten, 0, "values of {} that are NaN or were not written", self.len);
        values
    }

    /// The same for packed words, in which the bits of one NaN alone mean that nothing was written.
    pub async fn read_words(&self, gpu: &Gpu) -> Vec<u32> {
        let words = self.checked(gpu).await;
        let unwritten = words.iter().filter(|&&word| word == f32::NAN.to_bits()).count();
        assert_eq!(unwritten, 0, "words of {} that were not written", self.len);
        words
    }

    async fn checked(&self, gpu: &Gpu) -> Vec<u32> {
        let mut words: Vec<u32> = gpu.read(&self.buffer).await.expect("the device works");
        let guard = words.split_off(self.len);
        assert!(guard.iter().all(|&word| word == GUARD), "the kernel wrote behind its output");
        words
    }
}

/// How far a value may be from the expected one: `abs + rel · |expected|`.
#[derive(Clone, Copy, Debug)]
pub struct Tolerance {
    /// Absolute part.
    pub abs: f32,
    /// Part relative to the expected value.
    pub rel: f32,
}

impl Tolerance {
    /// For copies, packing and integers.
    pub const EXACT: Self = Self { abs: 0.0, rel: 0.0 };
    /// For pointwise functions: a few units in the last place, since shader `exp` and division round differently.
    pub const POINTWISE: Self = Self { abs: 1e-6, rel: 1e-5 };
    /// For reductions, norms and softmax: the order of a sum differs.
    pub const REDUCTION: Self = Self { abs: 1e-5, rel: 1e-4 };

    /// For sums of `terms` products of values up to `a` and `b`: rounding grows like the root of their number.
    pub fn products(terms: usize, a: f32, b: f32) -> Self {
        Self { abs: 1e-5 * (terms as f32).sqrt() * a * b, rel: 1e-5 }
    }
}

/// Panics at the first value that is too far off, naming it.
pub fn assert_close(what: &str, got: &[f32], expected: &[f32], tolerance: Tolerance) {
    assert_eq!(got.len(), expected.len(), "{what}: number of values");
    for (i, (&got, &expected)) in got.iter().zip(expected).enumerate() {
        let allowed = tolerance.abs + tolerance.rel * expected.abs();
        // Written so that NaN fails.
        let close = (got - expected).abs() <= allowed;
        assert!(close, "{what}: value {i} is {got}, expected {expected} ± {allowed}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn close_values_pass() {
        assert_close("equal", &[1.0, -2.0], &[1.0, -2.0], Tolerance::EXACT);
    }

    #[test]
    #[should_panic(expected = "value 1 is 2.1")]
    fn a_far_value_fails() {
        assert_close("far", &[1.0, 2.1], &[1.0, 2.0], Tolerance::REDUCTION);
    }

    #[test]
    #[should_panic(expected = "value 0 is NaN")]
    fn nan_fails() {
        assert_close("nan", &[f32::NAN], &[0.0], Tolerance { abs: 1e9, rel: 1e9 });
    }

    #[test]
    #[should_panic(expected = "number of values")]
    fn another_length_fails() {
        assert_close("length", &[1.0], &[1.0, 2.0], Tolerance::EXACT);
    }

    #[test]
    #[should_panic(expected = "NaN or were not written")]
    fn an_unwritten_output_fails() {
        pollster::block_on(async {
            let gpu = gpu().await;
            Guarded::new(&gpu, 3).read(&gpu).await;
        });
    }

    #[test]
    #[should_panic(expected = "words of 2 that were not written")]
    fn an_unwritten_word_fails() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let output = Guarded::new(&gpu, 2);
            gpu.write(&output.buffer, &[u32::MAX]);
            output.read_words(&gpu).await;
        });
    }

    #[test]
    #[should_panic(expected = "behind its output")]
    fn a_touched_guard_fails() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let output = Guarded::new(&gpu, 3);
            gpu.write(&output.buffer, &[0.0f32; 4]);
            output.read(&gpu).await;
        });
    }

    #[test]
    fn written_values_come_back() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let output = Guarded::new(&gpu, 3);
            gpu.write(&output.buffer, &[1.0f32, 2.0, 3.0]);
            assert_eq!(output.read(&gpu).await, [1.0, 2.0, 3.0]);
            assert_eq!(gpu.counts().live_bytes, 4 * (3 + GUARD_WORDS) as u64);
            drop(output);
            assert_eq!(gpu.counts().live_bytes, 0);
        });
    }

    #[test]
    fn a_lost_device_is_reported() {
        pollster::block_on(async {
            let gpu = gpu().await;
            gpu.destroy();
            let error = gpu.create("anything", 1).err().expect("a lost device creates nothing");
            assert_eq!(error.code(), "device-lost");
        });
    }

    #[test]
    fn a_buffer_beyond_a_binding_is_refused_by_name() {
        pollster::block_on(async {
            let gpu = gpu().await;
            let error = gpu.create("attention map", 1 << 30).err().expect("4 GiB do not fit a binding");
            assert_eq!(error.code(), "buffer-too-large");
            assert!(error.to_string().contains("attention map"), "{error}");
        });
    }
}
