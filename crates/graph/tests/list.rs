//! A small network with everything that the analyses distinguish: a constant branch, a dead tail, a skip.

use maskov_graph::{
    Embedding, Function, Graph, GraphBuilder, GraphError, Lifetime, Operation, Padding, Precision, Shape,
    Stored, Tap,
};

const PHOTO: Shape = Shape { height: 4, width: 6, channels: 8 };
const TEXT: Shape = Shape { height: 1, width: 3, channels: 5 };

fn small() -> Result<Graph, GraphError> {
    let mut list = GraphBuilder::new();
    let photo = list.input("photo", PHOTO, false)?;
    let text = list.input("text", TEXT, true)?;
    let conv = list.conv3x3("conv", photo, 16, 2, Padding::Same)?;
    let query = list.linear("to_q", &[], conv, 16, false, Stored::Linear)?;
    let key = list.linear("to_k", &[], text, 16, false, Stored::Linear)?;
    let value = list.linear("to_v", &["value".to_owned()], text, 16, false, Stored::Linear)?;
    let mixed = list.op("mix", Operation::Attention { query, key, value, heads: 4, causal: false })?;
    let skip = list.op("skip", Operation::Add { a: conv, b: mixed })?;
    list.publish("block", skip)?;
    let dead = list.linear("dead", &[], skip, 7, true, Stored::Pointwise)?;
    list.op("dead_act", Operation::Activation { input: dead, function: Function::Silu })?;
    Ok(list.finish())
}

#[test]
fn shapes_are_inferred() -> Result<(), GraphError> {
    let graph = small()?;
    let shape = |name| graph.require(name).map(|id| graph.tensor(id).shape);
    assert_eq!(shape("conv")?, Shape { height: 2, width: 3, channels: 16 });
    assert_eq!(shape("to_k")?, Shape { height: 1, width: 3, channels: 16 });
    assert_eq!(shape("dead")?, Shape { height: 2, width: 3, channels: 7 });
    assert_eq!(graph.find("block"), graph.find("skip"));
    Ok(())
}

#[test]
fn pruning_drops_what_is_dead_and_keeps_the_rest() -> Result<(), GraphError> {
    let whole = small()?;
    let graph = whole.pruned(&[whole.require("block")?]);
    let names: Vec<_> = graph.ops.iter().map(|op| op.name.as_str()).collect();
    assert_eq!(names, ["conv", "to_q", "to_k", "to_v", "mix", "skip"]);
    let weights: Vec<_> = graph.weights.iter().map(|weight| weight.name.as_str()).collect();
    assert_eq!(weights, ["conv.weight", "conv.bias", "to_q.weight", "to_k.weight", "to_v.weight"]);
    assert_eq!(graph.weights[4].aliases, ["value.weight"]);
    assert_eq!(graph.find("dead"), None);

    // What the whole list needs is unchanged by pruning to its end, and pruning twice changes nothing.
    assert_eq!(graph.pruned(&[graph.require("block")?]), graph);
    let key = whole.pruned(&[whole.require("to_k")?]);
    assert_eq!((key.ops.len(), key.tensors.len(), key.weights.len(), key.inputs.len()), (1, 2, 1, 1));
    assert_eq!(key.tensor(key.ops[0].operation.inputs()[0]).name, "text");
    assert_eq!(key.weight(key.ops[0].operation.weights()[0]).name, "to_k.weight");
    Ok(())
}

#[test]
fn lifetimes_end_with_the_last_reader() -> Result<(), GraphError> {
    let graph = small()?;
    let lifetimes = graph.lifetimes(&[graph.require("block")?]);
    let of = |name| graph.require(name).map(|id| lifetimes[id.0 as usize]);
    assert_eq!(of("photo")?, Lifetime { first: 0, last: 0 });
    assert_eq!(of("text")?, Lifetime { first: 0, last: 3 });
    assert_eq!(of("conv")?, Lifetime { first: 0, last: 5 });
    assert_eq!(of("block")?, Lifetime { first: 5, last: 7 });
    assert_eq!(of("dead_act")?, Lifetime { first: 7, last: 7 });
    // The first operation holds photo, text and conv; the attention text's K and V, conv, Q and its own output.
    let first = 4 * (4 * 6 * 8 + 3 * 5 + 6 * 16);
    let attention = 4 * (2 * 3 * 16 + 3 * 6 * 16);
    assert!(attention > first);
    assert_eq!(graph.peak_live_bytes(&[graph.require("block")?]), attention as u64);
    Ok(())
}

