//! Where weights are: on the device, or at their source until a block of operations needs them.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use maskov_gpu::Gpu;
use maskov_graph::{Graph, WeightId};
use maskov_weights::{HostTensor, TensorInfo, WeightSource};

use super::weights::{Role, Weight, roles};
use crate::schedule::Schedule;
use crate::weights::{read_all, stored_names};
use crate::{Observer, Result};

/// How an executor comes by its weights.
#[derive(Clone)]
pub enum Weights<'a> {
    /// All are brought to the device once.
    Resident(&'a dyn WeightSource),
    /// They are read anew in every run, a block of operations at a time, so that no more than two blocks are on the device:
    /// one that computes and one that is read.
    Streamed {
        /// Where they are read.
        source: Rc<dyn WeightSource>,
        /// What a block may have, in bytes as they are stored; a single operation may have more.
        block_bytes: u64,
    },
}

impl<'a> Weights<'a> {
    fn source(&self) -> &dyn WeightSource {
        match self {
            Self::Resident(source) => *source,
            Self::Streamed { source, .. } => &**source,
        }
    }
}

/// The weights that are on the device.
pub(super) struct Residence {
    gpu: Rc<Gpu>,
    /// By [`WeightId`].
    files: Vec<StoredWeight>,
    /// By [`WeightId`].
    loaded: RefCell<Vec<Option<Weight>>>,
    stream: Option<Stream>,
}

/// A weight as its source has it.
struct StoredWeight {
    name: String,
    info: TensorInfo,
    role: Role,
}

struct Stream {
    source: Rc<dyn WeightSource>,
    blocks: Vec<Block>,
    /// By operation.
    block_of: Vec<usize>,
    current: Cell<Option<usize>>,
}

impl Stream {
    fn new(
        schedule: &Schedule,
        source: Rc<dyn WeightSource>,
        files: &[StoredWeight],
        block_bytes: u64,
    ) -> Self {
        let bytes = |id: WeightId| {
            let info = &files[id.0 as usize].info;
            info.dtype.byte_len(&info.shape).unwrap_or(0)
        };
        let of_op = |op: usize| schedule.graph.ops[op].operation.weights();
        let walks = [&schedule.constant, &schedule.per_photo];
        let blocks: Vec<Block> =
            walks.into_iter().flat_map(|ops| blocks(ops, &of_op, &bytes, block_bytes)).collect();
        let mut block_of = vec![0; schedule.graph.ops.len()];
        for (index, block) in blocks.iter().enumerate() {
            block.ops.iter().for_each(|&op| block_of[op] = index);
        }
        Self { source, blocks, block_of, current: Cell::new(None) }
    }
}

/// Operations whose weights are on the device together.
#[derive(Debug, Default, PartialEq)]
struct Block {
    ops: Vec<usize>,
    weights: Vec<WeightId>,
}

impl Residence {
    /// Makes room for all weights, or makes sure that all can be read. Fails where any is missing, and names all that are.
    pub fn new(gpu: Rc<Gpu>, schedule: &Schedule, weights: &Weights<'_>) -> Result<Self> {
        let graph = &schedule.graph;
        let source = weights.source();
        let stored = stored_names(graph, source)?;
        let files = stored.into_iter().zip(roles(graph)).map(|(name, role)| {
            let info = source.info(&name).expect("stored_names() has found it");
            StoredWeight { name, info, role }
        });
        let files: Vec<_> = files.collect();
        let residence = Self { loaded: RefCell::new(vec![None; files.len()]), gpu, files, stream: None };
        match weights {
            Weights::Resident(_) => {
                (0..residence.files.len()).try_for_each(|at| residence.make_room(at))?;
                Ok(residence)
            }
            Weights::Streamed { source, block_bytes } => {
                let stream = Stream::new(schedule, source.clone(), &residence.files, *block_bytes);
                Ok(Self { stream: Some(stream), ..residence })
            }
        }
    }

    /// Reads all weights, unless each is to be read when it is needed.
    pub async fn fill(
        &self,
        graph: &Graph,
        weights: &Weights<'_>,
        observer: &mut dyn Observer,
    ) -> Result<()> {
        match weights {
            Weights::Resident(source) => {
                let write = |id: WeightId, tensor| self.write(id.0 as usize, &tensor);
                read_all(graph, *source, observer, write).await
            }
            Weights::Streamed { .. } => Ok(()),
        }
    }

    /// A weight of an operation that was asked for with [`Residence::ensure`].
    pub fn get(&self, id: WeightId) -> Weight {
        self.loaded.borrow()[id.0 as usize].clone().expect("ensure() has brought what the operation reads")
    }

