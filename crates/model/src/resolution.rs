//! R, the side of the token grid.

use crate::ModelError;

/// Largest R: a map of R⁴ entries must be indexed with 32 bits.
pub const LARGEST_RESOLUTION: usize = 192;

/// Refuses an R that is no multiple, or too large.
///
/// # Errors
/// [`ModelError::Resolution`], with the nearest that fit.
pub fn check_resolution(resolution: usize, multiple: usize) -> Result<(), ModelError> {
    let largest = LARGEST_RESOLUTION / multiple * multiple;
    if resolution.is_multiple_of(multiple) && (multiple..=largest).contains(&resolution) {
        return Ok(());
    }
    let below = (resolution / multiple * multiple).clamp(multiple, largest);
    let above = (below + multiple).min(largest);
    let fitting = match below < resolution && above > below {
        true => format!("{below} or {above}"),
        false => below.to_string(),
    };
    Err(ModelError::Resolution { resolution, multiple, largest, fitting })
}
