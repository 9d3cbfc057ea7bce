//! How deep a pixel lies in a region: the exact Euclidean distance transform.

/// The exact squared Euclidean distance of every pixel of `region` to the nearest pixel outside, with one outside pixel
/// around the image; 0 outside the region. In integers, so that ties are ties.
///
/// Felzenszwalb and Huttenlocher, "Distance Transforms of Sampled Functions": columns by counting, rows by the lower
/// envelope of parabolas.
///
/// # Panics
/// When `region` is no whole number of rows.
pub fn squared_distances(region: &[bool], width: usize) -> Vec<u64> {
    assert!(width > 0 && region.len().is_multiple_of(width), "a region is [height, width]");
    let height = region.len() / width;
    let mut depth = vec![0u64; region.len()];
    for x in 0..width {
        let mut run = 0;
        for y in 0..height {
            run = if region[y * width + x] { run + 1 } else { 0 };
            depth[y * width + x] = run;
        }
        run = 0;
        for y in (0..height).rev() {
            let here = &mut depth[y * width + x];
            run = if *here > 0 { run + 1 } else { 0 };
            *here = (*here).min(run);
        }
    }
    // One column of outside pixels on each side: parabolas of height 0.
    let mut heights = vec![0i64; width + 2];
    let mut envelope = Envelope::default();
    for row in depth.chunks_exact_mut(width) {
        for (height, &depth) in heights[1..].iter_mut().zip(row.iter()) {
            *height = (depth * depth) as i64;
        }
        envelope.fit(&heights);
        let mut parabola = 0;
        for (x, out) in row.iter_mut().enumerate() {
            *out = envelope.value(&heights, x as i64 + 1, &mut parabola);
        }
    }
    depth
}

/// The lower envelope of the parabolas `(x − q)² + heights[q]`.
#[derive(Default)]
struct Envelope {
    /// Apexes of the parabolas, left to right.
    apexes: Vec<i64>,
    /// The last x at which the parabola before each is not above it.
    last_of_previous: Vec<i64>,
}

impl Envelope {
    fn fit(&mut self, heights: &[i64]) {
        self.apexes.clear();
        self.last_of_previous.clear();
        for q in 0..heights.len() as i64 {
            let mut last = i64::MIN;
            while let Some(&apex) = self.apexes.last() {
                // Parabola `apex` is not above parabola `q` up to and including this x.
                let value = |p: i64| heights[p as usize] + p * p;
                last = (value(q) - value(apex)).div_euclid(2 * (q - apex));
                if self.last_of_previous[self.apexes.len() - 1] < last {
                    break;
                }
                self.apexes.pop();
                self.last_of_previous.pop();
                last = i64::MIN;
            }
            self.apexes.push(q);
            self.last_of_previous.push(last);
        }
    }

    /// The envelope at x; `parabola` carries the place between calls with growing x.
    fn value(&self, heights: &[i64], x: i64, parabola: &mut usize) -> u64 {
        while self.last_of_previous.get(*parabola + 1).is_some_and(|&last| last < x) {
            *parabola += 1;
        }
        let apex = self.apexes[*parabola];
        ((x - apex).pow(2) + heights[apex as usize]) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::squared_distances;

    /// The definition: the nearest of all outside pixels, those around the image included.
    fn by_definition(region: &[bool], width: i64) -> Vec<u64> {
        let height = region.len() as i64 / width;
        let outside =
            |x: i64, y: i64| x < 0 || y < 0 || x >= width || y >= height || !region[(y * width + x) as usize];
        let nearest = |x: i64, y: i64| {
            (-1..=height)
                .flat_map(|qy| (-1..=width).map(move |qx| (qx, qy)))
                .filter(|&(qx, qy)| outside(qx, qy))
                .map(|(qx, qy)| ((qx - x).pow(2) + (qy - y).pow(2)) as u64)
                .min()
                .expect("the frame is outside")
        };
        (0..region.len() as i64).map(|i| nearest(i % width, i / width)).collect()
    }

    #[test]
    fn distances_are_exact() {
        let mut seed = 5u32;
        for (width, height, holes) in
            [(1, 1, 9), (7, 1, 9), (1, 6, 9), (13, 9, 3), (20, 15, 40), (31, 24, 300)]
        {
            let mut next = || {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                seed >> 8
            };
            let region: Vec<bool> = (0..width * height).map(|_| next() % holes != 0).collect();
            assert_eq!(
                squared_distances(&region, width),
                by_definition(&region, width as i64),
                "{width}×{height}"
            );
        }
        assert_eq!(squared_distances(&[true; 25], 5)[12], 9);
    }
}
