//! The stages between what the page wants and what is there, each of which is a job.

use std::ops::ControlFlow;
use std::rc::Rc;

use maskov_engine::{
    Device, DeviceChoice, Engine, EngineError, Mask, Observer, Photo, PromptPoint, Session, Step,
};
use maskov_weights::LocalFuture;
use web_time::Instant;

use crate::breath::Breath;
use crate::error::PageError;
use crate::fetch_source::open_pack;
use crate::message::{self, DeviceWish, Event, ModelRequest, PointsRequest, Saved, Stage};
use crate::outline::Outline;
use crate::session::{Desk, OpenPhoto, Wish, Wishes};

/// How often the driver may restart before somebody is asked.
const MAX_RECOVERIES: u32 = 2;

/// What the engine calls an adapter without a name.
const UNNAMED: &str = "unnamed adapter";

/// What is there already.
#[derive(Default)]
pub(crate) struct Done {
    /// Number of the model's wish.
    model: u32,
    engine: Option<Engine>,
    encoded: Option<(u32, Session)>,
    made: Option<Made>,
    /// Restarts of the driver since the last mask.
    recoveries: u32,
}

/// A mask and what it was made of.
struct Made {
    photo: u32,
    revision: u32,
    mask: Option<Mask>,
}

/// The next thing to do.
pub(crate) enum Job {
    Load(Wish<ModelRequest>),
    Encode(OpenPhoto),
    Segment(PointsRequest),
    Save(OpenPhoto, Saved),
}

impl Job {
    /// The first thing that is wanted and not there, if there is one.
    pub fn next(wishes: &Wishes, done: &Done) -> Option<Self> {
        let model = wishes.model.as_ref()?;
        if done.model != model.number || done.engine.is_none() {
            return Some(Self::Load(model.clone()));
        }
        let open = wishes.photo.as_ref()?;
        if done.encoded.as_ref().is_none_or(|(photo, _)| *photo != open.id) {
            return Some(Self::Encode(open.clone()));
        }
        let points = wishes.points.as_ref().filter(|points| points.photo == open.id)?;
        let is_made = |made: &Made| made.photo == points.photo && made.revision == points.revision;
        if !done.made.as_ref().is_some_and(is_made) {
            return Some(Self::Segment(points.clone()));
        }
        Some(Self::Save(open.clone(), *wishes.saves.first()?))
    }

    /// The photo that the job is about, if it is about one.
    pub fn photo(&self) -> Option<u32> {
        match self {
            Self::Load(_) => None,
            Self::Encode(open) | Self::Save(open, _) => Some(open.id),
            Self::Segment(points) => Some(points.photo),
        }
    }

    pub async fn run(&self, desk: &Rc<Desk>, done: &mut Done) -> Result<(), PageError> {
        let start = Instant::now();
        let result = match self {
            Self::Load(wish) => load(desk, done, wish).await,
            Self::Encode(open) => encode(desk, done, open, start).await,
            Self::Segment(points) => segment(desk, done, points, start).await,
            Self::Save(open, what) => return save(desk, done, open, *what, start),
        };
        match result {
            Err(Failure::Engine(error)) => fall_back(desk, done, error).await,
            Err(Failure::Page(error)) => Err(error),
            Ok(()) => Ok(()),
        }
    }
}

/// An engine's error may have a way round; any other goes to the page.
enum Failure {
    Engine(EngineError),
    Page(PageError),
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        Self::Engine(error)
    }
}

impl From<maskov_weights::WeightsError> for Failure {
    fn from(error: maskov_weights::WeightsError) -> Self {
        Self::Page(error.into())
    }
}

impl Done {
    /// After the driver restarted: everything is to be done again, unless that happened too often.
    pub fn recover(&mut self) -> bool {
        (self.engine, self.encoded, self.made) = (None, None, None);
        self.recoveries += 1;
        self.recoveries <= MAX_RECOVERIES
    }
}

async fn load(desk: &Rc<Desk>, done: &mut Done, wish: &Wish<ModelRequest>) -> Result<(), Failure> {
    // The old model's memory first: two at once may not fit.
    (done.engine, done.encoded, done.made) = (None, None, None);
    done.model = wish.number;
    work(desk, Stage::Loading, 0.0, 0.0);
    let progress = {
        let desk = desk.clone();
        move |bytes, total| work(&desk, Stage::Loading, bytes as f64, total as f64)
    };
    let ModelRequest { url, device, resolution, fresh } = &wish.wanted;
    let pack = Rc::new(open_pack(url, *fresh, progress).await?);
    let choice = match device {
        DeviceWish::Auto => DeviceChoice::Auto,
        DeviceWish::Gpu => DeviceChoice::Gpu,
        DeviceWish::Cpu => DeviceChoice::Cpu,
    };
    let is_outdated =
        || desk.wishes.borrow().model.as_ref().is_some_and(|newest| newest.number != wish.number);
    let mut watcher = Watcher { desk, stage: None, is_outdated: &is_outdated, breath: Breath::new() };
    let engine = Engine::open(pack.clone(), choice, *resolution, &mut watcher).await?;
    pack.release();
    tell_device(desk, &engine);
    done.engine = Some(engine);
    Ok(())
}

