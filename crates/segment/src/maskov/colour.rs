//! What colours say about the first click: those of its object against those of the rest.

/// Bins of a channel.
const BINS: usize = 12;
const CELLS: usize = BINS * BINS * BINS;
/// Evidence is within this.
const LARGEST: f32 = 2.0;

/// Logarithm of how much likelier a pixel's colour is where the field is at least 0 than elsewhere, within ±2, times how well
/// that tells the field's two sides apart: where an object has the colours of its surroundings, colours say little.
///
/// Histograms of 8-bit Lab in 12³ cells, each pixel by `min(|field| + 0.1, 1)`, smoothed by [1 2 1]/4 on each axis. The
/// factor is Youden's J, 0 to 1.
pub(crate) fn colour_evidence(lab: &[[u8; 3]], field: &[f32]) -> Vec<f32> {
    let cells: Vec<u16> = lab.iter().map(|&colour| cell(colour)).collect();
    let (mut inside, mut outside) = (vec![0.0f32; CELLS], vec![0.0f32; CELLS]);
    for (&cell, &value) in cells.iter().zip(field) {
        let histogram = if value >= 0.0 { &mut inside } else { &mut outside };
        histogram[usize::from(cell)] += (value.abs() + 0.1).min(1.0);
    }
    let (inside, outside) = (shares(inside), shares(outside));
    let ratio = |(inside, outside): (&f32, &f32)| (inside / outside).ln().clamp(-LARGEST, LARGEST);
    let ratios: Vec<f32> = inside.iter().zip(&outside).map(ratio).collect();
    let mut evidence: Vec<f32> = cells.into_iter().map(|cell| ratios[usize::from(cell)]).collect();
    let agreement = agreement(&evidence, field);
    evidence.iter_mut().for_each(|value| *value *= agreement);
    evidence
}

/// Youden's J of the evidence's signs against the field's, each pixel by `|field|`; at least 0.
fn agreement(evidence: &[f32], field: &[f32]) -> f32 {
    let share_told = |is_inside: bool| {
        let (mut told, mut all) = (0.0, 0.0);
        for (&evidence, &field) in
            evidence.iter().zip(field).filter(|(_, field)| (**field >= 0.0) == is_inside)
        {
            all += field.abs();
            told += if (evidence > 0.0) == is_inside { field.abs() } else { 0.0 };
        }
        if all > 0.0 { told / all } else { 0.0 }
    };
    (share_told(true) + share_told(false) - 1.0).max(0.0)
}

fn cell(colour: [u8; 3]) -> u16 {
    colour.iter().fold(0, |cell, &value| cell * BINS as u16 + u16::from(value) * BINS as u16 / 256)
}

/// A histogram smoothed, as shares; no cell is empty.
fn shares(mut histogram: Vec<f32>) -> Vec<f32> {
    for stride in [BINS * BINS, BINS, 1] {
        let before = histogram.clone();
        for (index, value) in histogram.iter_mut().enumerate() {
            let place = index / stride % BINS;
            let lower = if place > 0 { index - stride } else { index };
            let upper = if place + 1 < BINS { index + stride } else { index };
            *value = 0.25 * before[lower] + 0.5 * before[index] + 0.25 * before[upper];
        }
    }
    let sum = histogram.iter().sum::<f32>() + 1e-6;
    histogram.into_iter().map(|value| value / sum + 1e-4).collect()
}

#[cfg(test)]
mod tests {
    use super::colour_evidence;

    #[test]
    fn a_colour_of_the_object_speaks_for_it_wherever_it_is() {
        let (red, blue) = ([120u8, 200, 180], [90u8, 140, 60]);
        let lab = [red, red, red, blue, blue, blue, red];
        let field = [1.0, 1.0, 0.5, -1.0, -1.0, -0.2, -0.1];
        let evidence = colour_evidence(&lab, &field);
        assert!(evidence[6] > 0.5, "a red pixel outside: {evidence:?}");
        assert!(evidence[3] < -0.5, "a blue one: {evidence:?}");
        assert!(evidence.iter().all(|value| value.abs() <= 2.0));
    }

    #[test]
    fn colours_on_both_sides_are_worth_less() {
        let (red, blue) = ([120u8, 200, 180], [90u8, 140, 60]);
        let field = [1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0];
        let told = colour_evidence(&[red, red, red, red, blue, blue, blue, blue], &field);
        let mixed = colour_evidence(&[red, red, red, blue, red, blue, blue, blue], &field);
        // Three of four on each side: J is a half. The ratio itself falls from beyond 2 to ln 3 at most.
        assert!((told[0] - 2.0).abs() < 1e-6, "{told:?}");
        assert!(mixed[0] > 0.0 && mixed[0] < 0.5 * 3.0f32.ln() + 1e-3, "{mixed:?}");
    }

    #[test]
    fn one_colour_says_nothing() {
        let evidence = colour_evidence(&[[128; 3]; 8], &[1.0, 1.0, 1.0, 1.0, -1.0, -1.0, -1.0, -1.0]);
        assert!(evidence.iter().all(|value| value.abs() < 1e-6), "{evidence:?}");
    }
}
