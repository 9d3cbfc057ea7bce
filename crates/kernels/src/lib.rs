//! The kernels: one file each, of the same stem as its shader in `shaders/`.
//!
//! Open `shaders/foo.wgsl` and `crates/kernels/src/foo.rs` and you see everything about `foo`: the formula, the
//! parameters, the wrapper that checks shapes and dispatches, the CPU twin that says what it means, and the test that
//! compares the two natively and in a browser.

/// The WGSL text of a kernel: the named files of `shaders/`, one after the other.
macro_rules! wgsl {
    ($($stem:literal),+) => {
        concat!($(include_str!(concat!("../../../shaders/", $stem, ".wgsl")), "\n"),+)
    };
}

pub mod activation;
pub mod add;
pub mod add_row;
pub mod attention;
pub mod attention_map;
pub mod attention_row_stats;
pub mod border_events;
pub mod concat;
pub mod conv2d_3x3_f16;
pub mod conv2d_3x3_q4;
pub mod conv2d_3x3_q8;
pub mod edge_terms;
pub mod geglu;
pub mod group_norm;
pub mod group_norm_partials;
pub mod group_norm_stats;
pub mod ipf_columns;
pub mod ipf_rows;
pub mod l2_normalize;
pub mod layer_norm;
pub mod layer_scale;
pub mod linear_f16;
pub mod linear_q4;
pub mod linear_q8;
pub mod markov_step;
mod matmul_tile;
pub mod matrix;
pub mod normalize_rows;
pub mod peak_fma;
pub mod peak_fma_f16;
pub mod peak_read;
pub mod peak_workgroup;
pub mod pixel_unshuffle;
pub mod prefix_sums;
pub mod prefix_sums_add;
pub mod products;
pub mod scaled_head;
pub mod sobel;
pub mod sobel_levels;
pub mod sum_splits;
pub mod temperature;
pub mod threshold_best;
pub mod threshold_scores;
pub mod truncated_mask;
pub mod truncated_nearest;
pub mod upsample_guide;
pub mod upsample_map;
pub mod upsample_nearest;
pub mod upsample_weights;
pub mod vector_math;
pub mod weighted_column_sums;

use maskov_gpu::{GpuError, Kernel, Result};

/// Every kernel: shader validation and benches read this list.
pub static ALL: &[&Kernel] = &[
    &activation::KERNEL,
    &add::KERNEL,
    &add_row::KERNEL,
    &attention::KERNEL,
    &attention_map::KERNEL,
    &attention_row_stats::KERNEL,
    &border_events::KERNEL,
    &concat::KERNEL,
    &conv2d_3x3_f16::KERNEL,
    &conv2d_3x3_q4::KERNEL,
    &conv2d_3x3_q8::KERNEL,
    &edge_terms::KERNEL,
    &geglu::KERNEL,
    &group_norm::KERNEL,
    &group_norm_partials::KERNEL,
    &group_norm_stats::KERNEL,
    &ipf_columns::KERNEL,
    &ipf_rows::KERNEL,
    &l2_normalize::KERNEL,
    &layer_norm::KERNEL,
    &layer_scale::KERNEL,
    &linear_f16::KERNEL,
    &linear_q4::KERNEL,
    &linear_q8::KERNEL,
    &markov_step::KERNEL,
    &normalize_rows::KERNEL,
    &peak_fma::KERNEL,
    &peak_fma_f16::KERNEL,
    &peak_read::KERNEL,
    &peak_workgroup::KERNEL,
    &pixel_unshuffle::KERNEL,
    &prefix_sums::KERNEL,
    &prefix_sums_add::KERNEL,
    &scaled_head::KERNEL,
    &sobel::KERNEL,
    &sobel_levels::KERNEL,
    &sum_splits::KERNEL,
    &temperature::KERNEL,
    &threshold_best::KERNEL,
    &threshold_scores::KERNEL,
    &truncated_mask::KERNEL,
    &truncated_nearest::KERNEL,
    &upsample_map::KERNEL,
    &upsample_nearest::KERNEL,
    &upsample_weights::KERNEL,
    &weighted_column_sums::KERNEL,
];

/// Errors with [`GpuError::Shape`] unless the shapes of a wrapper's arguments fit.
pub(crate) fn require(kernel: &Kernel, fits: bool, reason: impl FnOnce() -> String) -> Result<()> {
    if fits { Ok(()) } else { Err(GpuError::Shape { kernel: kernel.name, reason: reason() }) }
}
