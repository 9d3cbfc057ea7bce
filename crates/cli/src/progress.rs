//! How far long work has come.

use std::ops::ControlFlow;

use indicatif::{ProgressBar, ProgressStyle};
use maskov_engine::{Observer, Step};
use maskov_weights::LocalFuture;

/// A bar on stderr over the steps of a network or the weights of a model; nothing where stderr is no terminal.
pub struct Steps(ProgressBar);

impl Steps {
    /// A bar that starts with `doing`.
    pub fn new(doing: &str) -> Self {
        let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len} {wide_msg}")
            .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
        Self(ProgressBar::new(0).with_style(style).with_prefix(doing.to_owned()))
    }
}

impl Observer for Steps {
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>> {
        self.0.set_length(step.count as u64);
        self.0.set_position(step.index as u64);
        self.0.set_message(step.name.to_owned());
        Box::pin(std::future::ready(ControlFlow::Continue(())))
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// A bar over a known number of things, with the time left.
pub fn counted(doing: &str, count: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{prefix} [{bar:30}] {pos}/{len}, {eta} left {wide_msg}")
        .map_or_else(|_| ProgressStyle::default_bar(), |style| style.progress_chars("=> "));
    ProgressBar::new(count).with_style(style).with_prefix(doing.to_owned())
}
