// Where each pixel joins the border of the growing segment and where it leaves: ±1 and ± its Sobel level.
// Meaning and layout: crates/kernels/src/border_events.rs.

struct Params {
    width: u32,
    height: u32,
    candidates: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> rank: array<u32>;                     // [height, width]
@group(0) @binding(2) var<storage, read> levels: array<u32>;                   // [height, width]
@group(0) @binding(3) var<storage, read_write> events: array<atomic<i32>>;     // [candidates, 2]: length, sum

fn first_neighbour_rank(pixel: u32) -> u32 {
    let x = pixel % params.width;
    let y = pixel / params.width;
    var first = 0xffffffffu;
    if x > 0u {
        first = min(first, rank[pixel - 1u]);
    }
    if x + 1u < params.width {
        first = min(first, rank[pixel + 1u]);
    }
    if y > 0u {
        first = min(first, rank[pixel - params.width]);
    }
    if y + 1u < params.height {
        first = min(first, rank[pixel + params.width]);
    }
    return first;
}

fn add_event(candidate: u32, sign: i32, level: u32) {
    if candidate < params.candidates {
        atomicAdd(&events[2u * candidate], sign);
        atomicAdd(&events[2u * candidate + 1u], sign * i32(level));
    }
}

@compute @workgroup_size(256)
fn main(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(num_workgroups) groups: vec3<u32>,
    @builtin(local_invocation_index) lane: u32,
) {
    let pixel = flat_index(group, groups, lane, 256u);
    if pixel >= params.width * params.height {
        return;
    }
    let joins = first_neighbour_rank(pixel);
    let leaves = rank[pixel];
    if joins < leaves {
        add_event(joins, 1, levels[pixel]);
        add_event(leaves, -1, levels[pixel]);
    }
}
