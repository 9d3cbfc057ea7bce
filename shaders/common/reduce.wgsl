// Sum and maximum over the 256 invocations of a workgroup; every invocation gets the result. Call from uniform control
// flow only: there are barriers inside.

var<workgroup> reduce_values: array<f32, 256>;

fn reduce_sum(lane: u32, value: f32) -> f32 {
    reduce_values[lane] = value;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half >>= 1u) {
        if lane < half {
            reduce_values[lane] += reduce_values[lane + half];
        }
        workgroupBarrier();
    }
    let total = reduce_values[0];
    // The next reduction writes the same memory.
    workgroupBarrier();
    return total;
}

fn reduce_max(lane: u32, value: f32) -> f32 {
    reduce_values[lane] = value;
    workgroupBarrier();
    for (var half = 128u; half > 0u; half >>= 1u) {
        if lane < half {
            reduce_values[lane] = max(reduce_values[lane], reduce_values[lane + half]);
        }
        workgroupBarrier();
    }
    let largest = reduce_values[0];
    workgroupBarrier();
    return largest;
}
