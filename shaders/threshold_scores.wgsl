// The score of every candidate segment, and the best one of each run of 4096.
// Meaning and layout: crates/kernels/src/threshold_scores.rs.

const PER_GROUP = 4096u;

struct Params {
    candidates: u32,
    positives: u32,
    negative_limit: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> edge: array<f32>;               // [candidates]
@group(0) @binding(2) var<storage, read> thresholds: array<f32>;         // [candidates]
@group(0) @binding(3) var<storage, read> positives: array<f32>;          // [positives]
@group(0) @binding(4) var<storage, read_write> bests: array<Best>;       // [candidates / 4096, rounded up]

fn score(candidate: u32) -> f32 {
    let threshold = thresholds[candidate];
    if threshold >= params.negative_limit {
        return 0.0;
    }
    var reached = 0u;
    for (var i = 0u; i < params.positives; i++) {
        reached += select(0u, 1u, positives[i] <= threshold);
    }
    return edge[candidate] * (f32(reached) / f32(params.positives));
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let first = group.x * PER_GROUP;
    let end = min(first + PER_GROUP, params.candidates);
    var own = NONE;
    for (var candidate = first + lane; candidate < end; candidate += 256u) {
        own = better(own, Best(score(candidate), candidate));
    }
    let best = reduce_best(lane, own);
    if lane == 0u {
        bests[group.x] = best;
    }
}