    /// Brings what that operation reads to the device, where it is not there yet.
    pub async fn ensure(&self, op: usize) -> Result<()> {
        let Some((stream, block)) = self.other_block(op) else { return Ok(()) };
        for id in &stream.blocks[block].weights {
            let at = id.0 as usize;
            if self.loaded.borrow()[at].is_none() {
                let tensor = stream.source.read(&self.files[at].name).await?;
                self.make_room(at)?;
                self.write(at, &tensor)?;
            }
        }
        // Only now: a read that failed is made again.
        stream.current.set(Some(block));
        Ok(())
    }

    /// Makes room for what that operation reads, where there is none yet: enough to record it.
    pub fn ensure_room(&self, op: usize) -> Result<()> {
        let Some((stream, block)) = self.other_block(op) else { return Ok(()) };
        let wanted = &stream.blocks[block].weights;
        self.forget_all_but(wanted);
        let missing = wanted.iter().map(|id| id.0 as usize).filter(|&at| self.loaded.borrow()[at].is_none());
        missing.collect::<Vec<_>>().into_iter().try_for_each(|at| self.make_room(at))
    }

    /// Lets go of room that nothing was read to.
    pub fn forget_room(&self) {
        if self.stream.is_some() {
            self.forget_all_but(&[]);
        }
    }

    fn make_room(&self, at: usize) -> Result<()> {
        let StoredWeight { name, info, role } = &self.files[at];
        self.loaded.borrow_mut()[at] = Some(Weight::create(&self.gpu, *role, name, info)?);
        Ok(())
    }

    fn write(&self, at: usize, tensor: &HostTensor) -> Result<()> {
        let mut loaded = self.loaded.borrow_mut();
        loaded[at].as_mut().expect("there is room before there are values").write(&self.gpu, tensor)
    }

    /// Lets go of weights that the block of that operation does not read; whether there were any.
    pub fn let_go(&self, op: usize) -> bool {
        self.other_block(op).is_some_and(|(stream, block)| self.forget_all_but(&stream.blocks[block].weights))
    }

    /// The block of that operation, where weights are streamed and it is not the one that is on the device.
    fn other_block(&self, op: usize) -> Option<(&Stream, usize)> {
        let stream = self.stream.as_ref()?;
        let block = stream.block_of[op];
        (stream.current.get() != Some(block)).then_some((stream, block))
    }

    /// Lets go of weights that none of these operations reads.
    pub fn keep_only(&self, schedule: &Schedule, ops: &[usize]) {
        let weights = ops.iter().flat_map(|&op| schedule.graph.ops[op].operation.weights());
        self.forget_all_but(&weights.collect::<Vec<_>>());
    }

    fn forget_all_but(&self, kept: &[WeightId]) -> bool {
        let mut has_forgotten = false;
        for (at, weight) in self.loaded.borrow_mut().iter_mut().enumerate() {
            if !kept.contains(&WeightId(at as u32)) {
                has_forgotten |= weight.take().is_some();
            }
        }
        has_forgotten
    }
}

/// Operations in order, in blocks whose weights have at most so many bytes.
fn blocks(
    ops: &[usize],
    weights_of: &dyn Fn(usize) -> Vec<WeightId>,
    bytes: &dyn Fn(WeightId) -> u64,
    most: u64,
) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut taken = 0;
    for &op in ops {
        let of_op = weights_of(op);
        let of_op_bytes: u64 = of_op.iter().map(|id| bytes(*id)).sum();
        let last = match blocks.last_mut() {
            Some(last) if taken + of_op_bytes <= most => last,
            _ => {
                taken = 0;
                blocks.push(Block::default());
                let last = blocks.len() - 1;
                &mut blocks[last]
            }
        };
        taken += of_op_bytes;
        last.ops.push(op);
        last.weights.extend(of_op);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_as_long_as_their_weights_allow() {
        // Operation n reads weight n, of 10 n bytes.
        let weights_of = |op: usize| vec![WeightId(op as u32)];
        let blocks = blocks(&[1, 2, 3, 9, 1], &weights_of, &|id| 10 * u64::from(id.0), 60);
        let ops: Vec<_> = blocks.iter().map(|block| block.ops.clone()).collect();
        assert_eq!(ops, [vec![1, 2, 3], vec![9], vec![1]]);
        assert_eq!(blocks[0].weights, [WeightId(1), WeightId(2), WeightId(3)]);
    }
}
