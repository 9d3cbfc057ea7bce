// Prefix sums of pairs within blocks of 1024, in place, and each block's total.
// Meaning and layout: crates/kernels/src/prefix_sums.rs.

const PER_LANE = 4u;

struct Params {
    pairs: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read_write> values: array<vec2<i32>>;     // [pairs]
@group(0) @binding(2) var<storage, read_write> totals: array<vec2<i32>>;     // [blocks]

var<workgroup> lane_sums: array<vec2<i32>, 256>;

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let block = group.y * groups.x + group.x;
    let first = (block * 256u + lane) * PER_LANE;
    var own: array<vec2<i32>, 4>;
    var sum = vec2(0);
    for (var i = 0u; i < PER_LANE; i++) {
        if first + i < params.pairs {
            sum += values[first + i];
        }
        own[i] = sum;
    }
    lane_sums[lane] = sum;
    workgroupBarrier();
    for (var distance = 1u; distance < 256u; distance <<= 1u) {
        var before = vec2(0);
        if lane >= distance {
            before = lane_sums[lane - distance];
        }
        workgroupBarrier();
        lane_sums[lane] += before;
        workgroupBarrier();
    }
    let before = lane_sums[lane] - sum;
    for (var i = 0u; i < PER_LANE; i++) {
        if first + i < params.pairs {
            values[first + i] = before + own[i];
        }
    }
    // Groups folded onto a second axis may lie behind the last block.
    if lane == 255u && block * 1024u < params.pairs {
        totals[block] = lane_sums[lane];
    }
}
