//! An attention map and clicks to a mask, by the paper's method (M2N2) or by ours on the same maps ([`Method`]).
//!
//! ```text
//! attention ─▶ transition matrix ─┐                       ┌─▶ edge profile ─▶ threshold ─▶ merge ──────── the paper's ─┐
//! click ─▶ start state ─▶ Markov map ─▶ upsampled ─▶ distance map                                          (refine) ─▶ mask
//! photo ─▶ upsampling weights ────────────┘               └─▶ size score ─▶ field ─▶ cut ─▶ edge band ─── ours ────────┘
//! ```
//!
//! [`Segmenter`] holds a photo and runs either; `m2n2` and `maskov` are the two ways from maps to a mask. What is computed on a
//! GPU or a CPU hides behind [`Solver`]; [`CpuSolver`] is the CPU's, [`GpuSolver`] the GPU's. A point's maps are cached: a
//! further point costs one map.

mod attention;
mod components;
mod cpu_solver;
mod distance_transform;
mod error;
pub mod evaluation;
mod flood_fill;
mod gpu_solver;
mod gpu_transition;
mod gpu_upsampling;
mod lattice;
mod m2n2;
mod map_source;
mod markov_map;
mod maskov;
mod merge;
mod order;
mod points;
mod refine;
mod rgb_image;
mod scoring;
mod segmenter;
mod settings;
mod solver;
mod transition;
mod upsampling;
mod weight_rows;

pub use attention::AttentionMap;
pub use cpu_solver::CpuSolver;
pub use error::{Result, SegmentError};
pub use flood_fill::flood_fill;
pub use gpu_solver::{GpuProfile, GpuSolver};
pub use gpu_transition::GpuTransition;
pub use gpu_upsampling::GpuUpsampling;
pub use lattice::PREVIEW_STRIDES;
pub use maskov::MaskovSettings;
pub use maskov_kernels::truncated_nearest::MaskLayer;
pub use merge::{Mask, own_clicked_pixels};
pub use order::{order_by_value, rank_by_value};
pub use points::{LARGEST_SIZE, PromptPoint, SMALLEST_SIZE, SizeStop, start_state};
pub use refine::Refinement;
pub use rgb_image::RgbImage;
pub use scoring::{EdgeProfile, candidate_count};
pub use segmenter::{PointStages, SIZE_STOPS, Segmentation, Segmenter};
pub use settings::{Method, MethodName, MethodSettings, SolveSize};
pub use solver::{HostWork, MergeLayer, Scoring, Solver, TransitionRow, Urgency};
pub use transition::Transition;
pub use upsampling::{Upsampling, upsample_direct};
