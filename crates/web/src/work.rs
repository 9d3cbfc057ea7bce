//! A loaded model and its photo. What was lost with a device is made again, and the work goes on.

use std::rc::Rc;

use maskov_engine::{Engine, EngineError, PointStages, PromptPoint, Segmentation, Session, SizeStop, Stage};
use maskov_photo::Photo;
use maskov_weights::Pack;

use crate::adapter::adapter_name;
use crate::call::{Call, Phase};
use crate::device::{DeviceDescription, Verdict, choose};
use crate::error::Failure;
use crate::model_files::{ModelFiles, Stored};
use crate::options::LoadSettings;

/// How often in a row a lost device is opened again before the caller is asked.
const MAX_LOSSES: u32 = 3;

/// An engine, what it is made of, and the photo that it has.
pub(crate) struct Work {
    engine: Engine,
    files: Rc<ModelFiles>,
    pack: Rc<Pack>,
    /// What to call an adapter that does not name itself.
    adapter: Option<String>,
    /// What came of trying the adapter, where it was tried.
    verdict: Option<Verdict>,
    image: Option<OpenedPhoto>,
    /// Devices lost since a call succeeded.
    losses: u32,
    /// Whether the device is to be opened again before anything else: a recovery ended half way.
    is_down: bool,
}

/// The photo, and what the engine made of it on its present device.
struct OpenedPhoto {
    photo: Rc<Photo>,
    session: Option<Session>,
}

/// What an engine says about itself between calls.
pub(crate) struct Status {
    pub device: DeviceDescription,
    pub resolution: usize,
    pub own_resolution: usize,
    pub stored: Stored,
}

impl Work {
    /// # Errors
    /// Those of the model and, where there is no way round, of the device.
    pub async fn load(settings: &LoadSettings, call: &Rc<Call>) -> Result<Self, Failure> {
        call.tell_phase(Phase::Loading);
        let fresh = settings.fresh.unwrap_or_default();
        let (files, pack) = ModelFiles::open(&settings.model, fresh, call).await?;
        let wish = settings.device.unwrap_or_default();
        let (choice, verdict) = choose(wish, settings.verdict.as_ref(), &*pack).await?;
        let mut engine = Engine::open(pack.clone(), choice, settings.resolution, &mut call.watcher()).await?;
        if let Some(method) = settings.method {
            engine.set_method(method);
        }
        pack.release();
        files.is_loaded();
        let adapter = if engine.device().is_gpu() { adapter_name().await } else { None };
        Ok(Self { engine, files, pack, adapter, verdict, image: None, losses: 0, is_down: false })
    }

    pub fn status(&self) -> Status {
        Status {
            device: DeviceDescription::of(&self.engine, self.adapter.as_ref(), self.verdict.as_ref()),
            resolution: self.engine.network().resolution(),
            own_resolution: self.engine.model().settings().resolution,
            stored: self.files.stored(),
        }
    }

    /// Encodes a photo in place of the one before, and returns the network's milliseconds. After an error, and when the
    /// call was ended, there is no photo.
    ///
    /// # Errors
    /// Those of the network and, where there is no way round, of the device.
    pub async fn set_image(&mut self, photo: Rc<Photo>, call: &Rc<Call>) -> Result<f64, Failure> {
        // The old photo's maps and weights first: two at once may not fit.
        self.image = None;
        self.image = Some(OpenedPhoto { photo, session: None });
        let network_ms = async |session: &mut Session| {
            let times = session.take_times();
            Ok(times.iter().filter(|time| time.stage == Stage::Network).map(|time| time.ms).sum())
        };
        let result = self.solve(call, network_ms).await;
        if result.is_err() || call.is_ended() {
            self.image = None;
        }
        result
    }

    /// The mask of these points and the photo; at the solved size, its edge not refined, for a preview.
    ///
    /// # Errors
    /// `no-image`, `point-outside`; those of the method and, where there is no way round, of the device.
    pub async fn mask(
        &mut self,
        points: &[PromptPoint],
        is_preview: bool,
        call: &Rc<Call>,
    ) -> Result<(Segmentation, Rc<Photo>), Failure> {
        let photo = self.photo()?;
        let segmentation = self.solve(call, async |session| {
            call.tell_phase(Phase::Segmenting);
            session.set_points(points)?;
            let watcher = &mut call.watcher();
            if is_preview { session.preview(watcher).await } else { session.mask(watcher).await }
        });
        Ok((segmentation.await?, photo))
    }

    /// Makes maps in advance, from which previews are blended.
    ///
    /// # Errors
    /// As [`Work::mask`].
    pub async fn prepare_previews(&mut self, call: &Rc<Call>) -> Result<(), Failure> {
        self.photo()?;
        self.solve(call, async |session| session.prepare_previews(&mut call.watcher()).await).await
    }

