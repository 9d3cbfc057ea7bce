//! Connected parts of a region.

/// The part that each pixel belongs to: 0 outside the region, else a number from 1 on. Pixels that touch at a corner belong
/// together.
pub(crate) fn label_components(region: &[bool], width: usize) -> Vec<u32> {
    let mut parts = vec![0u32; region.len()];
    let (mut last, mut reached) = (0, Vec::new());
    for start in 0..region.len() {
        if region[start] && parts[start] == 0 {
            last += 1;
            spread(region, width, start, last, &mut parts, &mut reached);
        }
    }
    parts
}

/// The part of a region that holds a pixel; empty where the pixel lies outside.
pub(crate) fn part_at(region: &[bool], width: usize, pixel: usize) -> Vec<bool> {
    let mut parts = vec![0u32; region.len()];
    if region[pixel] {
        spread(region, width, pixel, 1, &mut parts, &mut Vec::new());
    }
    parts.into_iter().map(|part| part == 1).collect()
}

fn spread(
    region: &[bool],
    width: usize,
    start: usize,
    part: u32,
    parts: &mut [u32],
    reached: &mut Vec<usize>,
) {
    let height = region.len() / width;
    parts[start] = part;
    reached.push(start);
    while let Some(pixel) = reached.pop() {
        let (x, y) = (pixel % width, pixel / width);
        for row in y.saturating_sub(1)..(y + 2).min(height) {
            for column in x.saturating_sub(1)..(x + 2).min(width) {
                let neighbour = row * width + column;
                if region[neighbour] && parts[neighbour] == 0 {
                    parts[neighbour] = part;
                    reached.push(neighbour);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{label_components, part_at};

    #[test]
    fn corners_connect_and_gaps_do_not() {
        #[rustfmt::skip]
        let region = [
            true,  false, false, true,
            false, true,  false, true,
            false, false, false, false,
            true,  false, false, true,
        ];
        assert_eq!(label_components(&region, 4), [1, 0, 0, 2, 0, 1, 0, 2, 0, 0, 0, 0, 3, 0, 0, 4]);
        let part: Vec<usize> = part_at(&region, 4, 5)
            .into_iter()
            .enumerate()
            .filter_map(|(i, inside)| inside.then_some(i))
            .collect();
        assert_eq!(part, [0, 5]);
        assert!(part_at(&region, 4, 1).iter().all(|inside| !inside));
    }
}
