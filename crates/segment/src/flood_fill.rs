//! From the upsampled map to the distance map of a click: the minimax path to every pixel.

use crate::order::{order_by_value, rank_by_value};

/// The distance map of a click, f32 `[height, width]` in [0, 1].
///
/// `upsampled` is f32 `[height, width]`, finite and ≥ 0; it is divided by its maximum (m). `D(p)` is the minimum over
/// 4-connected paths from the click to p of the largest `|m(q) − m(click)|` on the path; the result is D over its maximum
/// (all 0 where the map is flat).
///
/// # Panics
/// When `click` is not a pixel of the map.
pub fn flood_fill(upsampled: &[f32], width: usize, click: usize) -> Vec<f32> {
    let largest = upsampled.iter().copied().fold(0.0f32, f32::max);
    let scale = if largest > 0.0 { largest } else { 1.0 };
    let scaled: Vec<f32> = upsampled.iter().map(|value| value / scale).collect();
    let mut distances = flood_steps(&scaled, width, click);
    let largest = distances.iter().copied().fold(0.0f32, f32::max);
    if largest > 0.0 {
        distances.iter_mut().for_each(|distance| *distance /= largest);
    }
    distances
}

/// [`flood_fill`] in the unit of the map: divided by no maximum.
pub(crate) fn flood_steps(map: &[f32], width: usize, click: usize) -> Vec<f32> {
    let centre = map[click];
    let costs: Vec<f32> = map.iter().map(|value| (value - centre).abs()).collect();
    minimax_distances(&costs, width, click)
}

/// Dijkstra with the maximum in place of the sum.
///
/// The level only ever rises, so the queue is a set of bits, one for each pixel in order of cost, read upwards once:
/// after sorting every pixel takes constant time.
fn minimax_distances(costs: &[f32], width: usize, click: usize) -> Vec<f32> {
    const UNREACHED: f32 = -1.0;
    let order = order_by_value(costs);
    let rank = rank_by_value(&order);
    let mut distances = vec![UNREACHED; costs.len()];
    let mut queue = vec![0u64; costs.len().div_ceil(64)];
    let mut reached = Vec::new();
    let mut place = rank[click] as usize;
    queue[place / 64] |= 1 << (place % 64);
    while let Some(next) = first_bit_from(&queue, place) {
        place = next;
        let level = costs[order[place] as usize];
        let pixel = order[place] as usize;
        if distances[pixel] != UNREACHED {
            // Reached below this level before its turn came.
            place += 1;
            continue;
        }
        distances[pixel] = level;
        reached.push(pixel);
        while let Some(pixel) = reached.pop() {
            for neighbour in neighbours(pixel, width, costs.len()).into_iter().flatten() {
                if distances[neighbour] != UNREACHED {
                    continue;
                }
                let rank = rank[neighbour] as usize;
                if rank <= place {
                    distances[neighbour] = level;
                    reached.push(neighbour);
                } else {
                    queue[rank / 64] |= 1 << (rank % 64);
                }
            }
        }
        place += 1;
    }
    distances
}

/// The first set bit at or after `from`.
fn first_bit_from(bits: &[u64], from: usize) -> Option<usize> {
    let mut word = from / 64;
    let mut current = bits.get(word)? & (u64::MAX << (from % 64));
    while current == 0 {
        word += 1;
        current = *bits.get(word)?;
    }
    Some(word * 64 + current.trailing_zeros() as usize)
}

fn neighbours(pixel: usize, width: usize, len: usize) -> [Option<usize>; 4] {
    let x = pixel % width;
    [
        (x > 0).then(|| pixel - 1),
        (x + 1 < width).then_some(pixel + 1),
        (pixel >= width).then(|| pixel - width),
        (pixel + width < len).then_some(pixel + width),
    ]
}

#[cfg(test)]
mod tests {
    use super::{first_bit_from, flood_fill, minimax_distances, neighbours};

    /// Bellman-Ford: relax every edge until nothing changes.
    fn by_relaxation(costs: &[f32], width: usize, click: usize) -> Vec<f32> {
        let mut distances = vec![f32::INFINITY; costs.len()];
        distances[click] = costs[click];
        loop {
            let mut changed = false;
            for pixel in 0..costs.len() {
                for neighbour in neighbours(pixel, width, costs.len()).into_iter().flatten() {
                    let through = distances[pixel].max(costs[neighbour]);
                    if through < distances[neighbour] {
                        distances[neighbour] = through;
                        changed = true;
                    }
                }
            }
            if !changed {
                return distances;
            }
        }
    }

    #[test]
    fn distances_are_those_of_relaxation() {
        let mut seed = 7u32;
        for (width, height) in [(1usize, 1usize), (1, 70), (40, 1), (9, 8), (64, 33), (50, 51)] {
            for values in [5u32, 1000] {
                let mut next = || {
                    seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    (seed >> 8) % values
                };
                let mut costs: Vec<f32> = (0..width * height).map(|_| next() as f32).collect();
                let click = next() as usize % costs.len();
                costs[click] = 0.0;
                let got = minimax_distances(&costs, width, click);
                assert_eq!(got, by_relaxation(&costs, width, click), "{width}×{height}, {values} values");
            }
        }
    }

    #[test]
    fn a_wall_is_crossed_at_its_lowest_gate() {
        #[rustfmt::skip]
        let map = [
            0.0, 0.0, 8.0, 0.0,
            0.0, 0.0, 4.0, 0.0,
            0.0, 0.0, 8.0, 2.0,
        ];
        let distances = flood_fill(&map, 4, 0);
        #[rustfmt::skip]
        assert_eq!(distances, [
            0.0, 0.0, 1.0, 0.5,
            0.0, 0.0, 0.5, 0.5,
            0.0, 0.0, 1.0, 0.5,
        ]);
    }

    #[test]
    fn flat_maps_and_single_pixels_are_all_zero() {
        assert_eq!(flood_fill(&[4.0; 6], 3, 5), [0.0; 6]);
        assert_eq!(flood_fill(&[0.0], 1, 0), [0.0]);
    }

    #[test]
    fn bits_are_found_across_words() {
        let mut bits = vec![0u64; 3];
        bits[2] = 1 << 5;
        assert_eq!(first_bit_from(&bits, 0), Some(133));
        assert_eq!(first_bit_from(&bits, 133), Some(133));
        assert_eq!(first_bit_from(&bits, 134), None);
        assert_eq!(first_bit_from(&bits, 192), None);
    }
}