    /// What one of these points takes at each stop of its size.
    ///
    /// # Errors
    /// As [`Work::mask`].
    pub async fn sizes(
        &mut self,
        points: &[PromptPoint],
        index: usize,
        call: &Rc<Call>,
    ) -> Result<Vec<SizeStop>, Failure> {
        self.photo()?;
        let sizes = self.solve(call, async |session| {
            call.tell_phase(Phase::Segmenting);
            session.set_points(points)?;
            // Of several points on one pixel the session keeps one.
            let place = |point: &PromptPoint| (point.x, point.y);
            let wanted = points.get(index).map(place);
            let index = session.points().iter().position(|point| Some(place(point)) == wanted);
            session.sizes(index.unwrap_or(usize::MAX), &mut call.watcher()).await
        });
        sizes.await
    }

    /// The stages of one point, and width and height of those in pixels.
    ///
    /// # Errors
    /// As [`Work::mask`].
    pub async fn stages(
        &mut self,
        point: PromptPoint,
        call: &Rc<Call>,
    ) -> Result<(PointStages, (u32, u32)), Failure> {
        self.photo()?;
        let stages = self.solve(call, async |session| {
            call.tell_phase(Phase::Segmenting);
            Ok((session.stages(point).await?, session.map_size()))
        });
        stages.await
    }

    fn photo(&self) -> Result<Rc<Photo>, Failure> {
        let image = self.image.as_ref();
        let none = || Failure::new("no-image", "There is no photo yet: call setImage first.");
        image.map(|image| image.photo.clone()).ok_or_else(none)
    }

    /// Does `job` with the photo's session, and does it again where the device failed and there is a way to go on.
    async fn solve<T>(
        &mut self,
        call: &Rc<Call>,
        job: impl AsyncFn(&mut Session) -> Result<T, EngineError>,
    ) -> Result<T, Failure> {
        loop {
            match self.solve_once(call, &job).await {
                Ok(done) => {
                    self.losses = 0;
                    return Ok(done);
                }
                Err(error) => self.recover(error, call).await?,
            }
        }
    }

    async fn solve_once<T>(
        &mut self,
        call: &Rc<Call>,
        job: &impl AsyncFn(&mut Session) -> Result<T, EngineError>,
    ) -> Result<T, EngineError> {
        if self.is_down {
            self.files.start_again(call);
            self.engine.reopen(&mut call.watcher()).await?;
            self.pack.release();
            self.is_down = false;
        }
        let image = self.image.as_mut().expect("whoever solves has asked for the photo");
        let session = match &mut image.session {
            Some(session) => session,
            none => none.insert(encode(&self.engine, &image.photo, call).await?),
        };
        let done = job(session).await;
        // Nobody reads them here, and they would pile up.
        drop(session.take_times());
        done
    }

    /// Prepares another try after an error: on a smaller plan, or on the device opened again.
    ///
    /// # Errors
    /// That error, where another try would not help or there were too many.
    async fn recover(&mut self, error: EngineError, call: &Rc<Call>) -> Result<(), Failure> {
        let mut error = error;
        loop {
            let is_lost = error.code() == "device-lost";
            let has_next_plan = self.engine.next_plan(&error).is_some();
            if !has_next_plan && !is_lost {
                return Err(error.into());
            }
            // Whatever becomes of it: nothing of before is of use.
            self.is_down = true;
            if let Some(image) = &mut self.image {
                image.session = None;
            }
            if is_lost {
                self.losses += 1;
                if self.losses > MAX_LOSSES {
                    // Whoever calls again has been told, and wants to try again.
                    self.losses = 0;
                    return Err(error.into());
                }
                call.tell_phase(Phase::Recovering);
                // It is opened where the work is done again.
                return Ok(());
            }
            if matches!(error.code(), "out-of-memory" | "buffer-too-large") {
                call.tell_phase(Phase::Shrinking);
            }
            self.files.start_again(call);
            match self.engine.fall_back(&error, &mut call.watcher()).await {
                Ok(_) => {
                    self.pack.release();
                    self.is_down = false;
                    return Ok(());
                }
                Err(next) => error = next,
            }
        }
    }
}

impl Drop for Work {
    /// The device's memory goes back now, not when the browser tidies up.
    fn drop(&mut self) {
        if let maskov_engine::Device::Gpu(gpu) = self.engine.device() {
            gpu.destroy();
        }
    }
}

async fn encode(engine: &Engine, photo: &Photo, call: &Call) -> Result<Session, EngineError> {
    call.tell_phase(Phase::Encoding);
    let pixels = maskov_engine::RgbImage::new(photo.width(), photo.height(), photo.rgb().into_owned())?;
    engine.encode_once(pixels, None, &mut call.watcher_of_encoding()).await
}
