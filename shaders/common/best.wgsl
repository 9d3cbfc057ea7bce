// The best candidate of a workgroup of 256: the highest score, the first candidate on ties. Call from uniform control
// flow only: there are barriers inside.

struct Best {
    score: f32,
    candidate: u32,
}

// Worse than every candidate.
const NONE = Best(-1.0, 0xffffffffu);

var<workgroup> bests_of_lanes: array<Best, 256>;

fn better(a: Best, b: Best) -> Best {
    if b.score > a.score || (b.score == a.score && b.candidate < a.candidate) {
        return b;
    }
    return a;
}

// Every lane gets it.
fn reduce_best(lane: u32, own: Best) -> Best {
    bests_of_lanes[lane] = own;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half >>= 1u) {
        if lane < half {
            bests_of_lanes[lane] = better(bests_of_lanes[lane], bests_of_lanes[lane + half]);
        }
        workgroupBarrier();
    }
    return bests_of_lanes[0];
}
