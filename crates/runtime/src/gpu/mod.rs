//! The GPU executor: the list as dispatches.

mod record;
mod rehearsal;
mod residence;
mod rows;
mod weights;

pub use self::residence::Weights;

use std::collections::HashMap;
use std::rc::Rc;

use maskov_gpu::{Buffer, Gpu, Mark, Pass, Profiling, RowTiled, Span, Unit};
use maskov_graph::{Graph, Op, Shape, Tensor, TensorId, WeightId};
use maskov_kernels::matrix::Matrix;
use maskov_weights::WeightSource;

use self::residence::Residence;
use self::rows::Rows;
use self::weights::Weight;
use crate::memory_plan::{Item, MemoryPlan};
use crate::pieces::{fits_bindings, pieces, rows_per_tile};
use crate::schedule::Schedule;
use crate::weights::step;
use crate::{Executor, Observer, Outputs, Result, RuntimeError, Step, Timings, Values};

/// A graph with its weights on a device.
pub struct GpuExecutor {
    gpu: Rc<Gpu>,
    schedule: Schedule,
    weights: Residence,
    /// The bias of layers that have none.
    zeros: Rc<Buffer>,
    /// What was computed once per model and is read for every photo.
    constants: HashMap<TensorId, Rows>,
    constant_memory: MemoryPlan,
    photo_memory: MemoryPlan,
    /// The largest binding, in bytes: what is larger lies in tiles.
    binding_bytes: u64,
}

