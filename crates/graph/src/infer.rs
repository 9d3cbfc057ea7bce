//! The shape of an operation's output, or why the operation does not fit its inputs.

use crate::{Embedding, Graph, Operation, Padding, Shape, Tap, TensorId, WeightId};

type Inferred = Result<Shape, String>;

pub(crate) fn output_shape(graph: &Graph, operation: &Operation) -> Inferred {
    let shape = |id: &TensorId| graph.tensor(*id).shape;
    match operation {
        Operation::Linear { input, weight, bias } => linear(graph, shape(input), *weight, *bias),
        Operation::Conv3x3 { input, weight, bias, stride, padding } => {
            conv3x3(graph, shape(input), *weight, *bias, *stride, *padding)
        }
        Operation::GroupNorm { input, weight, bias, groups, .. } => {
            let input = shape(input);
            if *groups == 0 || !input.channels.is_multiple_of(*groups) {
                return Err(format!("{} channels do not divide into {groups} groups", input.channels));
            }
            norm(graph, input, *weight, *bias)
        }
        Operation::LayerNorm { input, weight, bias, .. } => norm(graph, shape(input), *weight, *bias),
        Operation::Activation { input, .. } => Ok(shape(input)),
        Operation::Geglu { input } => geglu(shape(input)),
        Operation::Add { a, b } => equal(shape(a), shape(b)),
        Operation::AddRow { input, row } => add_row(shape(input), shape(row)),
        Operation::Concat { a, b } => concat(shape(a), shape(b)),
        Operation::LayerScale { input, weight } => {
            vector(graph, *weight, shape(input).channels)?;
            Ok(shape(input))
        }
        Operation::L2Normalize { input, .. } => Ok(shape(input)),
        Operation::Rows { input, first, height, width } => rows(shape(input), *first, *height, *width),
        Operation::ConcatRows { a, b } => concat_rows(shape(a), shape(b)),
        Operation::UpsampleNearest { input } => {
            let Shape { height, width, channels } = shape(input);
            Ok(Shape { height: 2 * height, width: 2 * width, channels })
        }
        Operation::ScaledHead { input, channels, .. } => match shape(input) {
            input if *channels <= input.channels => Ok(Shape { channels: *channels, ..input }),
            input => Err(format!("{channels} of {} channels", input.channels)),
        },
        Operation::PixelUnshuffle { input, factor, positions } => {
            pixel_unshuffle(shape(input), *factor, *positions)
        }
        Operation::Embedding(embedding) => embedded(graph, embedding),
        Operation::Attention { query, key, value, heads, causal } => {
            attention(shape(query), shape(key), shape(value), *heads, *causal)
        }
        Operation::AttentionMap { taps, grid } => attention_map(graph, taps, *grid),
    }
}

fn linear(graph: &Graph, input: Shape, weight: WeightId, bias: Option<WeightId>) -> Inferred {
    let weight = &graph.weight(weight).shape;
    let (out, channels) = match weight[..] {
        [out, channels] => (out, channels),
        [out, channels, height, width] => (out, channels * height * width),
        _ => return Err(format!("a weight of shape {weight:?} where [out, in] is needed")),
    };
    matrix(graph, input, channels, out, bias)?;
    Ok(Shape { channels: out, ..input })
}

fn conv3x3(
    graph: &Graph,
    input: Shape,
    weight: WeightId,
    bias: Option<WeightId>,
    stride: usize,
    padding: Padding,
) -> Inferred {
    let weight = &graph.weight(weight).shape;
    let [out, channels, 3, 3] = weight[..] else {
        return Err(format!("a weight of shape {weight:?} where [out, in, 3, 3] is needed"));
    };
    matrix(graph, input, channels, out, bias)?;
    if !matches!(stride, 1 | 2) {
        return Err(format!("stride {stride}, but only 1 and 2 exist"));
    }
    let added = match padding {
        Padding::Same => 2,
        Padding::RightBottom => 1,
    };
    let side = |n: usize| match (n + added).checked_sub(3) {
        Some(last) => Ok(last / stride + 1),
        None => Err(format!("a 3×3 window does not fit into {input}")),
    };
    Ok(Shape { height: side(input.height)?, width: side(input.width)?, channels: out })
}

