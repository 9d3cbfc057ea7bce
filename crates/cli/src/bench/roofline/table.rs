//! What kernels reached, as a table, and what they would take elsewhere.

use maskov_gpu::Span;
use serde_json::{Value, json};

use super::peaks::Peaks;

/// The shares of a peak that are aimed at on hardware.
const GOALS: [(&str, f64); 4] =
    [("linear", 0.65), ("conv2d_3x3", 0.55), ("attention", 0.45), ("markov_step", 0.80)];
/// Of any other kernel: it moves bytes.
const GOAL_OF_OTHERS: f64 = 0.65;

/// Dispatches of one kernel.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Work {
    /// Its name.
    pub kernel: String,
    /// How many dispatches.
    pub dispatches: f64,
    /// Milliseconds on the device.
    pub ms: f64,
    /// Twice its multiply-adds; 0 where it only moves bytes.
    pub flop: f64,
    /// Bytes that are bound, each buffer of a dispatch counted once.
    pub bytes: f64,
}

impl Work {
    /// One dispatch that multiplies nothing.
    pub fn of(span: &Span) -> Self {
        let bytes = span.bound_bytes as f64;
        Self { kernel: span.name.clone(), dispatches: 1.0, ms: span.ms, flop: 0.0, bytes }
    }

    fn rate_of_flop(&self) -> f64 {
        self.flop / self.ms * 1e3
    }

    fn rate_of_bytes(&self) -> f64 {
        self.bytes / self.ms * 1e3
    }

    /// The larger of its shares of the two peaks: how near it is to what holds it up.
    fn share(&self, peaks: &Peaks) -> f64 {
        (self.rate_of_flop() / peaks.fma_f32).max(self.rate_of_bytes() / peaks.read)
    }

    /// The least milliseconds on an adapter of these peaks.
    fn roof_ms(&self, peaks: &Peaks) -> f64 {
        1e3 * (self.flop / peaks.fma_f32).max(self.bytes / peaks.read)
    }

    fn goal(&self) -> f64 {
        let goal = GOALS.iter().find(|(stem, _)| self.kernel.starts_with(stem));
        goal.map_or(GOAL_OF_OTHERS, |(_, share)| *share)
    }
}

/// The work of one task, kernel by kernel.
#[derive(Clone, Debug, Default)]
pub struct Table {
    rows: Vec<Work>,
    /// Operations whose times are of fewer rows, scaled to all.
    pub scaled: usize,
    /// Milliseconds on an adapter of the assumed peaks, at the roof.
    roof_ms: f64,
    /// The same at the shares that are aimed at.
    goal_ms: f64,
}

impl Table {
    /// Adds dispatches to those of their kernel. `assumed` are the peaks of the prediction.
    pub fn add(&mut self, work: Work, assumed: &Peaks) {
        let roof_ms = work.roof_ms(assumed);
        let around_ms = work.dispatches * assumed.dispatch_ms;
        self.roof_ms += roof_ms.max(around_ms);
        self.goal_ms += (roof_ms / work.goal()).max(around_ms);
        match self.rows.iter_mut().find(|row| row.kernel == work.kernel) {
            Some(row) => {
                row.dispatches += work.dispatches;
                row.ms += work.ms;
                row.flop += work.flop;
                row.bytes += work.bytes;
            }
            None => self.rows.push(work),
        }
    }

    /// Milliseconds of all kernels.
    pub fn ms(&self) -> f64 {
        self.rows.iter().map(|row| row.ms).sum()
    }

