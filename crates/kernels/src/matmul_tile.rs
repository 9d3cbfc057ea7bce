//! How a product is cut into workgroups: shaders/common/matmul_tile.wgsl.

use maskov_gpu::{Buffer, Kernel, Pass, Result};

use crate::matrix::Matrix;
use crate::sum_splits::sum_splits;

/// Outputs of a tile, and rows of a tall one; must match the shader.
const OUTPUTS: usize = 64;
const TALL_ROWS: usize = 64;
const SHORT_ROWS: usize = 32;
/// Values along k of one step; must match the shader.
const STEP: usize = 16;
/// Fewer groups leave parts of a device idle.
const ENOUGH_GROUPS: usize = 200;
/// Steps that a group has at least: fewer are not worth the sum of the shares.
const MIN_STEPS: usize = 16;

/// A product's tiles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tiles {
    is_tall: bool,
    groups: [u32; 2],
    /// Steps along k of one group.
    pub(crate) steps: usize,
    /// Groups that share the steps of a tile.
    pub(crate) splits: usize,
}

impl Tiles {
    /// The largest tiles that still occupy a device.
    pub(crate) fn of(rows: usize, matrix: &Matrix) -> Self {
        Self::with(rows, matrix.outputs, matrix.k_len())
    }

    fn with(rows: usize, outputs: usize, k_len: usize) -> Self {
        let across = outputs.div_ceil(OUTPUTS);
        let is_tall = rows.div_ceil(TALL_ROWS) * across >= ENOUGH_GROUPS;
        let down = rows.div_ceil(if is_tall { TALL_ROWS } else { SHORT_ROWS });
        let all_steps = k_len.div_ceil(STEP);
        let wanted = ENOUGH_GROUPS.div_ceil(down * across).min(all_steps / MIN_STEPS).max(1);
        let steps = all_steps.div_ceil(wanted);
        Self { is_tall, groups: [across as u32, down as u32], steps, splits: all_steps.div_ceil(steps) }
    }

    /// Records the product, and the sum of its shares where they are several.
    pub(crate) fn dispatch<P: bytemuck::NoUninit>(
        self,
        pass: &mut Pass<'_>,
        kernel: &'static Kernel,
        params: &P,
        [x, bias, y]: [&Buffer; 3],
        matrix: &Matrix,
        rows: usize,
    ) -> Result<()> {
        let Self { is_tall, groups: [across, down], splits, .. } = self;
        let constants = [("TALL", f64::from(u8::from(is_tall)))];
        let groups = [across, down, splits as u32];
        if splits == 1 {
            return pass.dispatch(kernel, &constants, params, &matrix.bindings(x, bias, y), groups);
        }
        let extents = [splits, rows, matrix.outputs];
        let shares = pass.gpu().create("shares of a product", extents.iter().product())?;
        pass.dispatch(kernel, &constants, params, &matrix.bindings(x, bias, &shares), groups)?;
        sum_splits(pass, &shares, bias, extents, y)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_products_are_cut_finer() {
        let of = |rows, outputs, k_len| {
            let tiles = Tiles::with(rows, outputs, k_len);
            (tiles.is_tall, tiles.groups, tiles.steps, tiles.splits)
        };
        assert_eq!(of(4096, 2560, 320), (true, [40, 64], 20, 1), "a large one");
        assert_eq!(of(2304, 192, 96), (false, [3, 72], 6, 1), "216 groups of half the rows");
        assert_eq!(of(144, 144, 2592), (false, [3, 5], 17, 10), "14 shares were wanted, 10 are of use");
        assert_eq!(of(1, 1, 32), (false, [1, 1], 2, 1), "nothing to share");
    }
}
