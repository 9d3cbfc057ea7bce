//! Progress and cancellation: who watches a run.

use std::ops::ControlFlow;

use maskov_weights::LocalFuture;

/// What is about to happen: operation `index` of `count`, or while loading the weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// From 0.
    pub index: usize,
    /// How many there are.
    pub count: usize,
    /// The operation's or the weight's name.
    pub name: &'a str,
}

/// Is told each step before it is taken, and may end the run there.
///
/// The answer is a future so that a browser's worker can look at its messages between two operations.
pub trait Observer {
    /// `Break` ends the run with [`RuntimeError::Cancelled`](crate::RuntimeError::Cancelled).
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>>;
}

/// Watches nothing and never cancels.
impl Observer for () {
    fn before<'a>(&'a mut self, _: Step<'a>) -> LocalFuture<'a, ControlFlow<()>> {
        Box::pin(std::future::ready(ControlFlow::Continue(())))
    }
}

/// A function that watches.
pub struct Watch<F>(pub F);

impl<F: FnMut(Step<'_>) -> ControlFlow<()>> Observer for Watch<F> {
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>> {
        Box::pin(std::future::ready((self.0)(step)))
    }
}
