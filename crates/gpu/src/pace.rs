//! How much work goes off at once: what takes the device about 50 ms, as it has shown.
//!
//! While a long submit runs, the desktop stutters, a watchdog may fire, and nothing can be told or stopped; between many
//! short ones the device waits. So the first submits hold what suits a weak adapter of the kind, later ones what the
//! device was seen to do, and while one is looked at the next is on its way.

use std::cell::Cell;

use web_time::Instant;

use crate::Gpu;

/// Milliseconds that a submit should take.
const TARGET_MS: f64 = 50.0;

/// What an amount of work is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Twice the multiply-adds, where products take the time.
    Flop,
    /// What is read of a matrix, where reading takes the time.
    Bytes,
    /// Samples of the bilateral filter.
    Samples,
}

/// Units per millisecond, of weak hardware and of a software adapter: what is assumed until something was measured.
const HARDWARE: [f64; 3] = [3e8, 5e7, 5e6];
const SOFTWARE: [f64; 3] = [1e6, 2e6, 2e4];

/// What a device was seen to do in a millisecond, by [`Unit`].
pub(crate) struct Rates([Cell<f64>; 3]);

impl Rates {
    pub(crate) fn new(is_software: bool) -> Self {
        Self((if is_software { SOFTWARE } else { HARDWARE }).map(Cell::new))
    }

    fn amount(&self, unit: Unit) -> u64 {
        (self.0[unit as usize].get() * TARGET_MS) as u64
    }

    fn learn(&self, unit: Unit, amount: u64, ms: f64) {
        // A short submit says more about its way there and back than about the work.
        if amount < self.amount(unit) / 2 {
            return;
        }
        let rate = &self.0[unit as usize];
        let known = rate.get();
        // One hiccup of the machine does not count for more than half.
        rate.set((amount as f64 / ms.max(0.1)).clamp(known / 2.0, 2.0 * known));
    }
}

/// The pace of one piece of work, submit by submit.
pub struct Pace<'a> {
    gpu: &'a Gpu,
    unit: Unit,
    last_done: Option<Instant>,
}

impl Pace<'_> {
    /// How much the next submit should hold.
    pub fn amount(&self) -> u64 {
        if self.gpu.works_as_hardware.get() {
            return (HARDWARE[self.unit as usize] * TARGET_MS) as u64;
        }
        self.gpu.rates.amount(self.unit)
    }

    /// A submit of so much work is done, and the next was on its way meanwhile.
    pub fn done(&mut self, amount: u64) {
        let now = Instant::now();
        // How long the first one waited for its turn is not known.
        if let Some(before) = self.last_done.replace(now) {
            self.gpu.rates.learn(self.unit, amount, (now - before).as_secs_f64() * 1e3);
        }
    }
}

impl Gpu {
    /// The pace of work that is counted in this unit.
    pub fn pace(&self, unit: Unit) -> Pace<'_> {
        Pace { gpu: self, unit, last_done: None }
    }

    /// Sends off as much work in a submit as to weak hardware, whatever was measured: for those who count and do not wait.
    pub fn work_as_hardware(&self) {
        self.works_as_hardware.set(true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amount_follows_what_was_measured_in_steps_of_two() {
        let rates = Rates::new(true);
        assert_eq!(rates.amount(Unit::Flop), 50_000_000);
        rates.learn(Unit::Flop, 50_000_000, 5.0);
        assert_eq!(rates.amount(Unit::Flop), 100_000_000, "ten times as fast, for once");
        rates.learn(Unit::Flop, 100_000_000, 80.0);
        assert_eq!(rates.amount(Unit::Flop), 62_500_000);
        rates.learn(Unit::Flop, 62_500_000, 9e9);
        assert_eq!(rates.amount(Unit::Flop), 31_250_000);
        assert_eq!(rates.amount(Unit::Bytes), 100_000_000, "the other unit stays");
    }

    #[test]
    fn short_submits_say_nothing() {
        let rates = Rates::new(false);
        let before = rates.amount(Unit::Bytes);
        rates.learn(Unit::Bytes, before / 4, 3.0);
        assert_eq!(rates.amount(Unit::Bytes), before);
    }
}
