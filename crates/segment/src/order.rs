//! Pixels in the order of their values.

/// Bits of a radix digit: three digits cover a 32-bit key.
const DIGIT_BITS: u32 = 11;
const BUCKETS: usize = 1 << DIGIT_BITS;

/// Indices ordered by value ascending, ties by index (a stable sort).
///
/// Values must be finite and ≥ 0: then the bits of an f32 order as the number does, and three passes of a radix sort do
/// it, several times faster than comparisons.
pub fn order_by_value(values: &[f32]) -> Vec<u32> {
    // `+ 0.0` turns −0 into 0, whose bits would sort last.
    let mut pairs: Vec<u64> =
        values.iter().enumerate().map(|(i, &v)| u64::from((v + 0.0).to_bits()) << 32 | i as u64).collect();
    let mut sorted = vec![0u64; pairs.len()];
    for digit in 0..3 {
        let shift = 32 + digit * DIGIT_BITS;
        let bucket = |pair: u64| (pair >> shift) as usize & (BUCKETS - 1);
        let mut next = [0u32; BUCKETS];
        pairs.iter().for_each(|&pair| next[bucket(pair)] += 1);
        let mut start = 0;
        for count in &mut next {
            start += std::mem::replace(count, start);
        }
        for &pair in &pairs {
            let place = &mut next[bucket(pair)];
            sorted[*place as usize] = pair;
            *place += 1;
        }
        std::mem::swap(&mut pairs, &mut sorted);
    }
    pairs.into_iter().map(|pair| pair as u32).collect()
}

/// The place of each index in an order: `rank[order[i]] = i`.
pub fn rank_by_value(order: &[u32]) -> Vec<u32> {
    let mut rank = vec![0u32; order.len()];
    for (place, &index) in order.iter().enumerate() {
        rank[index as usize] = place as u32;
    }
    rank
}

#[cfg(test)]
mod tests {
    use super::{order_by_value, rank_by_value};

    #[test]
    fn the_order_is_that_of_a_stable_sort() {
        let values: Vec<f32> = (0..5000u32)
            .map(|i| match i % 7 {
                0 => 0.0,
                1 => -0.0,
                2 => f32::from_bits(i),
                3 => 1e30 * i as f32,
                _ => (i.wrapping_mul(2_654_435_761) % 97) as f32 / 97.0,
            })
            .collect();
        let mut want: Vec<u32> = (0..5000).collect();
        want.sort_by(|&a, &b| values[a as usize].partial_cmp(&values[b as usize]).unwrap());
        let order = order_by_value(&values);
        assert_eq!(order, want);
        let rank = rank_by_value(&order);
        assert!(order.iter().enumerate().all(|(place, &index)| rank[index as usize] == place as u32));
        assert!(order_by_value(&[]).is_empty());
    }
}