fn matrix(
    graph: &Graph,
    input: Shape,
    channels: usize,
    out: usize,
    bias: Option<WeightId>,
) -> Result<(), String> {
    if input.channels != channels {
        return Err(format!("the input has {} channels, the weight takes {channels}", input.channels));
    }
    bias.map_or(Ok(()), |bias| vector(graph, bias, out))
}

fn vector(graph: &Graph, id: WeightId, len: usize) -> Result<(), String> {
    match &graph.weight(id).shape[..] {
        [found] if *found == len => Ok(()),
        found => Err(format!("`{}` has shape {found:?}, but [{len}] is needed", graph.weight(id).name)),
    }
}

fn norm(graph: &Graph, input: Shape, weight: WeightId, bias: WeightId) -> Inferred {
    vector(graph, weight, input.channels)?;
    vector(graph, bias, input.channels)?;
    Ok(input)
}

fn geglu(input: Shape) -> Inferred {
    if !input.channels.is_multiple_of(2) {
        return Err(format!("{} channels do not divide into halves", input.channels));
    }
    Ok(Shape { channels: input.channels / 2, ..input })
}

fn equal(a: Shape, b: Shape) -> Inferred {
    if a == b { Ok(a) } else { Err(format!("adds {a} and {b}")) }
}

fn add_row(input: Shape, row: Shape) -> Inferred {
    if row.rows() != 1 || row.channels != input.channels {
        return Err(format!("adds the row {row} to {input}"));
    }
    Ok(input)
}

fn concat(a: Shape, b: Shape) -> Inferred {
    if (a.height, a.width) != (b.height, b.width) {
        return Err(format!("joins the channels of {a} and {b}"));
    }
    Ok(Shape { channels: a.channels + b.channels, ..a })
}

fn rows(input: Shape, first: usize, height: usize, width: usize) -> Inferred {
    match height.checked_mul(width).and_then(|rows| rows.checked_add(first)) {
        Some(end) if end <= input.rows() => Ok(Shape { height, width, ..input }),
        _ => Err(format!("{height}×{width} rows from {first} of {input}")),
    }
}

fn concat_rows(a: Shape, b: Shape) -> Inferred {
    if a.channels != b.channels {
        return Err(format!("joins the rows of {a} and {b}"));
    }
    Ok(Shape { height: a.rows() + b.rows(), width: 1, channels: a.channels })
}

fn pixel_unshuffle(input: Shape, factor: usize, positions: bool) -> Inferred {
    if factor == 0 || !input.height.is_multiple_of(factor) || !input.width.is_multiple_of(factor) {
        return Err(format!("{input} does not divide into squares of {factor}"));
    }
    let channels = input.channels * factor * factor + if positions { 2 } else { 0 };
    Ok(Shape { height: input.height / factor, width: input.width / factor, channels })
}

fn embedded(graph: &Graph, embedding: &Embedding) -> Inferred {
    match embedding {
        Embedding::Timestep { channels, freq_shift, .. } => timestep(*channels, *freq_shift),
        Embedding::Positions { table, side, .. } => {
            let channels = position_table(graph, *table)?;
            Ok(Shape { height: *side, width: *side, channels })
        }
        Embedding::SpecialTokens { class, table, registers } => {
            special_tokens(graph, *class, *table, *registers)
        }
        Embedding::Coordinates { side, .. } => {
            Ok(Shape { height: *side, width: *side, channels: Embedding::COORDINATES })
        }
        Embedding::Tokens { ids, tokens, positions } => token_embedding(graph, ids, *tokens, *positions),
    }
}