impl GpuExecutor {
    /// Compiles the kernels of the list, uploads the weights that the wanted outputs need and computes what is the same for
    /// every photo. `constants` are
    /// the values of the graph's constant inputs.
    ///
    /// Matrices of f32, f16 and bf16 become f16; q8 and q4 stay as they are. Errors: all missing weights at once;
    /// unsound ones; unknown outputs; a full device.
    pub async fn load(
        gpu: Rc<Gpu>,
        graph: &Graph,
        wanted: &[&str],
        source: &dyn WeightSource,
        constants: &[Values<'_>],
        observer: &mut dyn Observer,
    ) -> Result<Self> {
        let binding_bytes = gpu.caps().max_binding_bytes;
        let weights = Weights::Resident(source);
        Self::load_within(gpu, graph, wanted, weights, constants, observer, binding_bytes).await
    }

    /// [`GpuExecutor::load`] with weights that need not stay on the device, and with activations in bindings of at most
    /// `binding_bytes`: as a large model computes, at the size of a small one.
    ///
    /// # Errors
    /// As [`GpuExecutor::load`].
    pub async fn load_within(
        gpu: Rc<Gpu>,
        graph: &Graph,
        wanted: &[&str],
        weights: Weights<'_>,
        constants: &[Values<'_>],
        observer: &mut dyn Observer,
        binding_bytes: u64,
    ) -> Result<Self> {
        let schedule = Schedule::new(graph, wanted)?;
        // Before anything is read or made.
        fits_bindings(&schedule.graph, binding_bytes)?;
        let constant_memory = MemoryPlan::new(&schedule.graph, &schedule.constant_walk(), binding_bytes)?;
        let photo_memory = MemoryPlan::new(&schedule.graph, &schedule.photo_walk(), binding_bytes)?;
        let residence = Residence::new(gpu.clone(), &schedule, &weights)?;
        let widest = schedule.graph.tensors.iter().map(|tensor| tensor.shape.channels).max().unwrap_or(0);
        let zeros = Rc::new(gpu.upload("no bias", &vec![0.0f32; widest])?);
        let mut executor = Self {
            gpu,
            schedule,
            weights: residence,
            zeros,
            constants: HashMap::new(),
            constant_memory,
            photo_memory,
            binding_bytes,
        };
        // In a browser the device compiles while the weights arrive.
        executor.rehearse()?;
        executor.weights.fill(&executor.schedule.graph, &weights, observer).await?;
        executor.constants = executor.compute_constants(constants).await?;
        executor.weights.keep_only(&executor.schedule, &executor.schedule.per_photo);
        Ok(executor)
    }

    async fn compute_constants(&self, constants: &[Values<'_>]) -> Result<HashMap<TensorId, Rows>> {
        let mut walk = Walk::new(self, &self.constant_memory, &self.schedule.inputs(constants, true)?)?;
        walk.through(&self.schedule.constant, &mut ()).await?;
        let mut kept = HashMap::new();
        for id in &self.schedule.kept {
            if let Some(rows) = walk.alive[id.0 as usize].take() {
                self.check(*id, &rows.read(&self.gpu).await?)?;
                kept.insert(*id, rows);
            }
        }
        Ok(kept)
    }

    fn matrix(&self, id: WeightId) -> Rc<Matrix> {
        match self.weights.get(id) {
            Weight::Matrix(matrix) => matrix,
            _ => unreachable!("roles() makes what linear layers and convolutions read a matrix"),
        }
    }

    fn vector(&self, id: WeightId) -> Rc<Buffer> {
        match self.weights.get(id) {
            Weight::Vector(vector) => vector,
            _ => unreachable!("roles() makes what norms and biases read a vector"),
        }
    }

    fn host(&self, id: WeightId) -> Rc<[f32]> {
        match self.weights.get(id) {
            Weight::Host(values) => values,
            _ => unreachable!("roles() keeps what embeddings read on the host"),
        }
    }

    fn bias(&self, id: Option<WeightId>) -> Rc<Buffer> {
        id.map_or_else(|| self.zeros.clone(), |id| self.vector(id))
    }

    fn check(&self, id: TensorId, values: &[f32]) -> Result<()> {
        if values.iter().all(|value| value.is_finite()) {
            return Ok(());
        }
        Err(RuntimeError::NotFinite { name: self.schedule.graph.tensor(id).name.clone() })
    }

    /// The wanted tensors; all must be finite, and so must the sums behind the maps.
    async fn outputs(&self, walk: &mut Walk<'_>) -> Result<Outputs<RowTiled>> {
        let mut outputs =
            Outputs { tensors: HashMap::new(), maps: HashMap::new(), timings: Timings::default() };
        for (name, id) in &self.schedule.wanted {
            if let Some(map) = walk.maps.remove(id) {
                outputs.maps.insert(name.clone(), map);
            } else if let Some(rows) = &walk.alive[id.0 as usize] {
                let values = rows.read(&self.gpu).await?;
                self.check(*id, &values)?;
                outputs.tensors.insert(name.clone(), values);
            }
        }
        self.check_row_stats(walk).await?;
        Ok(outputs)
    }

    async fn check_row_stats(&self, walk: &mut Walk<'_>) -> Result<()> {
        let row_stats = std::mem::take(&mut walk.row_stats);
        let ranges: Vec<_> = row_stats.iter().map(|(_, stats)| (stats, 0..stats.len())).collect();
        if ranges.is_empty() {
            return Ok(());
        }
        let words: Vec<f32> = self.gpu.start_reading(&ranges)?.words().await?;
        let mut rest = words.as_slice();
        for (id, stats) in row_stats {
            let (of_tap, behind) = rest.split_at(stats.len());
            self.check(id, of_tap)?;
            rest = behind;
        }
        Ok(())
    }

    /// What one run takes, dispatch by dispatch; its outputs stay on the device unread. For measuring kernels. Empty where
    /// the adapter cannot time passes.
    pub async fn time_dispatches(&self, inputs: &[Values<'_>]) -> Result<Vec<Span>> {
        let mut walk = Walk::new(self, &self.photo_memory, &self.schedule.inputs(inputs, false)?)?;
        self.gpu.set_profiling(Profiling::Dispatches);
        self.gpu.start_profile();
        let walked = walk.through(&self.schedule.per_photo, &mut ()).await;
        let spans = self.gpu.finish_profile().await;
        self.gpu.set_profiling(Profiling::Off);
        walked?;
        Ok(spans?)
    }

    /// Walks once more, an operation at a time, to the first whose output is not finite.
    async fn first_not_finite(&self, inputs: &[(TensorId, &[f32])]) -> Result<()> {
        let mut walk = Walk::new(self, &self.photo_memory, inputs)?;
        for &at in &self.schedule.per_photo {
            walk.through(&[at], &mut ()).await?;
            let output = self.schedule.graph.ops[at].output;
            if let Some(rows) = walk.alive[output.0 as usize].clone() {
                self.check(output, &rows.read(&self.gpu).await?)?;
            }
        }
        Ok(())
    }
}

impl Executor for GpuExecutor {
    type Map = RowTiled;

    fn graph(&self) -> &Graph {
        &self.schedule.graph
    }

    /// Timings are empty unless the device was told to time labels and can.
    async fn run(&self, inputs: &[Values<'_>], observer: &mut dyn Observer) -> Result<Outputs<RowTiled>> {
        let inputs = self.schedule.inputs(inputs, false)?;
        for (id, values) in &inputs {
            self.check(*id, values)?;
        }
        self.gpu.start_turn();
        let mut walk = Walk::new(self, &self.photo_memory, &inputs)?;
        self.gpu.start_profile();
        let walked = walk.through(&self.schedule.per_photo, observer).await;
        let spans = self.gpu.finish_profile().await?;
        walked?;
        match self.outputs(&mut walk).await {
            Ok(mut outputs) => {
                outputs.timings.ops = spans.into_iter().map(|span| (span.name, span.ms)).collect();
                Ok(outputs)
            }
            Err(error @ RuntimeError::NotFinite { .. }) => {
                self.first_not_finite(&inputs).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    }

    async fn read_map(&self, map: &RowTiled) -> Result<Vec<f32>> {
        Ok(map.read(&self.gpu).await?)
    }
}

/// What an operation makes piece by piece.
enum Output {
    Rows(Rows),
    /// Of attention.
    Map(RowTiled),
}

/// The state of one walk through the list.
struct Walk<'a> {
    executor: &'a GpuExecutor,
    memory: &'a MemoryPlan,
    /// The slots of the plan.
    slots: Vec<Buffer>,
    pass: Pass<'a>,
    /// The activations that are alive, by [`TensorId`].
    alive: Vec<Option<Rows>>,
    maps: HashMap<TensorId, RowTiled>,
    /// Row statistics behind the maps, and the queries they are of.
    row_stats: Vec<(TensorId, Buffer)>,
}

impl<'a> Walk<'a> {
    /// Makes all memory that the walk needs, before any work.
    fn new(executor: &'a GpuExecutor, memory: &'a MemoryPlan, inputs: &[(TensorId, &[f32])]) -> Result<Self> {
        let gpu = &executor.gpu;
        let mut walk = Self::with_memory(executor, memory, gpu.pass())?;
        for (id, rows) in &executor.constants {
            walk.keep(*id, rows.clone());
        }
        for (id, values) in inputs {
            let rows = walk.rows_for(*id)?;
            for (tile, values) in
                rows.tiles().iter().zip(values.chunks(rows.rows_per_tile * walk.shape(*id).channels))
            {
                gpu.write(tile, values);
            }
            walk.keep(*id, rows);
        }
        Ok(walk)
    }

    fn with_memory(executor: &'a GpuExecutor, memory: &'a MemoryPlan, pass: Pass<'a>) -> Result<Self> {
        let slots = memory.slots.iter().map(|words| executor.gpu.create("activations", *words));
        let slots = slots.collect::<Result<_, _>>()?;
        let alive = vec![None; executor.schedule.graph.tensors.len()];
        Ok(Self { executor, memory, slots, pass, alive, maps: HashMap::new(), row_stats: Vec::new() })
    }

    /// Records these operations and sends them off, a bounded amount of work at a time. While one amount is waited for,
    /// the next is on its way.
    async fn through(&mut self, ops: &[usize], observer: &mut dyn Observer) -> Result<()> {
        let GpuExecutor { gpu, schedule, binding_bytes, .. } = self.executor;
        let mut pace = gpu.pace(Unit::Flop);
        let mut in_flight: Option<(Mark<'_>, u64)> = None;
        let mut flop = 0;
        for (index, &at) in ops.iter().enumerate() {
            let op = &schedule.graph.ops[at];
            let at_op = Step { index, count: ops.len(), name: &op.name };
            step(observer, at_op).await?;
            if self.executor.weights.let_go(at) {
                // What has been recorded was the last to need them; while it is computed, the next ones are read.
                self.submit()?;
            }
            self.executor.weights.ensure(at).await?;
            self.pass.label(&op.name);
            let pieces = pieces(&schedule.graph, op, *binding_bytes, pace.amount())?;
            let flop_of_piece = schedule.graph.op_flop(op) / pieces.len() as u64;
            let output = self.begin(op, &pieces)?;
            for rows in pieces {
                if let Some(output) = &output {
                    self.record(op, &rows, output)?;
                }
                flop += flop_of_piece;
                if flop > pace.amount() {
                    self.submit()?;
                    let sent = (gpu.mark(), std::mem::take(&mut flop));
                    if let Some((mark, flop)) = in_flight.replace(sent) {
                        mark.reached().await?;
                        pace.done(flop);
                        step(observer, at_op).await?;
                    }
                }
            }
            if let Some(output) = output {
                self.finish(op, output)?;
            }
            for id in &schedule.dead_after[at] {
                self.alive[id.0 as usize] = None;
            }
        }
        self.submit()
    }

    fn submit(&mut self) -> Result<()> {
        let next = self.executor.gpu.pass();
        Ok(std::mem::replace(&mut self.pass, next).submit()?)
    }

    fn shape(&self, id: TensorId) -> Shape {
        self.executor.schedule.graph.tensor(id).shape
    }

    /// Memory for the rows of a tensor, with anything in it.
    fn rows_for(&self, id: TensorId) -> Result<Rows> {
        let Tensor { name, shape } = self.executor.schedule.graph.tensor(id);
        let rows_per_tile = rows_per_tile(name, *shape, self.executor.binding_bytes)?;
        let tiles = (0..shape.rows().div_ceil(rows_per_tile)).map(|tile| self.planned(Item::Tile(id, tile)));
        Ok(Rows::new(tiles.map(Rc::new).collect(), rows_per_tile, shape.channels))
    }

    /// What an operation needs besides its inputs and output, with anything in it.
    fn scratch(&self, op: &Op, index: usize) -> Buffer {
        self.planned(Item::Scratch(op.output, index))
    }

    fn planned(&self, item: Item) -> Buffer {
        let (slot, words) = self.memory.place(item);
        self.slots[slot].slice(0..words)
    }

    fn keep(&mut self, id: TensorId, rows: Rows) {
        self.alive[id.0 as usize] = Some(rows);
    }
}
