//! A list as an ONNX network.
//!
//! Written as its runtime likes it, so that the comparison is fair: convolutions and group norms in ONNX's own layout
//! (NCHW) and products over tokens in theirs, each value brought to a layout once; what is constant is an initialiser;
//! SiLU and GELU are one node each. Of the forms that ONNX Runtime 1.30 has for a thing the fastest is taken, on either
//! backend: its `MultiHeadAttention` is no faster in wasm than the plain products, and wrong by 1 % on a software adapter.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use maskov_graph::{Graph, Op, Operation, Shape, TensorId, WeightId};
use prost::Message;

use crate::nodes::{MICROSOFT, Nodes};
use crate::onnx::{Model, OperatorSet, ValueInfo};

/// ONNX's version of operators, and of the file.
const OPERATORS: i64 = 21;
const IR_VERSION: i64 = 10;

/// The values that a list is exported with.
pub struct Numbers {
    /// Of every weight that is read for every photo, as stored.
    pub weights: HashMap<WeightId, Vec<f32>>,
    /// Of [`Split::kept`](maskov_graph::Split::kept), `[rows, channels]`.
    pub constants: HashMap<TensorId, Vec<f32>>,
}

/// The ONNX file of what makes `output` from the list's inputs. An input is f32 `[1, channels, height, width]` under its
/// name, the output `[rows, channels]`.
///
/// # Errors
/// When an operation has no ONNX form here yet.
pub fn export(graph: &Graph, output: TensorId, numbers: &Numbers) -> Result<Vec<u8>> {
    let mut exporter = Exporter { graph, numbers, nodes: Nodes::default(), values: HashMap::new() };
    exporter.inputs();
    for index in graph.split(&[output]).per_photo {
        let op = &graph.ops[index];
        exporter.op(op).with_context(|| format!("`{}` cannot be exported", op.name))?;
    }
    exporter.finish(output)
}

/// A value in the layouts that were asked for so far.
#[derive(Clone, Default)]
pub struct Value {
    /// `[1, channels, height, width]`: what convolutions take.
    planes: Option<String>,
    /// `[height · width, channels]`: what products take.
    rows: Option<String>,
}

impl Value {
    pub fn of_planes(name: String) -> Self {
        Self { planes: Some(name), rows: None }
    }

    pub fn of_rows(name: String) -> Self {
        Self { planes: None, rows: Some(name) }
    }
}

/// A list on its way.
pub struct Exporter<'a> {
    pub graph: &'a Graph,
    pub numbers: &'a Numbers,
    pub nodes: Nodes,
    values: HashMap<TensorId, Value>,
}

impl<'a> Exporter<'a> {
    fn inputs(&mut self) {
        for input in self.graph.inputs.iter().filter(|input| !input.constant) {
            let tensor = self.graph.tensor(input.tensor);
            let Shape { height, width, channels } = tensor.shape;
            let info = ValueInfo::floats(&tensor.name, &[1, channels, height, width]);
            self.nodes.network.input.push(info);
            self.values.insert(input.tensor, Value::of_planes(tensor.name.clone()));
        }
    }

    fn finish(mut self, output: TensorId) -> Result<Vec<u8>> {
        let name = self.graph.tensor(output).name.clone();
        self.nodes.path = "output".to_owned();
        let made = self.rows(output)?;
        self.nodes.add("Identity", &[&made], &[]);
        self.nodes.rename_last(&name);
        let shape = self.graph.tensor(output).shape;
        self.nodes.network.output.push(ValueInfo::floats(&name, &[shape.rows(), shape.channels]));
        self.nodes.network.name = "maskov".to_owned();
        let set = |domain: &str, version| OperatorSet { domain: domain.to_owned(), version };
        let model = Model {
            ir_version: IR_VERSION,
            producer_name: "maskov".to_owned(),
            graph: Some(self.nodes.network),
            opset_import: vec![set("", OPERATORS), set(MICROSOFT, 1)],
        };
        Ok(model.encode_to_vec())
    }

    pub fn shape(&self, id: TensorId) -> Shape {
        self.graph.tensor(id).shape
    }

    /// Whether a tensor is there as rows already.
    pub fn has_rows(&self, id: TensorId) -> bool {
        self.values.get(&id).is_some_and(|value| value.rows.is_some())
    }

    /// A tensor as `[1, channels, height, width]`.
    pub fn planes(&mut self, id: TensorId) -> Result<String> {
        let value = self.values.get(&id).cloned().unwrap_or_default();
        if let Some(planes) = value.planes {
            return Ok(planes);
        }
        let rows = self.rows(id)?;
        let Shape { height, width, channels } = self.shape(id);
        let transposed = self.nodes.transpose(&rows, &[1, 0]);
        let planes = self.nodes.reshape(&transposed, &[1, channels, height, width]);
        self.values.entry(id).or_default().planes = Some(planes.clone());
        Ok(planes)
    }