fn timestep(channels: usize, freq_shift: f32) -> Inferred {
    if !channels.is_multiple_of(2) || (channels / 2) as f32 <= freq_shift {
        return Err(format!("{channels} channels do not divide into sines and cosines (shift {freq_shift})"));
    }
    Ok(Shape { height: 1, width: 1, channels })
}

/// The table's channels.
fn position_table(graph: &Graph, table: WeightId) -> Result<usize, String> {
    match graph.weight(table).shape[..] {
        [1, rows, channels] if rows > 1 && (rows - 1).isqrt().pow(2) == rows - 1 => Ok(channels),
        ref shape => {
            Err(format!("a position table of shape {shape:?} where [1, 1 + n², channels] is needed"))
        }
    }
}

fn special_tokens(graph: &Graph, class: WeightId, table: WeightId, registers: Option<WeightId>) -> Inferred {
    let channels = position_table(graph, table)?;
    let rows = |id: WeightId| match graph.weight(id).shape[..] {
        [1, rows, width] if width == channels => Ok(rows),
        ref shape => Err(format!("tokens of shape {shape:?} where [1, tokens, {channels}] is needed")),
    };
    let registers = registers.map_or(Ok(0), rows)?;
    match rows(class)? {
        1 => Ok(Shape { height: 1 + registers, width: 1, channels }),
        classes => Err(format!("{classes} class tokens, but there is one position for them")),
    }
}

fn token_embedding(graph: &Graph, ids: &[u32], tokens: WeightId, positions: WeightId) -> Inferred {
    let (tokens, positions) = (&graph.weight(tokens).shape, &graph.weight(positions).shape);
    let ([vocabulary, channels], [places, width]) = (&tokens[..], &positions[..]) else {
        return Err(format!("tables of shape {tokens:?} and {positions:?} where two matrices are needed"));
    };
    if channels != width {
        return Err(format!("token table {tokens:?} and position table {positions:?} differ in width"));
    }
    if ids.len() > *places {
        return Err(format!("{} tokens, but the position table has {places} rows", ids.len()));
    }
    match ids.iter().find(|id| **id as usize >= *vocabulary) {
        Some(id) => Err(format!("token {id}, but the token table has {vocabulary} rows")),
        None => Ok(Shape { height: 1, width: ids.len(), channels: *channels }),
    }
}

fn heads_divide(shape: Shape, heads: usize) -> Result<(), String> {
    if heads == 0 || !shape.channels.is_multiple_of(heads) {
        return Err(format!("{} channels do not divide into {heads} heads", shape.channels));
    }
    Ok(())
}

fn attention(query: Shape, key: Shape, value: Shape, heads: usize, causal: bool) -> Inferred {
    heads_divide(query, heads)?;
    if key != value || key.channels != query.channels {
        return Err(format!("queries {query}, keys {key} and values {value} do not fit together"));
    }
    if causal && key.rows() != query.rows() {
        return Err(format!("a causal mask over {} queries and {} keys", query.rows(), key.rows()));
    }
    Ok(query)
}

fn attention_map(graph: &Graph, taps: &[Tap], [height, width]: [usize; 2]) -> Inferred {
    let tokens = height * width;
    if taps.is_empty() {
        return Err("a map of no layers".to_owned());
    }
    for tap in taps {
        let (query, key) = (graph.tensor(tap.query).shape, graph.tensor(tap.key).shape);
        heads_divide(query, tap.heads)?;
        if query != key {
            return Err(format!("queries {query} and keys {key} of a self-attention layer differ"));
        }
        if query.rows() < tokens {
            return Err(format!("a layer over {query} in a map over {height}×{width}"));
        }
        if !tap.weight.is_finite() || tap.weight < 0.0 {
            return Err(format!("a layer of weight {}", tap.weight));
        }
    }
    if taps.iter().map(|tap| tap.weight).sum::<f32>() <= 0.0 {
        return Err("the weights of the layers add up to 0".to_owned());
    }
    Ok(Shape { height, width, channels: tokens })
}
