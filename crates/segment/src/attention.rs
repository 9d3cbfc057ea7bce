//! The attention map as it comes in.

use crate::error::{Result, SegmentError};

/// An attention map in host memory: f32 `[R², R²]`, row = query token, column = key token, tokens row-major over the grid.
#[derive(Clone, Debug)]
pub struct AttentionMap {
    pub(crate) resolution: usize,
    pub(crate) values: Vec<f32>,
}

impl AttentionMap {
    /// Takes a map of resolution R. Rows need not sum to 1 exactly; the temperature step normalises them.
    ///
    /// # Errors
    /// When there are not R⁴ entries, an entry is NaN, infinite or negative, or a row is all zeros.
    pub fn new(resolution: usize, values: Vec<f32>) -> Result<Self> {
        let tokens = resolution.checked_mul(resolution).filter(|&tokens| tokens > 0);
        let wanted = tokens.and_then(|tokens| tokens.checked_mul(tokens));
        let (Some(tokens), Some(true)) = (tokens, wanted.map(|wanted| wanted == values.len())) else {
            return Err(SegmentError::AttentionShape { resolution, len: values.len() });
        };
        for (row, entries) in values.chunks_exact(tokens).enumerate() {
            if let Some(column) = entries.iter().position(|value| !(value.is_finite() && *value >= 0.0)) {
                return Err(SegmentError::AttentionValue { row, column, value: entries[column] });
            }
            if entries.iter().all(|value| *value == 0.0) {
                return Err(SegmentError::AttentionRowEmpty { row });
            }
        }
        Ok(Self { resolution, values })
    }

    /// Attention resolution R: the side of the token grid.
    pub fn resolution(&self) -> usize {
        self.resolution
    }

    /// The entries, f32 `[R², R²]`.
    pub fn values(&self) -> &[f32] {
        &self.values
    }
}

#[cfg(test)]
mod tests {
    use super::AttentionMap;
    use crate::error::SegmentError;

    #[test]
    fn bad_maps_are_named() {
        assert!(AttentionMap::new(2, vec![0.25; 16]).is_ok());
        assert!(matches!(
            AttentionMap::new(2, vec![0.25; 12]),
            Err(SegmentError::AttentionShape { len: 12, .. })
        ));
        assert!(matches!(AttentionMap::new(0, vec![]), Err(SegmentError::AttentionShape { .. })));
        assert!(matches!(AttentionMap::new(usize::MAX, vec![]), Err(SegmentError::AttentionShape { .. })));
        for bad in [f32::NAN, f32::INFINITY, -0.1] {
            let mut values = vec![0.25; 16];
            values[6] = bad;
            let error = AttentionMap::new(2, values).unwrap_err();
            assert!(matches!(error, SegmentError::AttentionValue { row: 1, column: 2, .. }), "{error}");
        }
        let mut values = vec![0.25; 16];
        values[8..12].fill(0.0);
        assert!(matches!(AttentionMap::new(2, values), Err(SegmentError::AttentionRowEmpty { row: 2 })));
    }
}
