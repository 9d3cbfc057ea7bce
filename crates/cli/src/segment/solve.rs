//! Photo and points in, masks out.

use std::path::Path;

use anyhow::Result;
use maskov_engine::{
    Attention, Device, Engine, EngineError, Fidelity, Mask, PromptPoint, Session, SizeStop,
    attention_from_file,
};
use maskov_photo::Photo;
use maskov_segment::{AttentionMap, Method, MethodName, MethodSettings};
use maskov_weights::{FileSource, SafeTensors};
use pollster::block_on;

use crate::args::EngineArgs;
use crate::files::pixels;
use crate::model;
use crate::progress::Steps;

/// Where photos become sessions.
pub enum Source {
    Engine(Box<Engine>),
    File(Device, AttentionMap, MethodName),
}

/// What is asked of a photo.
#[derive(Clone, Copy)]
pub enum Wanted {
    /// The mask of the points.
    Mask,
    /// One for each stop of the last point's size, smallest first.
    Sizes,
}

/// A mask, and the stop that it is of where stops are wanted.
pub struct Found {
    pub mask: Mask,
    pub stop: Option<SizeStop>,
}

impl Source {
    /// The model, or the attention map of a file.
    pub fn open(args: &EngineArgs, attention: Option<&Path>) -> Result<Self> {
        let Some(path) = attention else {
            return Ok(Self::Engine(Box::new(model::engine(args)?)));
        };
        let file = block_on(SafeTensors::open(Box::new(FileSource::open(path)?)))?;
        let map = block_on(attention_from_file(&file))?;
        let (device, note) = block_on(Device::open(args.device.into()))?;
        if let Some(note) = note {
            eprintln!("note: {note}");
        }
        Ok(Self::File(device, map, args.method.map_or(MethodName::M2n2, MethodName::from)))
    }

    pub fn device(&self) -> &Device {
        match self {
            Self::Engine(engine) => engine.device(),
            Self::File(device, ..) => device,
        }
    }

    /// The masks of a photo: at least one.
    pub async fn solve(
        &mut self,
        photo: &Photo,
        points: &[PromptPoint],
        wanted: Wanted,
    ) -> Result<Vec<Found>> {
        let engine = match self {
            Self::File(device, map, method) => {
                let attention = Attention::Cpu(map.clone());
                let method = method.of(&Method::M2n2).settings(MethodSettings::default().temperature);
                let fidelity = Fidelity::of(device);
                let photo = pixels(photo)?;
                let mut session = Session::new(device, attention, photo, method, fidelity, &mut ()).await?;
                return Ok(masks(&mut session, points, wanted).await?);
            }
            Self::Engine(engine) => engine,
        };
        let mut steps = Steps::new("reading the photo");
        loop {
            let mut session = engine.encode(pixels(photo)?, None, &mut steps).await?;
            match masks(&mut session, points, wanted).await {
                Err(error) if engine.recover(&error, &mut steps).await? => {
                    eprintln!("note: {}", engine.note().unwrap_or_default());
                }
                masks => return Ok(masks?),
            }
        }
    }
}

async fn masks(
    session: &mut Session,
    points: &[PromptPoint],
    wanted: Wanted,
) -> Result<Vec<Found>, EngineError> {
    session.set_points(points)?;
    if matches!(wanted, Wanted::Mask) {
        let mask = session.mask(&mut ()).await?.mask;
        return Ok(vec![Found { mask, stop: None }]);
    }
    // Of two points at one pixel a session may keep one: its own list tells where the last point is.
    let mut held = session.points().to_vec();
    let is_last =
        |point: &PromptPoint| points.last().is_some_and(|last| (last.x, last.y) == (point.x, point.y));
    let Some(index) = held.iter().rposition(is_last) else {
        return Ok(Vec::new());
    };
    let mut masks = Vec::new();
    for stop in session.sizes(index, &mut ()).await? {
        held[index].size = (!stop.is_automatic).then_some(stop.size);
        session.set_points(&held)?;
        let mask = session.mask(&mut ()).await?.mask;
        masks.push(Found { mask, stop: Some(stop) });
    }
    Ok(masks)
}
