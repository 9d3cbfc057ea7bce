//! Every operation of the embedded model's list as ONNX nodes.

use anyhow::{Context, Result, bail, ensure};
use maskov_graph::{Padding, Shape, Tap, TensorId, WeightId};

use crate::export::{Exporter, Value};
use crate::onnx::Attribute;

impl Exporter<'_> {
    pub fn pixel_unshuffle(&mut self, input: TensorId, factor: usize, positions: bool) -> Result<Value> {
        let Shape { height, width, channels } = self.shape(input);
        let (rows, columns) = (height / factor, width / factor);
        let x = self.planes(input)?;
        let split = self.nodes.reshape(&x, &[channels, rows, factor, columns, factor]);
        let moved = self.nodes.transpose(&split, &[0, 2, 4, 1, 3]);
        let unshuffled = self.nodes.reshape(&moved, &[1, channels * factor * factor, rows, columns]);
        if !positions {
            return Ok(Value::of_planes(unshuffled));
        }
        let centre = |at: usize, of: usize| 2.0 * (at as f32 + 0.5) / of as f32 - 1.0;
        let xs = (0..rows * columns).map(|cell| centre(cell % columns, columns));
        let ys = (0..rows * columns).map(|cell| centre(cell / columns, rows));
        let places = xs.chain(ys).collect::<Vec<f32>>();
        let places = self.nodes.floats("positions", &[1, 2, rows, columns], &places);
        Ok(Value::of_planes(self.nodes.add("Concat", &[&unshuffled, &places], &[Attribute::int("axis", 1)])))
    }

    pub fn conv3x3(
        &mut self,
        input: TensorId,
        weight: WeightId,
        bias: Option<WeightId>,
        stride: usize,
        padding: Padding,
    ) -> Result<Value> {
        let pads = match padding {
            Padding::Same => [1; 4],
            Padding::RightBottom => [0, 0, 1, 1],
        };
        self.conv(input, weight, bias, stride, pads)
    }

    /// `pads` as ONNX has them: top, left, bottom, right.
    fn conv(
        &mut self,
        input: TensorId,
        weight: WeightId,
        bias: Option<WeightId>,
        stride: usize,
        pads: [i64; 4],
    ) -> Result<Value> {
        let shape = self.graph.weight(weight).shape.clone();
        let mut inputs = vec![self.planes(input)?, self.weight(weight, &shape)];
        inputs.extend(bias.map(|bias| self.weight(bias, &shape[..1])));
        let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
        let attributes = [
            Attribute::ints("kernel_shape", &[shape[2] as i64, shape[3] as i64]),
            Attribute::ints("pads", &pads),
            Attribute::ints("strides", &[stride as i64; 2]),
        ];
        Ok(Value::of_planes(self.nodes.add("Conv", &inputs, &attributes)))
    }

    pub fn linear(&mut self, input: TensorId, weight: WeightId, bias: Option<WeightId>) -> Result<Value> {
        let stored = self.graph.weight(weight);
        let (out, inner) = match stored.shape[..] {
            [_, _, 1, 1] => return self.conv(input, weight, bias, 1, [0; 4]),
            [out, inner] => (out, inner),
            ref shape => bail!("a matrix that is stored as {shape:?} has no ONNX form yet"),
        };
        let x = self.rows(input)?;
        let values = &self.numbers.weights[&weight];
        let transposed: Vec<f32> = (0..inner * out).map(|i| values[i % out * inner + i / out]).collect();
        let matrix = self.nodes.floats(&stored.name, &[inner, out], &transposed);
        Ok(Value::of_rows(match bias {
            Some(bias) => {
                let bias = self.weight(bias, &[out]);
                self.nodes.add("Gemm", &[&x, &matrix, &bias], &[])
            }
            None => self.nodes.add("MatMul", &[&x, &matrix], &[]),
        }))
    }

    pub fn group_norm(
        &mut self,
        input: TensorId,
        weight: WeightId,
        bias: WeightId,
        groups: usize,
        eps: f32,
    ) -> Result<String> {
        let Shape { height, width, channels } = self.shape(input);
        let x = self.planes(input)?;
        let grouped = self.nodes.reshape(&x, &[1, groups, channels / groups * height * width]);
        let ones = self.nodes.numbers("ones", &vec![1.0; groups]);
        let zeros = self.nodes.numbers("zeros", &vec![0.0; groups]);
        let eps = [Attribute::float("epsilon", eps)];
        let normed = self.nodes.add("InstanceNormalization", &[&grouped, &ones, &zeros], &eps);
        let normed = self.nodes.reshape(&normed, &[1, channels, height, width]);
        let weight = self.weight(weight, &[1, channels, 1, 1]);
        let bias = self.weight(bias, &[1, channels, 1, 1]);
        let scaled = self.nodes.add("Mul", &[&normed, &weight], &[]);
        Ok(self.nodes.add("Add", &[&scaled, &bias], &[]))
    }

    pub fn layer_norm(
        &mut self,
        input: TensorId,
        weight: WeightId,
        bias: WeightId,
        eps: f32,
    ) -> Result<Value> {
        let channels = self.shape(input).channels;
        let x = self.rows(input)?;
        let (weight, bias) = (self.weight(weight, &[channels]), self.weight(bias, &[channels]));
        let attributes = [Attribute::int("axis", -1), Attribute::float("epsilon", eps)];
        Ok(Value::of_rows(self.nodes.add("LayerNormalization", &[&x, &weight, &bias], &attributes)))
    }

    pub fn geglu(&mut self, input: TensorId) -> Result<Value> {
        let half = self.shape(input).channels / 2;
        let x = self.rows(input)?;
        let [a, g] = self.nodes.halves(&x, half);
        let gate = self.nodes.add("Gelu", &[&g], &[]);
        Ok(Value::of_rows(self.nodes.add("Mul", &[&a, &gate], &[])))
    }

    pub fn sum(&mut self, a: TensorId, b: TensorId) -> Result<Value> {
        if self.has_rows(a) && self.has_rows(b) {
            let (a, b) = (self.rows(a)?, self.rows(b)?);
            return Ok(Value::of_rows(self.nodes.add("Add", &[&a, &b], &[])));
        }
        let (a, b) = (self.planes(a)?, self.planes(b)?);
        Ok(Value::of_planes(self.nodes.add("Add", &[&a, &b], &[])))
    }

    /// The row must be constant; ONNX Runtime makes it part of the bias of the convolution before.
    pub fn add_row(&mut self, input: TensorId, row: TensorId) -> Result<Value> {
        let x = self.planes(input)?;
        let (name, values) = (&self.graph.tensor(row).name, self.constant(row)?);
        let row = self.nodes.floats(name, &[1, values.len(), 1, 1], values);
        Ok(Value::of_planes(self.nodes.add("Add", &[&x, &row], &[])))
    }

    pub fn concat(&mut self, a: TensorId, b: TensorId) -> Result<Value> {
        let (a, b) = (self.planes(a)?, self.planes(b)?);
        Ok(Value::of_planes(self.nodes.add("Concat", &[&a, &b], &[Attribute::int("axis", 1)])))
    }

    pub fn upsample(&mut self, input: TensorId) -> Result<Value> {
        let x = self.planes(input)?;
        let scales = self.nodes.numbers("scales", &[1.0, 1.0, 2.0, 2.0]);
        let attributes = [
            Attribute::string("mode", "nearest"),
            Attribute::string("coordinate_transformation_mode", "asymmetric"),
            Attribute::string("nearest_mode", "floor"),
        ];
        Ok(Value::of_planes(self.nodes.add("Resize", &[&x, "", &scales], &attributes)))
    }

    pub fn attention(
        &mut self,
        query: TensorId,
        key: TensorId,
        value: TensorId,
        heads: usize,
    ) -> Result<Value> {
        let shape = self.shape(query);
        let shares = self.shares(query, key, heads)?;
        let v = self.heads(value, heads, &[1, 0, 2])?;
        let mixed = self.nodes.add("MatMul", &[&shares, &v], &[]);
        let joined = self.nodes.transpose(&mixed, &[1, 0, 2]);
        Ok(Value::of_rows(self.nodes.reshape(&joined, &[shape.rows(), shape.channels])))
    }

    /// `softmax(QKᵀ/√d)`, `[heads, queries, keys]`.
    fn shares(&mut self, query: TensorId, key: TensorId, heads: usize) -> Result<String> {
        let head_dim = self.shape(query).channels / heads;
        let (q, k) = (self.heads(query, heads, &[1, 0, 2])?, self.heads(key, heads, &[1, 2, 0])?);
        let scale = self.nodes.number((head_dim as f32).sqrt().recip());
        let q = self.nodes.add("Mul", &[&q, &scale], &[]);
        let scores = self.nodes.add("MatMul", &[&q, &k], &[]);
        Ok(self.nodes.add("Softmax", &[&scores], &[Attribute::int("axis", -1)]))
    }

    /// `[rows, heads, head_dim]` with its axes in that order.
    fn heads(&mut self, id: TensorId, heads: usize, axes: &[i64]) -> Result<String> {
        let shape = self.shape(id);
        let x = self.rows(id)?;
        let split = self.nodes.reshape(&x, &[shape.rows(), heads, shape.channels / heads]);
        Ok(self.nodes.transpose(&split, axes))
    }

    /// Rows of a softmax sum to 1, and so do those of a mean with weights that do: nothing is left to normalise.
    pub fn attention_map(&mut self, taps: &[Tap], grid: [usize; 2]) -> Result<Value> {
        let sum: f32 = taps.iter().map(|tap| tap.weight).sum();
        let mut map: Option<String> = None;
        for tap in taps {
            let tokens = self.shape(tap.query).rows();
            ensure!(tokens == grid[0] * grid[1], "keys beside the grid have no ONNX form yet");
            let shares = self.shares(tap.query, tap.key, tap.heads)?;
            let axes = self.nodes.ints(&[0]);
            let mean = self.nodes.add("ReduceMean", &[&shares, &axes], &[Attribute::int("keepdims", 0)]);
            let weight = self.nodes.number(tap.weight / sum);
            let share = self.nodes.add("Mul", &[&mean, &weight], &[]);
            map = Some(match map {
                Some(map) => self.nodes.add("Add", &[&map, &share], &[]),
                None => share,
            });
        }
        Ok(Value::of_rows(map.context("a map of no layers")?))
    }
}
