//! Who watches long work, and may stop it: one way for the network, the method, the CPU and the GPU.

use std::ops::ControlFlow;
use std::pin::Pin;

/// A future that stays on its thread: those of WebGPU and of browsers do.
pub type LocalFuture<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// What is about to happen: step `index` of `count`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step<'a> {
    /// From 0.
    pub index: usize,
    /// How many there are, at most.
    pub count: usize,
    /// What is done: an operation, a weight, a part of the method.
    pub name: &'a str,
}

/// Is told each step before it is taken, and may end the work there.
///
/// The answer is a future so that a browser's worker can look at its messages between two steps.
pub trait Observer {
    /// `Break` ends the work.
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>>;
}

/// Watches nothing and never ends the work.
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

/// Tells the observer.
///
/// # Errors
/// The step before which it ends the work.
pub async fn tell<'a>(observer: &mut dyn Observer, step: Step<'a>) -> Result<(), Step<'a>> {
    match observer.before(step).await {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(step),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observer_is_told_and_may_end_the_work() {
        let mut told = Vec::new();
        let mut until = Watch(|step: Step<'_>| {
            told.push(step.index);
            if step.index < 1 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        });
        let step = |index| Step { index, count: 2, name: "part" };
        assert_eq!(pollster::block_on(tell(&mut until, step(0))), Ok(()));
        assert_eq!(pollster::block_on(tell(&mut until, step(1))), Err(step(1)));
        assert_eq!(told, [0, 1]);
        assert_eq!(pollster::block_on(tell(&mut (), step(9))), Ok(()));
    }
}
