//! Reads the M2N2 reference files.

pub mod checks;

use maskov_segment::{AttentionMap, MethodSettings, PromptPoint, RgbImage};
use maskov_weights::{MemorySource, SafeTensors};

/// One reference file: inputs and stages by name.
pub struct Golden {
    pub name: String,
    file: SafeTensors,
    pub points: Vec<PromptPoint>,
    pub resolution: usize,
    pub width: u32,
    pub height: u32,
}

/// The files of the repository, in the program itself so that a browser has them too.
const OWN: [(&str, &[u8]); 3] = [
    ("synthetic_24", include_bytes!("../../../../tests/fixtures/m2n2/synthetic_24.safetensors")),
    ("synthetic_16_tall", include_bytes!("../../../../tests/fixtures/m2n2/synthetic_16_tall.safetensors")),
    ("uniform_8", include_bytes!("../../../../tests/fixtures/m2n2/uniform_8.safetensors")),
];

/// Files in the repository, and the one beside it (a third-party photo) where it is there.
pub fn goldens() -> Vec<Golden> {
    let mut goldens: Vec<Golden> = OWN.map(|(name, bytes)| Golden::open(name, bytes.to_vec())).into();
    // A browser has no file system.
    let photo =
        cfg!(not(target_arch = "wasm32")).then(|| maskov_fixtures::shared("reference/photo_32.safetensors"));
    if let Some(photo) = photo.flatten() {
        goldens.push(Golden::open("photo_32", std::fs::read(photo).unwrap()));
    }
    goldens
}

impl Golden {
    pub fn open(name: &str, bytes: Vec<u8>) -> Self {
        let source = MemorySource::new(name, bytes);
        let file = pollster::block_on(SafeTensors::open(Box::new(source))).unwrap();
        let metadata = |key: &str| file.metadata().get(key).unwrap_or_else(|| panic!("no metadata {key}"));
        let at: Vec<[u32; 2]> = serde_json::from_str(metadata("points_xy")).unwrap();
        let labels: Vec<bool> = serde_json::from_str(metadata("labels")).unwrap();
        assert_eq!(at.len(), labels.len());
        let points =
            at.iter().zip(labels).map(|(&[x, y], foreground)| PromptPoint::new(x, y, foreground)).collect();
        let tokens = file.tensor("attention").unwrap().shape[0];
        let image = &file.tensor("image").unwrap().shape;
        let (height, width) = (image[0] as u32, image[1] as u32);
        Self { name: name.to_owned(), points, resolution: tokens.isqrt(), width, height, file }
    }

    pub fn f32(&self, name: &str) -> Vec<f32> {
        pollster::block_on(self.file.read(name)).unwrap().to_f32().unwrap()
    }

    pub fn u8(&self, name: &str) -> Vec<u8> {
        pollster::block_on(self.file.read(name)).unwrap().to_u8().unwrap()
    }

    pub fn photo(&self) -> RgbImage<'static> {
        RgbImage::new(self.width, self.height, self.u8("image")).unwrap()
    }

    pub fn attention(&self) -> AttentionMap {
        AttentionMap::new(self.resolution, self.f32("attention")).unwrap()
    }

    /// The constants that the file was made with.
    pub fn settings(&self) -> MethodSettings {
        let number = |key: &str| -> f64 { self.file.metadata()[key].parse().unwrap() };
        MethodSettings {
            temperature: number("temperature") as f32,
            ipf_rounds: number("ipf_iterations") as u32,
            relative_probability_threshold: number("relative_probability_threshold") as f32,
            range_sigma: number("jbu_range_sigma") as f32,
            max_segment_area: number("max_segment_area"),
            ..Default::default()
        }
    }
}

/// The largest difference of two slices; NaN anywhere counts as infinite.
pub fn largest_difference(got: &[f32], want: &[f32]) -> f32 {
    assert_eq!(got.len(), want.len(), "lengths differ");
    let difference = |(a, b): (&f32, &f32)| {
        let difference = (a - b).abs();
        if difference.is_nan() { f32::INFINITY } else { difference }
    };
    got.iter().zip(want).map(difference).fold(0.0, f32::max)
}
