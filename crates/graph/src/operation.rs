//! The operations a list is made of.

use crate::{TensorId, WeightId};

/// A pointwise function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `x · sigmoid(x)`
    Silu,
    /// The exact GELU, `x · Φ(x)`.
    Gelu,
    /// CLIP's `x · sigmoid(1.702 x)`.
    QuickGelu,
}

/// Where a 3×3 convolution pads with zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// One pixel on every side.
    Same,
    /// One pixel on the right and at the bottom: the VAE encoder's downsampling.
    RightBottom,
}

/// One self-attention layer that takes part in an attention map.
#[derive(Clone, Debug, PartialEq)]
pub struct Tap {
    /// Queries, `[tokens, heads · head_dim]`.
    pub query: TensorId,
    /// Keys, `[tokens, heads · head_dim]`.
    pub key: TensorId,
    /// Number of heads.
    pub heads: usize,
    /// Share of this layer in the map.
    pub weight: f32,
}

/// What one entry of the list computes.
#[derive(Clone, Debug, PartialEq)]
pub enum Operation {
    /// `y = x · Wᵀ + b`, `W` of shape `[out, in]` (or `[out, in, 1, 1]`): also every 1×1 convolution.
    Linear {
        /// `[rows, in]`
        input: TensorId,
        /// `[out, in]`
        weight: WeightId,
        /// `[out]`
        bias: Option<WeightId>,
    },
    /// 3×3 convolution, `W` of shape `[out, in, 3, 3]`.
    Conv3x3 {
        /// `[height, width, in]`
        input: TensorId,
        /// `[out, in, 3, 3]`
        weight: WeightId,
        /// `[out]`
        bias: Option<WeightId>,
        /// 1 or 2.
        stride: usize,
        /// Where zeros are added.
        padding: Padding,
    },
    /// Group normalisation over pixels and the channels of a group, then scale, shift and optionally SiLU.
    GroupNorm {
        /// `[height, width, channels]`
        input: TensorId,
        /// `[channels]`
        weight: WeightId,
        /// `[channels]`
        bias: WeightId,
        /// Number of groups.
        groups: usize,
        /// Added to the variance.
        eps: f32,
        /// Whether SiLU follows.
        silu: bool,
    },
    /// Layer normalisation of every row.
    LayerNorm {
        /// `[rows, channels]`
        input: TensorId,
        /// `[channels]`
        weight: WeightId,
        /// `[channels]`
        bias: WeightId,
        /// Added to the variance.
        eps: f32,
    },
    /// A pointwise function.
    Activation {
        /// Any shape.
        input: TensorId,
        /// Which one.
        function: Function,
    },
    /// Split channels in halves `a, g`; `a · gelu(g)`.
    Geglu {
        /// `[rows, 2 · channels]`
        input: TensorId,
    },
    /// `a + b`, equal shapes.
    Add {
        /// Any shape.
        a: TensorId,
        /// The same shape.
        b: TensorId,
    },
    /// Adds one row to every row: the time embedding.
    AddRow {
        /// `[rows, channels]`
        input: TensorId,
        /// `[1, channels]`
        row: TensorId,
    },
    /// Every channel times its weight.
    LayerScale {
        /// `[rows, channels]`
        input: TensorId,
        /// `[channels]`
        weight: WeightId,
    },
    /// Every row divided by its Euclidean norm, times a factor.
    L2Normalize {
        /// `[rows, channels]`
        input: TensorId,
        /// The factor.
        scale: f32,
    },
    /// Some rows of a tensor, as a grid.
    Rows {
        /// `[more rows, channels]`
        input: TensorId,
        /// The first of them.
        first: usize,
        /// Rows of the grid.
        height: usize,
        /// Columns of the grid.
        width: usize,
    },
    /// Rows of `a`, then rows of `b`: `[rows, 1, channels]`.
    ConcatRows {
        /// `[rows of a, channels]`
        a: TensorId,
        /// `[rows of b, channels]`
        b: TensorId,
    },
    /// Channels of `a`, then channels of `b`.
    Concat {
        /// `[rows, channels of a]`
        a: TensorId,
        /// `[rows, channels of b]`
        b: TensorId,
    },
    /// Nearest-neighbour upsampling by 2 on both axes.
    UpsampleNearest {
        /// `[height, width, channels]`
        input: TensorId,
    },
    /// The first channels of every row, times a factor: the mean of the VAE's posterior.
    ScaledHead {
        /// `[rows, more channels]`
        input: TensorId,
        /// How many channels stay (the output's).
        channels: usize,
        /// The factor.
        scale: f32,
    },
    /// `torch.nn.functional.pixel_unshuffle`, then x and y of each token's centre in [−1, 1] as two more channels.
    PixelUnshuffle {
        /// `[height, width, channels]`
        input: TensorId,
        /// Side of the square that becomes channels.
        factor: usize,
        /// Whether the two position channels follow.
        positions: bool,
    },
    /// An embedding, `[rows, channels]`. No inputs.
    Embedding(Embedding),
    /// Multi-head attention `softmax(QKᵀ/√d) V`; heads are contiguous slices of the channels.
    Attention {
        /// `[queries, heads · head_dim]`
        query: TensorId,
        /// `[keys, heads · head_dim]`
        key: TensorId,
        /// `[keys, heads · head_dim]`
        value: TensorId,
        /// Number of heads.
        heads: usize,
        /// Whether a query sees only keys up to its own place.
        causal: bool,
    },
    /// The weighted mean over layers and heads of `softmax(QKᵀ/√d)`, rows renormalised to 1: `[tokens, tokens]`.
    AttentionMap {
        /// The layers.
        taps: Vec<Tap>,
        /// Height and width of the tokens that are in the map: the first rows of queries and keys. Keys behind them (of class
        /// and register tokens) take part in the softmax alone.
        grid: [usize; 2],
    },
}

