//! Where the activations of a run lie: which of them share memory, before any is made.
//!
//! WebGPU does not let one dispatch read and write the same buffer, wherever in it. So this is no arena with offsets but
//! slots, each a buffer: what is alive at the same time never shares one, and everything begins at a slot's first word.

use std::collections::HashMap;

use maskov_graph::{Graph, Lifetime, Operation, TensorId};
use maskov_kernels::group_norm_partials::partials_len;

use crate::Result;
use crate::pieces::{conv_scratch_words, rows_per_tile};
use crate::schedule::{Schedule, Walked};

/// What lies in a slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Item {
    /// A tile of a tensor's rows.
    Tile(TensorId, usize),
    /// Something that an operation needs besides its inputs and output; each operation counts from 0.
    Scratch(TensorId, usize),
}

/// The slots of a walk through a list.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct MemoryPlan {
    /// Words of each slot.
    pub slots: Vec<usize>,
    places: HashMap<Item, (usize, usize)>,
}

/// An item with its words, and the steps of the walk between which it is alive, both included.
struct Need {
    item: Item,
    words: usize,
    alive: Lifetime,
}

impl MemoryPlan {
    /// The plan of a walk, with no slot above `limit` bytes.
    ///
    /// # Errors
    /// Where a tensor cannot be cut into tiles of that size.
    pub fn new(graph: &Graph, walked: &Walked, limit: u64) -> Result<Self> {
        let mut needs = needs(graph, walked, limit)?;
        // Large ones first, each into the smallest slot that is free all the while: no slot ever grows.
        needs.sort_by_key(|need| std::cmp::Reverse(need.words));
        let mut plan = Self::default();
        let mut taken: Vec<Vec<Lifetime>> = Vec::new();
        for Need { item, words, alive } in needs {
            let is_free = |slot: &usize| {
                taken[*slot].iter().all(|other| other.last < alive.first || alive.last < other.first)
            };
            let free = (0..plan.slots.len()).rev().find(is_free);
            let slot = free.unwrap_or_else(|| {
                plan.slots.push(words);
                taken.push(Vec::new());
                plan.slots.len() - 1
            });
            taken[slot].push(alive);
            plan.places.insert(item, (slot, words));
        }
        Ok(plan)
    }

    /// The slot of an item, and its words there.
    pub fn place(&self, item: Item) -> (usize, usize) {
        self.places[&item]
    }

    /// Bytes of all slots.
    fn bytes(&self) -> u64 {
        self.slots.iter().map(|words| 4 * *words as u64).sum()
    }
}

/// Bytes that a photo's activations take on a device whose bindings have at most `limit` bytes, the wanted outputs among them;
/// attention maps and weights come in addition.
///
/// # Errors
/// As [`fits_bindings`](crate::fits_bindings); [`RuntimeError::Graph`](crate::RuntimeError::Graph) for unknown outputs.
pub fn activation_bytes(graph: &Graph, wanted: &[&str], limit: u64) -> Result<u64> {
    let schedule = Schedule::new(graph, wanted)?;
    Ok(MemoryPlan::new(&schedule.graph, &schedule.photo_walk(), limit)?.bytes())
}

