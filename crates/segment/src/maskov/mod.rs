//! Our method on top of the paper's maps: no label and no training either.
//!
//! - **Size.** The first click's threshold is scored as in the paper, but on a logarithmic map and times a log-normal prior
//!   of the area (`size_score`). The colours within it speak with the map, as far as they are other ones than those beside it
//!   (`colour`).
//! - **Memory.** The first map and its threshold make a signed field; kernels of the clicks' own Markov maps correct it where
//!   a click says that it is wrong (`field`). Away from the newest click the mask before holds, a click on the object never
//!   removes, one beside it never adds (`clicks`).
//! - **Edge.** The field is cut on the photo's pixels: a minimum cut with contrast in Lab and the clicks as seeds (`contrast`,
//!   `cut`, `max_flow`). Maps and cuts are made at a long side of 320; a larger photo's border is cut anew in a band
//!   (`edge_band`), which costs less than a cut of all its pixels.
//! - **Size, by hand.** A first click of a given size takes the threshold that holds as much of the photo, and no more where
//!   its map is flat; a later one takes its own map within that size, and the mask before beyond it.
//!
//! What is not here is the paper's: the chain, its maps, their upsampling and the flood fill.

mod clicks;
mod colour;
mod contrast;
mod cut;
mod edge_band;
mod field;
mod max_flow;
mod settings;
mod size_score;
mod state;

pub use settings::MaskovSettings;
pub(crate) use state::Maskov;
