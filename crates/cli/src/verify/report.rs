//! A line per stage.

use anyhow::{Result, bail};

/// Lines so far.
#[derive(Debug, Default)]
pub struct Report {
    lines: usize,
    beyond: usize,
}

impl Report {
    /// One comparison. `what` says how the error is measured. A NaN is beyond every bound.
    pub fn line(&mut self, stage: &str, what: &str, error: f64, bound: f64) {
        let within = error <= bound;
        self.lines += 1;
        self.beyond += usize::from(!within);
        let verdict = if within { "ok    " } else { "BEYOND" };
        println!("{verdict} {stage:60} {what:24} {error:9.2e}  bound {bound:.0e}");
    }

    /// Whether all were within their bounds.
    pub fn finish(self) -> Result<bool> {
        if self.lines == 0 {
            bail!("the file holds no stage that could be compared");
        }
        match self.beyond {
            0 => println!("{} comparisons, all within their bounds", self.lines),
            beyond => eprintln!(
                "{beyond} of {} comparisons are beyond their bound. Check that file and model belong together; if they do, \
                 report it with this output.",
                self.lines
            ),
        }
        Ok(self.beyond == 0)
    }
}

/// The largest difference of two slices; infinite where lengths differ or there is a NaN.
pub fn largest_difference(got: &[f32], want: &[f32]) -> f64 {
    if got.len() != want.len() {
        return f64::INFINITY;
    }
    let difference = |(a, b): (&f32, &f32)| {
        let difference = (f64::from(*a) - f64::from(*b)).abs();
        if difference.is_nan() { f64::INFINITY } else { difference }
    };
    got.iter().zip(want).map(difference).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comparisons_can_fail() {
        assert_eq!(largest_difference(&[1.0, 2.0], &[1.0, 2.5]), 0.5);
        assert_eq!(largest_difference(&[f32::NAN], &[1.0]), f64::INFINITY);
        assert_eq!(largest_difference(&[1.0], &[1.0, 2.0]), f64::INFINITY);
        let mut report = Report::default();
        report.line("a", "error", 1.0, 1.0);
        report.line("b", "error", f64::NAN, 1.0);
        assert!(!report.finish().unwrap());
        assert!(Report::default().finish().is_err(), "nothing compared is no success");
    }
}