#[test]
fn what_hangs_on_constants_alone_is_computed_once() -> Result<(), GraphError> {
    let graph = small()?;
    let split = graph.split(&[graph.require("block")?]);
    assert_eq!(split.constant, [2, 3]);
    assert_eq!(split.per_photo, [0, 1, 4, 5, 6, 7]);
    assert_eq!(split.kept, [graph.require("to_k")?, graph.require("to_v")?]);
    Ok(())
}

#[test]
fn costs_are_counted() -> Result<(), GraphError> {
    let graph = small()?;
    let flop: Vec<_> = graph.ops.iter().map(|op| graph.op_flop(op)).collect();
    let conv = 2 * 6 * 16 * 8 * 9;
    let attention = 2 * 6 * 3 * 16 * 2;
    assert_eq!(
        flop,
        [conv, 2 * 6 * 16 * 16, 2 * 3 * 5 * 16, 2 * 3 * 5 * 16, attention, 0, 2 * 6 * 7 * 16, 0]
    );
    let parameters = 16 * 8 * 9 + 16 + 16 * 16 + 2 * 16 * 5 + 7 * 16 + 7;
    assert_eq!(graph.parameters(), parameters);
    assert_eq!(graph.weight_bytes(Precision::F16), 2 * parameters);
    // Every matrix here has one group of inputs per output and tap.
    let groups = 16 * 9 + 16 + 2 * 16 + 7;
    assert_eq!(graph.weight_bytes(Precision::Q8), groups * 34 + 2 * (16 + 7));
    assert_eq!(graph.weight_bytes(Precision::Q4), groups * 18 + 2 * (16 + 7));
    let totals = graph.totals();
    assert_eq!(totals.parameters.text, 2 * 16 * 5);
    assert_eq!((totals.parameters.time, totals.parameters.other), (0, 0));
    assert_eq!((totals.parameters.all(), totals.parameters.live()), (parameters, parameters - 2 * 16 * 5));
    assert_eq!((totals.flop.once, totals.flop.text_attention), (2 * 2 * 3 * 5 * 16, attention));
    assert_eq!((totals.flop.conv3x3, totals.flop.self_attention), (conv, 0));
    assert_eq!(totals.flop.per_photo() + totals.flop.once, graph.flop());
    let table = graph.table(&[]);
    assert_eq!(table.lines().count(), 1 + 8 + 7);
    assert!(table.contains("to_q") && table.contains("2×3×16"));
    Ok(())
}

#[test]
fn an_attention_map_is_a_row_per_token() -> Result<(), GraphError> {
    let mut list = GraphBuilder::new();
    let photo = list.input("photo", PHOTO, false)?;
    let tap = Tap { query: photo, key: photo, heads: 2, weight: 0.5 };
    let grid = [4, 6];
    let map = list.op("attention", Operation::AttentionMap { taps: vec![tap.clone(), tap.clone()], grid })?;
    assert_eq!(list.shape(map), Shape { height: 4, width: 6, channels: 24 });
    let none = list.op("none", Operation::AttentionMap { taps: Vec::new(), grid });
    assert!(matches!(none, Err(GraphError::Shape { .. })));
    let weightless = Tap { weight: 0.0, ..tap.clone() };
    assert!(list.op("weightless", Operation::AttentionMap { taps: vec![weightless], grid }).is_err());
    let beyond = Operation::AttentionMap { taps: vec![tap.clone()], grid: [5, 6] };
    assert!(list.op("beyond", beyond).is_err(), "30 tokens of 24");
    let first_rows = list.op("first rows", Operation::AttentionMap { taps: vec![tap], grid: [2, 6] })?;
    assert_eq!(list.shape(first_rows), Shape { height: 2, width: 6, channels: 12 });
    let graph = list.finish();
    assert_eq!(graph.flop(), 2 * (2 * 24 * 24 * 8) + 2 * 12 * 24 * 8, "all keys are in the softmax");
    Ok(())
}

