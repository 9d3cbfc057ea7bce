//! The kernels: one file each, of the same stem as its shader in `shaders/`.
//!
//! Open `shaders/foo.wgsl` and `crates/kernels/src/foo.rs` and you see everything about `foo`: the formula, the
//! parameters, the wrapper that checks shapes and dispatches, the CPU twin that says what it means, and the test that
//! compares the two natively and in a browser.

pub mod linear_f16;
pub mod linear_q8;
pub mod linear_q4;
pub mod conv2d_3x3_f16;
pub mod conv2d_3x3_q8;
pub mod conv2d_3x3_q4;
pub mod group_norm_stats;
pub mod group_norm;
pub mod layer_norm;
pub mod activation;
pub mod geglu;
pub mod add;
pub mod add_row;
pub mod concat;
pub mod upsample_nearest;
pub mod scaled_head;
pub mod pixel_unshuffle;
pub mod token_embedding;
pub mod attention;
pub mod attention_row_stats;
pub mod attention_map;
pub mod normalize_rows;
pub mod temperature;
pub mod ipf_columns;
pub mod ipf_rows;
pub mod markov_step;
pub mod upsample_weights;
pub mod upsample_map;
pub mod sobel;
pub mod threshold_scores;
pub mod truncated_nearest;