fn needs(graph: &Graph, walked: &Walked, limit: u64) -> Result<Vec<Need>> {
    let mut needs = Vec::new();
    let mut tiles = |id: TensorId, alive: Lifetime| -> Result<()> {
        let tensor = graph.tensor(id);
        let (rows, per_tile) = (tensor.shape.rows(), rows_per_tile(&tensor.name, tensor.shape, limit)?);
        for (tile, first) in (0..rows).step_by(per_tile).enumerate() {
            let words = per_tile.min(rows - first) * tensor.shape.channels;
            needs.push(Need { item: Item::Tile(id, tile), words, alive });
        }
        Ok(())
    };
    for (id, alive) in walked.lifetimes(graph) {
        tiles(id, alive)?;
    }
    let end = walked.ops.len().saturating_sub(1);
    for (step, &at) in walked.ops.iter().enumerate() {
        let op = &graph.ops[at];
        let rows_of = |id: TensorId| graph.tensor(id).shape.rows();
        let scratch: Vec<(usize, usize)> = match &op.operation {
            Operation::GroupNorm { input, groups, .. } => {
                let shape = graph.tensor(*input).shape;
                vec![(partials_len(shape.rows(), shape.channels), step), (2 * groups, step)]
            }
            // Looked at when all is done: a map of sums that are not finite is none.
            Operation::AttentionMap { taps, .. } => {
                let tokens = rows_of(op.output);
                taps.iter().map(|tap| (2 * tap.heads * tokens, end)).collect()
            }
            Operation::Conv3x3 { input, stride, padding, .. } => {
                let words = conv_scratch_words(graph, op, *input, *stride, *padding, limit)?;
                words.map(|words| (words, step)).into_iter().collect()
            }
            _ => Vec::new(),
        };
        for (index, (words, last)) in scratch.into_iter().enumerate() {
            let alive = Lifetime { first: step, last };
            needs.push(Need { item: Item::Scratch(op.output, index), words, alive });
        }
    }
    Ok(needs)
}

#[cfg(test)]
mod tests {
    use maskov_graph::{Function, GraphBuilder, Padding, Shape};

    use super::*;

    /// `x → a → b → c`, `c + x`, with a norm and a wider middle.
    fn list() -> Graph {
        let mut list = GraphBuilder::new();
        let x = list.input("x", Shape { height: 8, width: 8, channels: 64 }, false).unwrap();
        let a = list.conv3x3("a", x, 256, 1, Padding::Same).unwrap();
        let b = list.group_norm("b", a, 4, 1e-5).unwrap();
        let c = list.linear("c", &[], b, 64, true, maskov_graph::Stored::Linear).unwrap();
        let d = list.op("d", Operation::Activation { input: c, function: Function::Silu }).unwrap();
        list.op("y", Operation::Add { a: d, b: x }).unwrap();
        list.finish()
    }

    fn alive_at(walked: &Walked<'_>, graph: &Graph, step: usize, limit: u64) -> Vec<Item> {
        let needs = needs(graph, walked, limit).unwrap().into_iter();
        needs
            .filter(|need| (need.alive.first..=need.alive.last).contains(&step))
            .map(|need| need.item)
            .collect()
    }

    #[test]
    fn what_is_alive_together_shares_no_slot_and_fits_its_own() {
        for limit in [128 << 20, 64 << 10] {
            let schedule = Schedule::new(&list(), &["y"]).unwrap();
            let walked = schedule.photo_walk();
            let memory = MemoryPlan::new(&schedule.graph, &walked, limit).unwrap();
            for step in 0..walked.ops.len() {
                let mut slots = Vec::new();
                for item in alive_at(&walked, &schedule.graph, step, limit) {
                    let (slot, words) = memory.place(item);
                    assert!(!slots.contains(&slot), "{item:?} at {step} lies in a slot that is taken");
                    assert!(words <= memory.slots[slot] && 4 * words as u64 <= limit);
                    slots.push(slot);
                }
            }
        }
    }

    #[test]
    fn memory_is_used_again() {
        let schedule = Schedule::new(&list(), &["y"]).unwrap();
        let memory = MemoryPlan::new(&schedule.graph, &schedule.photo_walk(), 128 << 20).unwrap();
        // x; a, and then d where a was; b, and then y; c; the norm's two.
        let (x, wide) = (4 * 64 * 64, 4 * 64 * 256);
        let scratch = 4 * (partials_len(64, 256) + 8) as u64;
        assert!(memory.bytes() <= 2 * x + 2 * wide + scratch, "{:?}", memory.slots);
    }

    #[test]
    fn what_is_wanted_stays_to_the_end() {
        let schedule = Schedule::new(&list(), &["a", "y"]).unwrap();
        let walked = schedule.photo_walk();
        let a = schedule.graph.find("a").unwrap();
        assert!(alive_at(&walked, &schedule.graph, 4, 128 << 20).contains(&Item::Tile(a, 0)));
    }
}
