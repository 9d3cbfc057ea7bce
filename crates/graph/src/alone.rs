//! One operation of a list as a list of its own: to measure a kernel at a real shape.

use std::collections::HashMap;

use crate::{Graph, GraphBuilder, GraphError, TensorId};

impl Graph {
    /// The list of that one operation. What it reads are inputs, named `input.0` and so on, their heights divided by
    /// `cut` where they divide by it: the same rows, but fewer.
    ///
    /// # Errors
    /// Where the operation does not fit such heights, or reads nothing.
    pub fn alone(&self, index: usize, cut: usize) -> Result<Graph, GraphError> {
        let op = &self.ops[index];
        let mut list = GraphBuilder::new();
        let mut tensors = HashMap::new();
        for id in op.operation.inputs() {
            if !tensors.contains_key(&id) {
                let mut shape = self.tensor(id).shape;
                if shape.height.is_multiple_of(cut) {
                    shape.height /= cut;
                }
                tensors.insert(id, list.input(&format!("input.{}", tensors.len()), shape, false)?);
            }
        }
        let mut weights = HashMap::new();
        for id in op.operation.weights() {
            let weight = self.weight(id);
            weights.insert(id, list.weight(&weight.name, weight.aliases.clone(), &weight.shape)?);
        }
        let tensor = |id: TensorId| tensors[&id];
        list.op(&op.name, op.operation.remapped(&tensor, &|id| weights[&id]))?;
        Ok(list.finish())
    }
}

#[cfg(test)]
mod tests {
    use crate::{Graph, GraphBuilder, Operation, Padding, Shape};

    fn list() -> Graph {
        let mut list = GraphBuilder::new();
        let image = list.input("image", Shape { height: 8, width: 4, channels: 3 }, false).unwrap();
        let row = list.input("row", Shape { height: 1, width: 1, channels: 5 }, true).unwrap();
        let conv = list.conv3x3("conv", image, 5, 2, Padding::Same).unwrap();
        let sum = list.op("sum", Operation::AddRow { input: conv, row }).unwrap();
        list.op("twice", Operation::Add { a: sum, b: sum }).unwrap();
        list.finish()
    }

    #[test]
    fn an_operation_alone_reads_what_it_read() {
        let whole = list();
        for index in 0..whole.ops.len() {
            let alone = whole.alone(index, 1).unwrap();
            let (op, same) = (&whole.ops[index], &alone.ops[0]);
            assert_eq!(alone.ops.len(), 1);
            assert_eq!(same.name, op.name);
            assert_eq!(alone.tensor(same.output).shape, whole.tensor(op.output).shape);
            assert_eq!(alone.flop(), whole.op_flop(op));
            assert!(alone.inputs.iter().all(|input| !input.constant), "the time embedding's row too");
        }
        assert_eq!(whole.alone(0, 1).unwrap().weights, whole.weights);
        assert_eq!(whole.alone(2, 1).unwrap().inputs.len(), 1, "one tensor, read twice");
    }

    #[test]
    fn heights_are_cut_where_they_divide() {
        let whole = list();
        let cut = whole.alone(0, 2).unwrap();
        assert_eq!(cut.tensor(cut.ops[0].output).shape, Shape { height: 2, width: 2, channels: 5 });
        assert_eq!(2 * cut.flop(), whole.op_flop(&whole.ops[0]));
        let row = whole.alone(1, 2).unwrap();
        assert_eq!(row.tensor(row.inputs[1].tensor).shape.height, 1);
    }
}
