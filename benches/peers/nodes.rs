//! Adds nodes and initialisers to an ONNX network one by one, and names their values.

use crate::onnx::{Attribute, DataType, Network, Node, Tensor};

/// ONNX Runtime's own operators.
pub const MICROSOFT: &str = "com.microsoft";

/// Grows a [`Network`].
#[derive(Default)]
pub struct Nodes {
    pub network: Network,
    /// Where the nodes that are added come from: the first part of their names.
    pub path: String,
}

impl Nodes {
    /// Adds a node of ONNX's own operators with one output, and returns its name.
    pub fn add(&mut self, op_type: &str, inputs: &[&str], attributes: &[Attribute]) -> String {
        self.add_in("", op_type, inputs, attributes, 1).remove(0)
    }

    /// Adds `x · sigmoid(x)`, which is QuickGelu with a factor of 1.
    pub fn silu(&mut self, input: &str) -> String {
        self.add_in(MICROSOFT, "QuickGelu", &[input], &[Attribute::float("alpha", 1.0)], 1).remove(0)
    }

    /// Splits the last axis after `half` values.
    pub fn halves(&mut self, input: &str, half: usize) -> [String; 2] {
        let sizes = self.ints(&[half, half]);
        let mut halves = self.add_in("", "Split", &[input, &sizes], &[Attribute::int("axis", -1)], 2);
        let second = halves.remove(1);
        [halves.remove(0), second]
    }

    /// Renames the output of the node that was added last.
    pub fn rename_last(&mut self, name: &str) {
        if let Some(node) = self.network.node.last_mut() {
            node.output = vec![name.to_owned()];
        }
    }

    fn add_in(
        &mut self,
        domain: &str,
        op_type: &str,
        inputs: &[&str],
        attributes: &[Attribute],
        outputs: usize,
    ) -> Vec<String> {
        let name = format!("{}/{op_type}_{}", self.path, self.network.node.len());
        let output: Vec<String> = (0..outputs).map(|at| format!("{name}:{at}")).collect();
        self.network.node.push(Node {
            input: inputs.iter().map(|input| (*input).to_owned()).collect(),
            output: output.clone(),
            name,
            op_type: op_type.to_owned(),
            attribute: attributes.to_vec(),
            domain: domain.to_owned(),
        });
        output
    }

    /// Adds f32 values, row-major, and returns their name.
    pub fn floats(&mut self, name: &str, shape: &[usize], values: &[f32]) -> String {
        assert_eq!(shape.iter().product::<usize>(), values.len(), "{name}");
        let bytes = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.initializer(name.to_owned(), DataType::Float, shape, bytes)
    }

    /// Adds a list of f32 values of the present path.
    pub fn numbers(&mut self, what: &str, values: &[f32]) -> String {
        let name = self.next_initializer(what);
        self.floats(&name, &[values.len()], values)
    }

    /// Adds a single f32 value.
    pub fn number(&mut self, value: f32) -> String {
        let name = self.next_initializer("number");
        self.floats(&name, &[], &[value])
    }

    fn next_initializer(&self, what: &str) -> String {
        format!("{}/{what}_{}", self.path, self.network.initializer.len())
    }

    /// Adds a list of integers (shapes, axes), and returns its name.
    pub fn ints(&mut self, values: &[usize]) -> String {
        let name = self.next_initializer("ints");
        let bytes = values.iter().flat_map(|value| (*value as i64).to_le_bytes()).collect();
        self.initializer(name, DataType::Int64, &[values.len()], bytes)
    }

    pub fn reshape(&mut self, input: &str, shape: &[usize]) -> String {
        let shape = self.ints(shape);
        self.add("Reshape", &[input, &shape], &[])
    }

    pub fn transpose(&mut self, input: &str, axes: &[i64]) -> String {
        self.add("Transpose", &[input], &[Attribute::ints("perm", axes)])
    }

    fn initializer(
        &mut self,
        name: String,
        data_type: DataType,
        shape: &[usize],
        raw_data: Vec<u8>,
    ) -> String {
        let dims = shape.iter().map(|n| *n as i64).collect();
        let tensor = Tensor { dims, data_type: data_type as i32, name: name.clone(), raw_data };
        self.network.initializer.push(tensor);
        name
    }
}
