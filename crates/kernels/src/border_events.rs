//! Where each pixel joins the border of the growing segment and where it leaves.
//!
//! A pixel of rank r whose 4-neighbours have the smallest rank n < r adds (1, level) at candidate n and (−1, −level) at
//! candidate r; the prefix sums of the events are the border's length and sum (see `threshold_scores`).
//! `rank` u32 `[height, width]`, `levels` u32 `[height, width]`, `events` i32 `[candidates, 2]`.

use bytemuck::{Pod, Zeroable};
use maskov_gpu::{Bind, Buffer, Kernel, Pass, Result, groups_1d};

use crate::require;
use crate::threshold_scores::first_neighbour_rank;

/// One invocation per pixel.
pub static KERNEL: Kernel = Kernel {
    name: "border_events",
    wgsl: wgsl!("common/index", "border_events"),
    binds: &[Bind::Uniform, Bind::Read, Bind::Read, Bind::ReadWrite],
    workgroup: [256, 1, 1],
};

/// Must match `struct Params` in shaders/border_events.wgsl.
#[repr(C)]
#[derive(Clone, Copy, Pod, Zeroable)]
struct Params {
    width: u32,
    height: u32,
    candidates: u32,
}

/// Records the addition of every pixel's events to `events`, all 0 before. Errors:
/// [`GpuError::Shape`](maskov_gpu::GpuError::Shape) where buffers are too short.
pub fn border_events(
    pass: &mut Pass<'_>,
    rank: &Buffer,
    levels: &Buffer,
    [height, width]: [usize; 2],
    candidates: usize,
    events: &Buffer,
) -> Result<()> {
    let pixels = height * width;
    let lens = [rank, levels, events].map(Buffer::len);
    require(&KERNEL, lens[0].min(lens[1]) >= pixels && lens[2] >= 2 * candidates, || {
        format!("{lens:?} words for {width}×{height} and {candidates} candidates")
    })?;
    let params = Params { width: width as u32, height: height as u32, candidates: candidates as u32 };
    let buffers = [rank.into(), levels.into(), events.into()];
    pass.dispatch(&KERNEL, &[], &params, &buffers, groups_1d(pixels, KERNEL.workgroup[0]))
}

/// What the kernel means: the events of the first `candidates` candidates, `[length, sum]`.
pub fn border_events_cpu(rank: &[u32], levels: &[u16], width: usize, candidates: usize) -> Vec<[i32; 2]> {
    let mut events = vec![[0, 0]; candidates];
    for (pixel, (&leaves, &level)) in rank.iter().zip(levels).enumerate() {
        let joins = first_neighbour_rank(rank, width, pixel);
        if joins >= leaves {
            continue;
        }
        for (candidate, sign) in [(joins, 1), (leaves, -1)] {
            if let Some([length, sum]) = events.get_mut(candidate as usize) {
                *length += sign;
                *sum += sign * i32::from(level);
            }
        }
    }
    events
}

#[cfg(test)]
pub(crate) mod tests {
    use maskov_gpu::testing::{Seeded, gpu};

    use super::{border_events, border_events_cpu};

    /// A seeded permutation of `0..len` and seeded levels.
    pub(crate) fn ranks_and_levels(len: usize) -> (Vec<u32>, Vec<u16>) {
        let mut seeded = Seeded::new(15);
        let mut rank: Vec<u32> = (0..len as u32).collect();
        for i in (1..len).rev() {
            rank.swap(i, seeded.below(i as u32 + 1) as usize);
        }
        (rank, (0..len).map(|_| seeded.below(1025) as u16).collect())
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn border_events_matches_cpu() {
        let gpu = gpu().await;
        for [height, width] in [[1, 1], [1, 2], [5, 1], [15, 17], [16, 16], [1, 257], [77, 131]] {
            let pixels = height * width;
            let (rank, levels) = ranks_and_levels(pixels);
            let wide: Vec<u32> = levels.iter().map(|&level| level.into()).collect();
            let [rank_buffer, levels_buffer] =
                [&rank, &wide].map(|words| gpu.upload("pixels", words).expect("fits"));
            for candidates in [pixels * 2 / 5, pixels - 1] {
                // One event more than there are candidates, to see that it is left alone.
                let events = gpu.upload("events", &vec![0i32; 2 * candidates + 2]).expect("fits");
                let mut pass = gpu.pass();
                border_events(&mut pass, &rank_buffer, &levels_buffer, [height, width], candidates, &events)
                    .expect("fits");
                pass.submit().expect("the device works");
                let mut expected = border_events_cpu(&rank, &levels, width, candidates);
                expected.push([0, 0]);
                let got: Vec<[i32; 2]> = gpu.read(&events).await.expect("reads");
                assert_eq!(got, expected, "{width}×{height}, {candidates} candidates");
            }
        }
    }

    #[wasm_bindgen_test::wasm_bindgen_test(unsupported = pollster::test)]
    async fn short_events_are_refused() {
        let gpu = gpu().await;
        let (full, short) = (gpu.create("r", 6).expect("fits"), gpu.create("events", 3).expect("fits"));
        let error =
            border_events(&mut gpu.pass(), &full, &full, [2, 3], 2, &short).expect_err("3 of 4 words");
        assert!(error.to_string().contains("border_events"), "{error}");
    }
}
