//! From a graph's list of weights to the tensors of a source.

use std::collections::HashMap;

use maskov_graph::{Graph, WeightId};
use maskov_progress::tell;
use maskov_weights::{HostTensor, Wanted, WeightSource, resolve};

use crate::{Observer, Result, RuntimeError, Step};

/// Reads every weight of the graph, in the order in which the source reads cheapest. Fails before the first read where
/// any is missing, and names all that are.
pub(crate) async fn read_all(
    graph: &Graph,
    source: &dyn WeightSource,
    observer: &mut dyn Observer,
    mut take: impl FnMut(WeightId, HostTensor) -> Result<()>,
) -> Result<()> {
    let stored = stored_names(graph, source)?;
    let place: HashMap<&str, usize> =
        source.names().into_iter().enumerate().map(|(at, name)| (name, at)).collect();
    let mut order: Vec<usize> = (0..stored.len()).collect();
    order.sort_by_key(|&weight| place.get(stored[weight].as_str()));
    for (index, weight) in order.into_iter().enumerate() {
        let name = &graph.weights[weight].name;
        step(observer, Step { index, count: stored.len(), name }).await?;
        take(WeightId(weight as u32), source.read(&stored[weight]).await?)?;
    }
    Ok(())
}

/// The source's name of every weight, by [`WeightId`]. Fails where any is missing, and names all that are.
pub(crate) fn stored_names(graph: &Graph, source: &dyn WeightSource) -> Result<Vec<String>> {
    let wanted = graph.weights.iter();
    let wanted =
        wanted.map(|weight| Wanted { name: &weight.name, aliases: &weight.aliases, shape: &weight.shape });
    Ok(resolve(source, wanted)?)
}

/// Tells the observer, and turns its `Break` into an error.
pub(crate) async fn step(observer: &mut dyn Observer, step: Step<'_>) -> Result<()> {
    let cancelled = |step: Step<'_>| RuntimeError::Cancelled { before: step.name.to_owned() };
    tell(observer, step).await.map_err(cancelled)
}