    /// A Markdown table, the longest kernel first, then the prediction. `round_trips` are those of the task.
    pub fn print(&self, title: &str, peaks: &Peaks, assumed: &Peaks, round_trips: u64) {
        println!("\n{title}\n");
        println!("| kernel | dispatches | ms | GFLOP/s | of FMA | GB/s | of read | aimed at |");
        println!("|---|---:|---:|---:|---:|---:|---:|---:|");
        let mut rows: Vec<&Work> = self.rows.iter().collect();
        rows.sort_by(|a, b| b.ms.total_cmp(&a.ms));
        for row in rows {
            let percent = |share: f64| format!("{:.1} %", 100.0 * share);
            let (flop, bytes) = (row.rate_of_flop(), row.rate_of_bytes());
            let of_fma = if row.flop > 0.0 { percent(flop / peaks.fma_f32) } else { "–".to_owned() };
            let flop = if row.flop > 0.0 { format!("{:.1}", flop / 1e9) } else { "–".to_owned() };
            println!(
                "| {} | {} | {:.2} | {flop} | {of_fma} | {:.2} | {} | {:.0} % |",
                row.kernel,
                row.dispatches,
                row.ms,
                bytes / 1e9,
                percent(bytes / peaks.read),
                100.0 * row.goal()
            );
        }
        let waiting = round_trips as f64 * assumed.round_trip_ms;
        let scaled = match self.scaled {
            0 => String::new(),
            count => format!(", {count} operations on fewer rows and scaled to all"),
        };
        println!(
            "\nMeasured: {:.1} ms on the device{scaled}. Predicted, not measured: {:.1} ms at the roof, {:.1} ms at the shares \
             that are aimed at, {round_trips} read-backs of {:.2} ms included.",
            self.ms(),
            self.roof_ms + waiting,
            self.goal_ms + waiting,
            assumed.round_trip_ms
        );
    }

    /// By kernel, with the shares of `peaks`.
    pub fn json(&self, peaks: &Peaks, round_trips: u64) -> Value {
        let kernel = |row: &Work| {
            json!({
                "kernel": row.kernel, "dispatches": row.dispatches, "ms": row.ms, "flop": row.flop,
                "bytes": row.bytes, "share": row.share(peaks),
            })
        };
        let kernels: Vec<_> = self.rows.iter().map(kernel).collect();
        json!({
            "kernels": kernels, "round_trips": round_trips, "scaled_operations": self.scaled,
            "predicted_roof_ms": self.roof_ms, "predicted_goal_ms": self.goal_ms,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEAKS: Peaks = Peaks {
        fma_f32: 1e12,
        fma_f16: None,
        read: 1e11,
        workgroup: 1e12,
        dispatch_ms: 0.01,
        submit_ms: 0.0,
        round_trip_ms: 2.0,
    };

    fn work(kernel: &str, ms: f64, flop: f64, bytes: f64) -> Work {
        Work { kernel: kernel.to_owned(), dispatches: 1.0, ms, flop, bytes }
    }

    #[test]
    fn a_kernel_is_held_up_by_what_it_has_more_of() {
        let multiplies = work("linear_q8", 2.0, 1e9, 1e6);
        assert!((multiplies.share(&PEAKS) - 0.5).abs() < 1e-12, "half a TFLOP/s");
        assert!((multiplies.roof_ms(&PEAKS) - 1.0).abs() < 1e-12);
        let moves = work("markov_step", 1.0, 1e6, 1e7);
        assert!((moves.share(&PEAKS) - 0.1).abs() < 1e-12, "10 of 100 GB/s");
        assert!((moves.roof_ms(&PEAKS) - 0.1).abs() < 1e-12);
    }

    #[test]
    fn predictions_are_sums_over_dispatches_none_shorter_than_its_cost() {
        let mut table = Table::default();
        table.add(work("linear_q8", 9.0, 1.3e9, 0.0), &PEAKS);
        table.add(work("linear_q8", 9.0, 1.3e9, 0.0), &PEAKS);
        table.add(work("add", 9.0, 0.0, 8.0), &PEAKS);
        assert_eq!(table.rows.len(), 2);
        assert_eq!(table.ms(), 27.0);
        assert!((table.roof_ms - 2.61).abs() < 1e-9, "{}", table.roof_ms);
        assert!((table.goal_ms - 4.01).abs() < 1e-9, "{}", table.goal_ms);
    }
}
