//! Markov maps made in advance, so that a preview needs no chain.
//!
//! The start states of a click are shares of the four tokens around it, and the chain is linear but for the moment at which a
//! token passes. So where the maps of the tokens around a point hardly differ, their mean, weighted by these shares, is
//! nearly that point's own map. Maps are made coarse to fine: a point between tokens four apart is served long before the
//! token beside it has its turn.

use crate::points::token_place;

/// Distances of the tokens whose maps are made for previews, one after the other.
pub const PREVIEW_STRIDES: [usize; 3] = [4, 2, 1];

/// What all maps of a photo may take.
const MAX_BYTES: usize = 96 << 20;

/// The most that the maps around a point may differ, as [`spread`] has it. `maskov bench previews` measures what previews lose by
/// it: beyond twice as much, one in ten is another thing than the click will take.
const MAX_SPREAD: f32 = 0.12;

/// The maps of a photo's tokens, as far as they were made.
pub(crate) struct Lattice {
    resolution: usize,
    /// By token; f32 `[R, R]`.
    maps: Vec<Option<Box<[f32]>>>,
    /// The tokens in the order in which they are made.
    order: Vec<usize>,
    made: usize,
}

/// A token beside a point, and its share of it.
type Corner = (usize, f32);

impl Lattice {
    pub fn new(resolution: usize) -> Self {
        let tokens = resolution * resolution;
        let mut order = Vec::new();
        let mut is_ordered = vec![false; tokens];
        for stride in PREVIEW_STRIDES {
            let lines = lines(resolution, stride);
            let level =
                lines.iter().flat_map(|row| lines.iter().map(move |column| row * resolution + column));
            let level: Vec<usize> =
                level.filter(|&token| !std::mem::replace(&mut is_ordered[token], true)).collect();
            if 4 * tokens * (order.len() + level.len()) > MAX_BYTES {
                break;
            }
            order.extend(level);
        }
        Self { resolution, maps: vec![None; tokens], order, made: 0 }
    }

    /// How many maps there are, and how many there will be.
    pub fn progress(&self) -> (usize, usize) {
        (self.made, self.order.len())
    }

    /// Start states, f32 `[R, R]`, of the next tokens.
    pub fn next(&self, count: usize) -> Vec<Vec<f32>> {
        let tokens = self.order[self.made..].iter().take(count);
        let start_state = |&token: &usize| {
            let mut state = vec![0.0; self.maps.len()];
            state[token] = 1.0;
            state
        };
        tokens.map(start_state).collect()
    }

    /// Takes the maps of the tokens that [`Lattice::next`] gave.
    pub fn extend(&mut self, maps: Vec<Vec<f32>>) {
        for map in maps {
            self.maps[self.order[self.made]] = Some(map.into());
            self.made += 1;
        }
    }

    /// The map of a pixel of a photo of this size, where the maps around it are there and agree.
    pub fn map(&self, (x, y): (u32, u32), (width, height): (u32, u32)) -> Option<Vec<f32>> {
        let corners = PREVIEW_STRIDES.iter().rev().find_map(|&stride| {
            let (top, bottom, down) =
                on_lines(token_place(y, height, self.resolution), stride, self.resolution);
            let (left, right, across) =
                on_lines(token_place(x, width, self.resolution), stride, self.resolution);
            let corner = |row: usize, column: usize, share: f32| (row * self.resolution + column, share);
            let corners: [Corner; 4] = [
                corner(top, left, (1.0 - down) * (1.0 - across)),
                corner(top, right, (1.0 - down) * across),
                corner(bottom, left, down * (1.0 - across)),
                corner(bottom, right, down * across),
            ];
            // On a token, or between two, the others have no say.
            let shared = corners.into_iter().filter(|(_, share)| *share > 0.0);
            let maps = shared.map(|(token, share)| Some((self.maps[token].as_deref()?, share)));
            maps.collect::<Option<Vec<_>>>()
        })?;
        (spread(&corners) <= MAX_SPREAD).then(|| blended(&corners))
    }
}

