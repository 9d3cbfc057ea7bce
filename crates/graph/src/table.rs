//! A list as a table that can be read.

use std::fmt;

use crate::{Embedding, Graph, Operation, Padding, Precision, Shape, TensorId, Totals};

/// One line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Place in the list.
    pub index: usize,
    /// What it computes, in the kernels' words.
    pub operation: &'static str,
    /// The diffusers path.
    pub name: String,
    /// Extent of its output.
    pub shape: Shape,
    /// Bytes of its output as f32.
    pub bytes: u64,
    /// Values of its weights.
    pub parameters: u64,
    /// Twice its multiply-adds.
    pub flop: u64,
    /// Whether it is computed once per model.
    pub constant: bool,
}

impl fmt::Display for Shape {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        write!(formatter, "{}×{}×{}", self.height, self.width, self.channels)
    }
}

impl Operation {
    /// Its name in the kernels' words.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Linear { .. } => "linear",
            Self::Conv3x3 { stride: 1, .. } => "conv2d_3x3",
            Self::Conv3x3 { padding: Padding::Same, .. } => "conv2d_3x3/2",
            Self::Conv3x3 { .. } => "conv2d_3x3/2 rb",
            Self::GroupNorm { silu: false, .. } => "group_norm",
            Self::GroupNorm { .. } => "group_norm_silu",
            Self::LayerNorm { .. } => "layer_norm",
            Self::Activation { .. } => "activation",
            Self::Geglu { .. } => "geglu",
            Self::Add { .. } => "add",
            Self::AddRow { .. } => "add_row",
            Self::LayerScale { .. } => "layer_scale",
            Self::L2Normalize { .. } => "l2_normalize",
            Self::Rows { .. } => "rows",
            Self::ConcatRows { .. } => "concat_rows",
            Self::Concat { .. } => "concat",
            Self::UpsampleNearest { .. } => "upsample_nearest",
            Self::ScaledHead { .. } => "scaled_head",
            Self::PixelUnshuffle { .. } => "pixel_unshuffle",
            Self::Embedding(Embedding::Timestep { .. }) => "timestep_embedding",
            Self::Embedding(Embedding::Positions { .. }) => "position_embedding",
            Self::Embedding(Embedding::SpecialTokens { .. }) => "special_tokens",
            Self::Embedding(Embedding::Coordinates { .. }) => "coordinates",
            Self::Embedding(Embedding::Tokens { .. }) => "token_embedding",
            Self::Attention { .. } => "attention",
            Self::AttentionMap { .. } => "attention_map",
        }
    }
}

impl Graph {
    /// One row per operation, in order.
    pub fn rows(&self) -> Vec<Row> {
        let constant = self.constant_ops();
        let row = |(index, op): (usize, &crate::Op)| Row {
            index,
            operation: op.operation.label(),
            name: op.name.clone(),
            shape: self.tensor(op.output).shape,
            bytes: self.tensor(op.output).shape.bytes(),
            parameters: op.operation.weights().iter().map(|id| self.weight(*id).parameters()).sum(),
            flop: self.op_flop(op),
            constant: constant[index],
        };
        self.ops.iter().enumerate().map(row).collect()
    }

    /// The rows as text, a `c` behind those that are computed once per model, then the totals. `wanted` are the tensors
    /// that stay to the end.
    pub fn table(&self, wanted: &[TensorId]) -> String {
        let rows = self.rows();
        let width = |lens: &mut dyn Iterator<Item = usize>, head: &str| {
            lens.max().unwrap_or(0).max(head.chars().count())
        };
        let operation = width(&mut rows.iter().map(|row| row.operation.chars().count()), "operation");
        let name = width(&mut rows.iter().map(|row| row.name.chars().count()), "name");
        let shape = width(&mut rows.iter().map(|row| row.shape.to_string().chars().count()), "shape");
        let mut text = format!(
            "{:>5}  {:operation$}  {:name$}  {:>shape$}  {:>12}  {:>11}  {:>16}\n",
            "index", "operation", "name", "shape", "bytes", "parameters", "FLOP"
        );
        for row in &rows {
            text += &format!(
                "{:>5}  {:operation$}  {:name$}  {:>shape$}  {:>12}  {:>11}  {:>16}{}\n",
                row.index,
                row.operation,
                row.name,
                row.shape.to_string(),
                row.bytes,
                row.parameters,
                row.flop,
                if row.constant { " c" } else { "" }
            );
        }
        text + &self.summary(wanted)
    }

    /// The totals under the table.
    pub fn summary(&self, wanted: &[TensorId]) -> String {
        let Totals { parameters, flop } = self.totals();
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let millions = |count: u64| format!("{:.1} M", count as f64 / 1e6);
        let giga = |flop: u64| format!("{:.2} G", flop as f64 / 1e9);
        format!(
            "{} operations, {} of them once per model (c); {} weights\n\
             parameters   {}: {} in 3×3 convolutions, {} in linear layers and 1×1 convolutions, {} for K and V of \
             the text, {} used once per model, {} in norms and tables\n\
             live         {} without K and V of the text, which become constants\n\
             weights      {} as f16, {} as q8, {} as q4\n\
             activations  {} at the most, as f32\n\
             FLOP         {} ({:.3} T): {} in 3×3 convolutions, {} in linear layers and 1×1 convolutions, {} in \
             self-attention\n\
             besides      {} in attention to the text, {} in QKᵀ of maps, {} once per model\n",
            self.ops.len(),
            self.constant_ops().iter().filter(|constant| **constant).count(),
            self.weights.len(),
            parameters.all(),
            millions(parameters.conv3x3),
            millions(parameters.linear),
            millions(parameters.text),
            millions(parameters.time),
            millions(parameters.other),
            millions(parameters.live()),
            megabytes(self.weight_bytes(Precision::F16)),
            megabytes(self.weight_bytes(Precision::Q8)),
            megabytes(self.weight_bytes(Precision::Q4)),
            megabytes(self.peak_live_bytes(wanted)),
            flop.network(),
            flop.network() as f64 / 1e12,
            giga(flop.conv3x3),
            giga(flop.linear),
            giga(flop.self_attention),
            giga(flop.text_attention),
            giga(flop.attention_map),
            giga(flop.once),
        )
    }
}
