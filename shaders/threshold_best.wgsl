// The best of the runs' best candidates, and its threshold.
// Meaning and layout: crates/kernels/src/threshold_best.rs.

struct Params {
    runs: u32,
    point: u32,
}

struct Chosen {
    candidate: u32,
    threshold: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bests: array<Best>;                // [runs]
@group(0) @binding(2) var<storage, read> thresholds: array<f32>;            // [candidates], at least one
@group(0) @binding(3) var<storage, read_write> chosen: array<Chosen>;       // [points]

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) lane: u32) {
    // Without any candidate the point's own pixel is the segment.
    var own = Best(0.0, select(0xffffffffu, 0u, params.runs == 0u));
    for (var run = lane; run < params.runs; run += 256u) {
        own = better(own, bests[run]);
    }
    let best = reduce_best(lane, own);
    if lane == 0u {
        chosen[params.point] = Chosen(best.candidate, thresholds[best.candidate]);
    }
}