#[test]
fn what_does_not_fit_is_refused_by_name() -> Result<(), GraphError> {
    let mut list = GraphBuilder::new();
    let photo = list.input("photo", PHOTO, false)?;
    let text = list.input("text", TEXT, true)?;
    let refused = |result: Result<_, GraphError>, op: &str| match result {
        Err(GraphError::Shape { op: named, .. }) => assert_eq!(named, op),
        other => panic!("`{op}` should be refused, but is {other:?}"),
    };
    refused(list.op("sum", Operation::Add { a: photo, b: text }), "sum");
    refused(list.op("row", Operation::AddRow { input: photo, row: text }), "row");
    refused(list.op("join", Operation::Concat { a: photo, b: text }), "join");
    refused(list.op("halves", Operation::Geglu { input: text }), "halves");
    refused(list.op("head", Operation::ScaledHead { input: text, channels: 6, scale: 1.0 }), "head");
    refused(
        list.op("squares", Operation::PixelUnshuffle { input: photo, factor: 4, positions: true }),
        "squares",
    );
    refused(list.conv3x3("stride", photo, 8, 3, Padding::Same), "stride");
    refused(list.conv3x3("window", text, 8, 2, Padding::RightBottom), "window");
    refused(list.group_norm("groups", photo, 3, 1e-5), "groups");
    let time = Embedding::Timestep { timestep: 100.0, channels: 7, flip_sin_to_cos: true, freq_shift: 0.0 };
    refused(list.op("time", Operation::Embedding(time)), "time");
    let attention = Operation::Attention { query: photo, key: text, value: text, heads: 2, causal: false };
    refused(list.op("attention", attention), "attention");
    assert!(matches!(list.input("photo", PHOTO, false), Err(GraphError::NameTaken { .. })));
    list.weight("w", Vec::new(), &[2, 3])?;
    assert!(matches!(list.weight("w", Vec::new(), &[3, 2]), Err(GraphError::WeightShape { .. })));
    let huge = Shape { height: 1 << 16, width: 1 << 16, channels: 4 };
    assert!(list.input("huge", huge, false).is_err());
    assert!(matches!(list.finish().require("nowhere"), Err(GraphError::NoSuchTensor { .. })));
    Ok(())
}

#[test]
fn tokens_must_be_in_the_table() -> Result<(), GraphError> {
    let mut list = GraphBuilder::new();
    let tokens = list.weight("tokens", Vec::new(), &[10, 4])?;
    let positions = list.weight("positions", Vec::new(), &[3, 4])?;
    let embed =
        |ids: &[u32]| Operation::Embedding(Embedding::Tokens { ids: ids.to_vec(), tokens, positions });
    let text = list.op("text", embed(&[9, 0, 0]))?;
    assert_eq!(list.shape(text), Shape { height: 1, width: 3, channels: 4 });
    assert!(list.op("outside", embed(&[10])).is_err());
    assert!(list.op("long", embed(&[0; 4])).is_err());
    Ok(())
}

#[test]
fn norm_and_activation_have_one_output_or_two() -> Result<(), GraphError> {
    let build = |mut list: GraphBuilder| {
        let photo = list.input("photo", PHOTO, false)?;
        list.group_norm_silu("norm", Some("act"), photo, 4, 1e-5)?;
        Ok(list.finish())
    };
    let (fused, apart) = (build(GraphBuilder::new())?, build(GraphBuilder::unfused())?);
    assert_eq!((fused.ops.len(), fused.find("norm")), (1, None));
    assert_eq!(apart.ops.len(), 2);
    assert!(fused.find("act").is_some() && apart.find("act").is_some() && apart.find("norm").is_some());
    Ok(())
}