async fn encode(desk: &Rc<Desk>, done: &mut Done, open: &OpenPhoto, start: Instant) -> Result<(), Failure> {
    let Some(engine) = &mut done.engine else { return Ok(()) };
    // The old photo's maps and weights first.
    (done.encoded, done.made) = (None, None);
    work(desk, Stage::Encoding, 0.0, 0.0);
    let is_outdated = || {
        let wishes = desk.wishes.borrow();
        wishes.photo.as_ref().is_some_and(|newest| newest.id != open.id)
    };
    let photo = Photo::new(open.photo.width(), open.photo.height(), open.photo.rgb().into_owned())
        .map_err(EngineError::from)?;
    let mut watcher =
        Watcher { desk, stage: Some(Stage::Encoding), is_outdated: &is_outdated, breath: Breath::new() };
    let was_gpu = engine.device().is_gpu();
    let session = engine.encode(photo, None, &mut watcher, &is_outdated).await?;
    if engine.device().is_gpu() != was_gpu {
        tell_device(desk, engine);
    }
    let resolution = engine.network().resolution();
    desk.tell(&Event::Encoded { photo: open.id, milliseconds: since(start), resolution });
    done.encoded = Some((open.id, session));
    Ok(())
}

async fn segment(
    desk: &Rc<Desk>,
    done: &mut Done,
    request: &PointsRequest,
    start: Instant,
) -> Result<(), Failure> {
    let Some((_, session)) = &mut done.encoded else { return Ok(()) };
    let &PointsRequest { photo, revision, ref points } = request;
    work(desk, Stage::Segmenting, 0.0, 0.0);
    let point =
        |point: &message::PagePoint| PromptPoint { x: point.x, y: point.y, foreground: point.foreground };
    session.set_points(&points.iter().map(point).collect::<Vec<_>>())?;
    let is_outdated = || {
        let wishes = desk.wishes.borrow();
        let newest = wishes.points.as_ref();
        newest.is_some_and(|newest| (newest.photo, newest.revision) != (photo, revision))
    };
    let mask = match points.is_empty() {
        true => None,
        false => Some(session.mask(&is_outdated).await?.mask),
    };
    let outline = mask.as_ref().map_or_else(Outline::default, |mask| {
        Outline::of(&mask.pixels, mask.width as usize, mask.height as usize)
    });
    desk.tell(&Event::Mask {
        photo,
        revision,
        milliseconds: since(start),
        vertices: outline.vertices.as_slice().into(),
        rings: outline.rings.as_slice().into(),
    });
    done.made = Some(Made { photo, revision, mask });
    done.recoveries = 0;
    Ok(())
}

fn save(desk: &Desk, done: &Done, open: &OpenPhoto, what: Saved, start: Instant) -> Result<(), PageError> {
    desk.wishes.borrow_mut().saves.remove(0);
    let Some(Made { mask: Some(mask), .. }) = &done.made else { return Ok(()) };
    work(desk, Stage::Saving, 0.0, 0.0);
    let png = match what {
        Saved::Mask => maskov_export::mask_png(&mask.pixels, mask.width, mask.height)?,
        Saved::Cutout => maskov_export::cutout_png(&open.photo, &mask.pixels)?,
    };
    desk.tell(&Event::Saved { what, png, milliseconds: since(start) });
    Ok(())
}

/// After an error of the device the engine may go on on the CPU; what was there is then done again.
async fn fall_back(desk: &Rc<Desk>, done: &mut Done, error: EngineError) -> Result<(), PageError> {
    let never = || false;
    let mut watcher = Watcher { desk, stage: None, is_outdated: &never, breath: Breath::new() };
    // A driver that restarted is worth another try before the CPU is.
    if error.code() != "device-lost"
        && let Some(engine) = &mut done.engine
        && engine.fall_back(&error, &mut watcher).await?
    {
        tell_device(desk, engine);
        (done.encoded, done.made) = (None, None);
        return Ok(());
    }
    Err(error.into())
}

/// Tells the page how far the work is, and lets newer wishes in.
struct Watcher<'a> {
    desk: &'a Rc<Desk>,
    /// Whose steps the page is told; none where something else tells better.
    stage: Option<Stage>,
    is_outdated: &'a dyn Fn() -> bool,
    breath: Breath,
}

impl Observer for Watcher<'_> {
    fn before<'a>(&'a mut self, step: Step<'a>) -> LocalFuture<'a, ControlFlow<()>> {
        Box::pin(async move {
            if self.breath.is_due() {
                if let Some(stage) = self.stage {
                    work(self.desk, stage, (step.index + 1) as f64, step.count as f64);
                }
                self.breath.take().await;
            }
            if (self.is_outdated)() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
    }
}

fn work(desk: &Desk, stage: Stage, done: f64, total: f64) {
    desk.tell(&Event::Work { stage, done, total });
}

fn tell_device(desk: &Desk, engine: &Engine) {
    let (kind, name) = match engine.device() {
        Device::Gpu(gpu) => ("gpu", adapter_name(&gpu.caps().name, &gpu.caps().driver)),
        Device::Cpu => ("cpu", "CPU".to_owned()),
    };
    let device = message::Device { kind, name, reason: engine.note().map(str::to_owned) };
    desk.tell(&Event::Device { device });
}

/// What to call an adapter. Browsers hide its name mostly and tell only who made it, as the driver's first word.
fn adapter_name(name: &str, driver: &str) -> String {
    if name != UNNAMED {
        return name.to_owned();
    }
    match driver.split(' ').next().unwrap_or_default() {
        "" => "graphics card".to_owned(),
        maker @ ("amd" | "nvidia") => format!("{} graphics", maker.to_uppercase()),
        maker => {
            let (first, rest) = maker.split_at(maker.chars().next().map_or(0, char::len_utf8));
            format!("{}{rest} graphics", first.to_uppercase())
        }
    }
}

fn since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}
