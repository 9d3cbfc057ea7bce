//! A run in which nothing is computed: afterwards every kernel of the list is compiled.

use maskov_gpu::Unit;
use maskov_graph::Operation;

use super::{GpuExecutor, Rows, Walk};
use crate::Result;
use crate::memory_plan::MemoryPlan;
use crate::pieces::pieces;

impl GpuExecutor {
    /// Compiles every kernel of both walks, before there are weights. Errors: those of the device, which may have no room.
    pub(super) fn rehearse(&self) -> Result<()> {
        let schedule = &self.schedule;
        let mut constant = Walk::rehearsal(self, &self.constant_memory, true)?;
        constant.rehearse(&schedule.constant)?;
        let mut photo = Walk::rehearsal(self, &self.photo_memory, false)?;
        for id in &schedule.kept {
            if let Some(rows) = constant.alive[id.0 as usize].take() {
                photo.keep(*id, rows);
            }
        }
        photo.rehearse(&schedule.per_photo)?;
        self.weights.forget_room();
        Ok(())
    }
}

impl<'a> Walk<'a> {
    /// A walk over inputs of any values.
    fn rehearsal(executor: &'a GpuExecutor, memory: &'a MemoryPlan, constant: bool) -> Result<Self> {
        let mut walk = Self::with_memory(executor, memory, executor.gpu.rehearsal())?;
        for input in executor.schedule.graph.inputs.iter().filter(|input| input.constant == constant) {
            let rows = walk.rows_for(input.tensor)?;
            walk.keep(input.tensor, rows);
        }
        Ok(walk)
    }

    fn rehearse(&mut self, ops: &[usize]) -> Result<()> {
        let GpuExecutor { gpu, schedule, weights, binding_bytes, .. } = self.executor;
        let amount = gpu.pace(Unit::Flop).amount();
        for &at in ops {
            let op = &schedule.graph.ops[at];
            weights.ensure_room(at)?;
            let pieces = pieces(&schedule.graph, op, *binding_bytes, amount)?;
            if let Operation::Embedding(_) = op.operation {
                // No kernel makes it, and its values are not there yet.
                let shape = self.shape(op.output);
                self.keep(op.output, Rows::of(gpu.create(&op.name, shape.len())?, shape.channels));
            } else if let Some(output) = self.begin(op, &pieces)? {
                for rows in &pieces {
                    self.record(op, rows, &output)?;
                }
                self.finish(op, output)?;
            }
            for id in &schedule.dead_after[at] {
                self.alive[id.0 as usize] = None;
            }
        }
        Ok(())
    }
}
