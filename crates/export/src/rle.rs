//! A mask as COCO's uncompressed runs.

/// Lengths of the runs of `mask`, u8 `[height, width]`, down its columns from left to right: background, object,
/// background and so on. The first run may have no pixel.
///
/// # Panics
/// When `mask` is shorter than `width · height`.
pub fn column_runs(mask: &[u8], width: usize, height: usize) -> Vec<u32> {
    let (mut runs, mut length, mut is_object) = (Vec::new(), 0, false);
    for x in 0..width {
        for y in 0..height {
            if (mask[y * width + x] != 0) != is_object {
                runs.push(length);
                (length, is_object) = (0, !is_object);
            }
            length += 1;
        }
    }
    runs.push(length);
    runs
}

#[cfg(test)]
mod tests {
    use super::column_runs;

    #[test]
    fn runs_go_down_the_columns_and_begin_with_background() {
        // Columns: 0 1, 1 1, 0 0.
        assert_eq!(column_runs(&[0, 1, 0, 1, 1, 0], 3, 2), [1, 3, 2]);
        assert_eq!(column_runs(&[1, 0], 2, 1), [0, 1, 1]);
        assert_eq!(column_runs(&[0; 6], 3, 2), [6]);
        assert_eq!(column_runs(&[9; 6], 2, 3), [0, 6]);
    }
}