/// What is made of weights and numbers alone: once per model, on the host for both executors.
#[derive(Clone, Debug, PartialEq)]
pub enum Embedding {
    /// The sinusoids of a fixed timestep, `[1, channels]`.
    Timestep {
        /// The timestep.
        timestep: f32,
        /// An even number.
        channels: usize,
        /// Whether the cosines come first.
        flip_sin_to_cos: bool,
        /// diffusers' `freq_shift`.
        freq_shift: f32,
    },
    /// A position table for a square grid, interpolated to another one as transformers does it: `[side, side, channels]`.
    Positions {
        /// `[1, 1 + n², channels]`, the class token's position first.
        table: WeightId,
        /// Side of the grid.
        side: usize,
        /// Whether the interpolation is PyTorch's antialiased one, which takes another cubic, too.
        antialias: bool,
    },
    /// The class token at its position, then the register tokens: `[1 + registers, 1, channels]`.
    SpecialTokens {
        /// `[1, 1, channels]`
        class: WeightId,
        /// `[1, 1 + n², channels]`, the class token's position first.
        table: WeightId,
        /// `[1, registers, channels]`
        registers: Option<WeightId>,
    },
    /// Channels that a query and a key need in addition, so that their product is `−scale · d² / (2 sigma²)` up to a term
    /// that is the same for all keys; `d` between cell centres, in sides of the grid. `[side, side, COORDINATES]`.
    Coordinates {
        /// Side of the grid.
        side: usize,
        /// Of the distance.
        sigma: f32,
        /// What `QKᵀ` is divided by later.
        scale: f32,
        /// Whether they are of keys, not of queries.
        of_keys: bool,
    },
    /// Rows of a token table plus the position table, `[ids.len(), channels]`.
    Tokens {
        /// Token ids of the fixed prompt.
        ids: Vec<u32>,
        /// `[vocabulary, channels]`
        tokens: WeightId,
        /// `[positions, channels]`
        positions: WeightId,
    },
}

impl Operation {
    /// The tensors it reads.
    pub fn inputs(&self) -> Vec<TensorId> {
        self.clone().operands_mut().0.into_iter().map(|id| *id).collect()
    }

    /// The weights it reads.
    pub fn weights(&self) -> Vec<WeightId> {
        self.clone().operands_mut().1.into_iter().map(|id| *id).collect()
    }

    /// The tensors and the weights it reads. Every field is named, so that none can be forgotten.
    pub(crate) fn operands_mut(&mut self) -> (Vec<&mut TensorId>, Vec<&mut WeightId>) {
        match self {
            Self::Linear { input, weight, bias }
            | Self::Conv3x3 { input, weight, bias, stride: _, padding: _ } => {
                (vec![input], std::iter::once(weight).chain(bias).collect())
            }
            Self::GroupNorm { input, weight, bias, groups: _, eps: _, silu: _ }
            | Self::LayerNorm { input, weight, bias, eps: _ } => (vec![input], vec![weight, bias]),
            Self::Activation { input, function: _ }
            | Self::Geglu { input }
            | Self::UpsampleNearest { input }
            | Self::ScaledHead { input, channels: _, scale: _ }
            | Self::L2Normalize { input, scale: _ }
            | Self::Rows { input, first: _, height: _, width: _ }
            | Self::PixelUnshuffle { input, factor: _, positions: _ } => (vec![input], Vec::new()),
            Self::LayerScale { input, weight } => (vec![input], vec![weight]),
            Self::Add { a, b } | Self::Concat { a, b } | Self::ConcatRows { a, b } => {
                (vec![a, b], Vec::new())
            }
            Self::AddRow { input, row } => (vec![input, row], Vec::new()),
            Self::Attention { query, key, value, heads: _, causal: _ } => {
                (vec![query, key, value], Vec::new())
            }
            Self::AttentionMap { taps, grid: _ } => {
                let of_taps = taps.iter_mut().flat_map(|tap| {
                    let Tap { query, key, heads: _, weight: _ } = tap;
                    [query, key]
                });
                (of_taps.collect(), Vec::new())
            }
            Self::Embedding(embedding) => (Vec::new(), embedding.weights_mut()),
        }
    }
}

impl Embedding {
    /// Channels of [`Embedding::Coordinates`]: two coordinates and the keys' own term.
    pub const COORDINATES: usize = 3;

    fn weights_mut(&mut self) -> Vec<&mut WeightId> {
        match self {
            Self::Timestep { timestep: _, channels: _, flip_sin_to_cos: _, freq_shift: _ }
            | Self::Coordinates { side: _, sigma: _, scale: _, of_keys: _ } => Vec::new(),
            Self::Positions { table, side: _, antialias: _ } => vec![table],
            Self::SpecialTokens { class, table, registers } => {
                [class, table].into_iter().chain(registers).collect()
            }
            Self::Tokens { ids: _, tokens, positions } => vec![tokens, positions],
        }
    }
}