/// The rows, or columns, of tokens at this distance: the first, the last and those between.
fn lines(resolution: usize, stride: usize) -> Vec<usize> {
    let last = resolution - 1;
    (0..last).step_by(stride).chain([last]).collect()
}

/// Between which lines of this distance a place between two tokens lies, and how far from the first to the second.
fn on_lines((token, _, share): (usize, usize, f64), stride: usize, resolution: usize) -> (usize, usize, f32) {
    let first = token / stride * stride;
    let second = (first + stride).min(resolution - 1);
    let apart = (second - first).max(1) as f64;
    (first, second, (((token - first) as f64 + share) / apart) as f32)
}

/// The mean, over all tokens, of how far the steps of maps lie apart, in shares of the middle.
fn spread(maps: &[(&[f32], f32)]) -> f32 {
    let of_token = |token: usize| {
        let steps = || maps.iter().map(|(map, _)| map[token]);
        let (least, most) = (steps().fold(f32::MAX, f32::min), steps().fold(0.0, f32::max));
        (most - least) / (1.0 + (most + least) / 2.0)
    };
    let tokens = maps[0].0.len();
    (0..tokens).map(of_token).sum::<f32>() / tokens as f32
}

fn blended(maps: &[(&[f32], f32)]) -> Vec<f32> {
    let of_token = |token: usize| maps.iter().map(|(map, share)| share * map[token]).sum();
    (0..maps[0].0.len()).map(of_token).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every token's map is its own number everywhere, times `step`, plus 1.
    fn filled(resolution: usize, count: usize, step: f32) -> Lattice {
        let mut lattice = Lattice::new(resolution);
        let starts = lattice.next(count);
        let token = |state: &Vec<f32>| state.iter().position(|&share| share == 1.0).unwrap();
        lattice.extend(
            starts
                .iter()
                .map(|state| vec![1.0 + step * token(state) as f32; resolution * resolution])
                .collect(),
        );
        lattice
    }

    #[test]
    fn tokens_are_made_coarse_to_fine_and_once() {
        let lattice = Lattice::new(10);
        assert_eq!(lines(10, 4), [0, 4, 8, 9]);
        assert_eq!(lattice.order[..16].iter().max(), Some(&99));
        assert_eq!(lattice.progress(), (0, 100));
        let mut all = lattice.order.clone();
        all.sort_unstable();
        assert_eq!(all, (0..100).collect::<Vec<_>>());
        assert_eq!(Lattice::new(1).order, [0]);
    }

    #[test]
    fn what_takes_too_much_memory_is_left_coarse() {
        let (_, at_64) = Lattice::new(64).progress();
        assert_eq!(at_64, 64 * 64);
        let (_, at_128) = Lattice::new(128).progress();
        assert_eq!(at_128, 33 * 33, "every fourth, and the last");
    }

    #[test]
    fn a_place_is_blended_from_the_finest_maps_around_it() {
        // A photo of as many pixels as there are steps from the first to the last token.
        let at = |lattice: &Lattice, x, y| lattice.map((x, y), (8, 8));
        assert_eq!(at(&filled(9, 0, 0.0), 3, 3), None, "nothing is there yet");
        let coarse = filled(9, 9, 0.001);
        let map = at(&coarse, 1, 2).unwrap();
        // Row 2 and column 1 of tokens, whose number is 9 rows + columns.
        assert!(map.iter().all(|&step| (step - 1.019).abs() < 1e-5), "{map:?}");
        assert!(at(&filled(9, 81, 0.001), 1, 2).is_some());
    }

    #[test]
    fn maps_that_differ_are_not_blended() {
        assert_eq!(filled(9, 9, 1.0).map((1, 2), (8, 8)), None);
        let (a, b): ([f32; 2], [f32; 2]) = ([1.0, 3.0], [1.0, 5.0]);
        assert!((spread(&[(&a, 0.5), (&b, 0.5)]) - 0.2).abs() < 1e-6, "2 of 5 for one of two tokens");
        assert!(filled(9, 9, 1.0).map((4, 4), (8, 8)).is_some(), "on a token its own map is the one");
    }
}
