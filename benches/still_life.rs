//! The table of benches/RESULTS.md: `cargo bench -p maskov-benches --bench still_life`.

use std::error::Error;
use std::rc::Rc;

use maskov_engine::{DeviceChoice, Engine};
use maskov_fixtures::repository;
use maskov_tests::sample::RESOLUTION;
use maskov_tests::still_life::{self, CLICKS, mean_after};
use maskov_weights::Pack;
use pollster::block_on;

fn main() -> Result<(), Box<dyn Error>> {
    let sample = still_life::open()?;
    for (device, choice) in [("CPU", DeviceChoice::Cpu), ("GPU", DeviceChoice::Gpu)] {
        let pack = Pack::open_folder(repository("web/models/small-v1"))?;
        let mut engine = block_on(Engine::open(Rc::new(pack), choice, Some(RESOLUTION), &mut ()))?;
        let scores = block_on(still_life::measure(&sample, &mut engine, CLICKS))?;
        println!("{}, R = {}\n", engine.device().name(), RESOLUTION);
        println!("| object | 1 | 2 | 3 | 4 | 5 |\n|---|---|---|---|---|---|");
        for score in &scores {
            let cells: Vec<String> = score.ious.iter().map(|iou| format!("{iou:.3}")).collect();
            println!("| {} | {} |", score.name, cells.join(" | "));
        }
        let means: Vec<String> =
            (1..=CLICKS).map(|clicks| format!("{:.3}", mean_after(&scores, clicks))).collect();
        println!("| **mean** | {} |\n", means.join(" | "));
        println!("Mean IoU after three clicks, {device}: {:.3}\n", mean_after(&scores, 3));
    }
    Ok(())
}