    /// A tensor as `[height · width, channels]`.
    pub fn rows(&mut self, id: TensorId) -> Result<String> {
        let value = self.values.get(&id).cloned().unwrap_or_default();
        if let Some(rows) = value.rows {
            return Ok(rows);
        }
        let shape = self.shape(id);
        let rows = match value.planes {
            Some(planes) => {
                let flat = self.nodes.reshape(&planes, &[shape.channels, shape.rows()]);
                self.nodes.transpose(&flat, &[1, 0])
            }
            None => {
                let name = &self.graph.tensor(id).name;
                let values = self.constant(id)?;
                self.nodes.floats(name, &[shape.rows(), shape.channels], values)
            }
        };
        self.values.entry(id).or_default().rows = Some(rows.clone());
        Ok(rows)
    }

    /// The values of a tensor that is the same for every photo.
    pub fn constant(&self, id: TensorId) -> Result<&'a [f32]> {
        let values = self.numbers.constants.get(&id).map(Vec::as_slice);
        values.with_context(|| format!("it reads `{}`, which is no constant", self.graph.tensor(id).name))
    }

    /// A weight as an initialiser of that shape.
    pub fn weight(&mut self, id: WeightId, shape: &[usize]) -> String {
        let name = &self.graph.weight(id).name;
        self.nodes.floats(name, shape, &self.numbers.weights[&id])
    }

    fn op(&mut self, op: &Op) -> Result<()> {
        self.nodes.path = op.name.clone();
        let value = match &op.operation {
            Operation::PixelUnshuffle { input, factor, positions } => {
                self.pixel_unshuffle(*input, *factor, *positions)?
            }
            Operation::Conv3x3 { input, weight, bias, stride, padding } => {
                self.conv3x3(*input, *weight, *bias, *stride, *padding)?
            }
            Operation::Linear { input, weight, bias } => self.linear(*input, *weight, *bias)?,
            Operation::GroupNorm { input, weight, bias, groups, eps, silu } => {
                let normed = self.group_norm(*input, *weight, *bias, *groups, *eps)?;
                Value::of_planes(if *silu { self.nodes.silu(&normed) } else { normed })
            }
            Operation::LayerNorm { input, weight, bias, eps } => {
                self.layer_norm(*input, *weight, *bias, *eps)?
            }
            Operation::Geglu { input } => self.geglu(*input)?,
            Operation::Add { a, b } => self.sum(*a, *b)?,
            Operation::AddRow { input, row } => self.add_row(*input, *row)?,
            Operation::Concat { a, b } => self.concat(*a, *b)?,
            Operation::UpsampleNearest { input } => self.upsample(*input)?,
            Operation::Attention { query, key, value, heads, causal: false } => {
                self.attention(*query, *key, *value, *heads)?
            }
            Operation::AttentionMap { taps, grid } => self.attention_map(taps, *grid)?,
            other => bail!("{} has no ONNX form yet: add it to benches/peers/operations.rs", other.label()),
        };
        self.values.insert(op.output, value);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use maskov_graph::{GraphBuilder, Padding, Stored, Tap};
    use pollster::block_on;

    use super::*;
    use crate::onnx::{Network, Tensor};

    const GRID: Shape = Shape { height: 4, width: 4, channels: 4 };

    /// A convolution, a row that is constant, tokens, and a map.
    fn list() -> (Graph, TensorId) {
        let mut list = GraphBuilder::new();
        let image = list.input("image", Shape { channels: 3, ..GRID }, false).unwrap();
        let row = list.input("row", Shape { height: 1, width: 1, channels: 4 }, true).unwrap();
        let x = list.conv3x3("conv", image, 4, 1, Padding::Same).unwrap();
        let x = list.op("sum", Operation::AddRow { input: x, row }).unwrap();
        let x = list.group_norm_silu("norm", None, x, 2, 1e-5).unwrap();
        let query = list.linear("to_q", &[], x, 6, false, Stored::Linear).unwrap();
        let key = list.linear("to_k", &[], x, 6, true, Stored::Linear).unwrap();
        let taps = vec![Tap { query, key, heads: 2, weight: 1.0 }];
        let map = list.op("attention", Operation::AttentionMap { taps, grid: [4, 4] }).unwrap();
        (list.finish(), map)
    }

    /// Weights that count up from 0.
    fn numbers(graph: &Graph) -> Numbers {
        let count = |len: usize| (0..len).map(|i| i as f32).collect();
        let ids = (0..graph.weights.len() as u32).map(WeightId);
        let constants = graph.inputs.iter().filter(|input| input.constant).map(|input| input.tensor);
        Numbers {
            weights: ids.map(|id| (id, count(graph.weight(id).shape.iter().product()))).collect(),
            constants: constants.map(|id| (id, count(graph.tensor(id).shape.len()))).collect(),
        }
    }

    fn read(bytes: &[u8]) -> Network {
        Model::decode(bytes).unwrap().graph.unwrap()
    }

    fn shape_of(info: &ValueInfo) -> Vec<i64> {
        let tensor = info.r#type.as_ref().unwrap().tensor_type.as_ref().unwrap();
        tensor.shape.as_ref().unwrap().dim.iter().map(|dim| dim.dim_value.unwrap()).collect()
    }

    fn initializer<'a>(network: &'a Network, name: &str) -> &'a Tensor {
        network.initializer.iter().find(|tensor| tensor.name == name).unwrap()
    }

    /// Every value has one name and is made before it is read; returns all that are never read.
    fn unread(network: &Network) -> HashSet<&str> {
        let mut made = HashSet::from([""]);
        let given = network.initializer.iter().map(|tensor| &tensor.name);
        for name in given.chain(network.input.iter().map(|input| &input.name)) {
            assert!(made.insert(name), "{name} twice");
        }
        let mut unread = made.clone();
        for node in &network.node {
            for name in &node.input {
                assert!(
                    made.contains(name.as_str()),
                    "{} reads {name}, which nothing made before",
                    node.name
                );
                unread.remove(name.as_str());
            }
            for name in &node.output {
                assert!(made.insert(name), "{name} twice");
                unread.insert(name);
            }
        }
        unread.remove("");
        unread
    }

    #[test]
    fn a_list_is_read_again_from_the_file() {
        let (graph, map) = list();
        let network = read(&export(&graph, map, &numbers(&graph)).unwrap());
        assert_eq!(unread(&network), HashSet::from(["attention"]));
        assert_eq!((&*network.input[0].name, shape_of(&network.input[0])), ("image", vec![1, 3, 4, 4]));
        assert_eq!((&*network.output[0].name, shape_of(&network.output[0])), ("attention", vec![16, 16]));
        let ops: Vec<&str> = network.node.iter().map(|node| node.op_type.as_str()).collect();
        let to_norm =
            ["Conv", "Add", "Reshape", "InstanceNormalization", "Reshape", "Mul", "Add", "QuickGelu"];
        assert_eq!(ops[..8], to_norm);
        // The products take the tokens from one and the same transpose.
        assert_eq!(ops[8..12], ["Reshape", "Transpose", "MatMul", "Gemm"]);
        assert_eq!(network.node[10].input[0], network.node[11].input[0]);
    }

    #[test]
    fn matrices_are_transposed_and_constants_are_columns() {
        let (graph, map) = list();
        let network = read(&export(&graph, map, &numbers(&graph)).unwrap());
        let matrix = initializer(&network, "to_q.weight");
        assert_eq!(matrix.dims, [4, 6], "[in, out] of a layer that is stored as [out, in]");
        let second: [u8; 4] = matrix.raw_data[4..8].try_into().unwrap();
        assert_eq!(f32::from_le_bytes(second), 4.0, "the first weight of the second output");
        assert_eq!(initializer(&network, "row").dims, [1, 4, 1, 1]);
        assert_eq!(initializer(&network, "conv.weight").dims, [4, 3, 3, 3]);
    }

    #[test]
    fn what_has_no_form_is_an_error_that_names_it() {
        let mut list = GraphBuilder::new();
        let image = list.input("image", GRID, false).unwrap();
        let output = list.op("features", Operation::L2Normalize { input: image, scale: 1.0 }).unwrap();
        let graph = list.finish();
        let error = format!("{:#}", export(&graph, output, &numbers(&graph)).unwrap_err());
        assert!(error.contains("`features`") && error.contains("l2_normalize"), "{error}");
    }

    #[test]
    fn the_embedded_model_has_a_form() {
        let pack =
            maskov_weights::Pack::open_folder(maskov_fixtures::repository("web/models/small-v1")).unwrap();
        let network = read(&block_on(crate::onnx_of(&pack, 16)).unwrap());
        assert_eq!(unread(&network), HashSet::from(["attention"]), "nothing is computed in vain");
        assert_eq!(shape_of(&network.output[0]), [256, 256]);
        let at_run_time = network.node.iter().filter(|node| node.name.contains("time_emb"));
        assert!(at_run_time.into_iter().all(|node| node.op_type == "Add"), "the time is an initialiser");
    }
}
