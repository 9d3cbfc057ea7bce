//! The worker's side of the page: wishes come in, a loop brings everything up to them, events go out.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use js_sys::Function;
use maskov_photo::{Photo, PhotoError};
use serde::Serialize;
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;
use wasm_bindgen_futures::spawn_local;

use crate::error::PageError;
use crate::message::{Event, ModelRequest, PointsRequest, Request, Saved};
use crate::platform_decode;
use crate::work::{Done, Job};

/// The engine as the worker has it. Every request is a wish; of each kind the newest counts, and work for an older one
/// stops.
#[wasm_bindgen]
pub struct Session {
    desk: Rc<Desk>,
}

/// What the page wants, and the way to tell it something.
pub(crate) struct Desk {
    tell: Function,
    pub wishes: RefCell<Wishes>,
    /// What is there already. The loop holds it while it runs.
    done: Cell<Done>,
    is_busy: Cell<bool>,
    /// After an error nothing is tried again before the page asks for something.
    is_stuck: Cell<bool>,
}

#[derive(Default)]
pub(crate) struct Wishes {
    pub model: Option<Wish<ModelRequest>>,
    /// The newest number that the page has given to a photo.
    asked_photo: u32,
    pub photo: Option<OpenPhoto>,
    pub points: Option<PointsRequest>,
    pub saves: Vec<Saved>,
}

/// A wish with the number that tells it from the one before.
#[derive(Clone)]
pub(crate) struct Wish<T> {
    pub number: u32,
    pub wanted: T,
}

#[derive(Clone)]
pub(crate) struct OpenPhoto {
    pub id: u32,
    pub photo: Rc<Photo>,
}

#[wasm_bindgen]
impl Session {
    /// `tell` is called with every event.
    #[wasm_bindgen(constructor)]
    pub fn new(tell: Function) -> Self {
        let desk = Desk {
            tell,
            wishes: RefCell::default(),
            done: Cell::default(),
            is_busy: Cell::new(false),
            is_stuck: Cell::new(false),
        };
        Self { desk: Rc::new(desk) }
    }

    /// Takes a request. Returns at once; the answers are events.
    pub fn take(&self, request: JsValue) {
        match serde_wasm_bindgen::from_value(request) {
            Ok(request) => self.desk.clone().note(request),
            Err(error) => {
                let message = format!("The page asked for what the engine does not know ({error}).");
                self.desk.tell_error(PageError::new("bad-settings", message), None);
            }
        }
    }
}

impl Desk {
    fn note(self: Rc<Self>, request: Request) {
        let mut wishes = self.wishes.borrow_mut();
        match request {
            Request::Model(wanted) => {
                let number = wishes.model.as_ref().map_or(1, |wish| wish.number + 1);
                wishes.model = Some(Wish { number, wanted });
            }
            Request::Photo { photo, bytes, shown } => {
                wishes.asked_photo = photo;
                spawn_local(self.clone().open_photo(photo, bytes, shown));
                return;
            }
            Request::Points(points) => wishes.points = Some(points),
            Request::Save { what } => wishes.saves.push(what),
        }
        drop(wishes);
        self.go_on();
    }

    async fn open_photo(self: Rc<Self>, id: u32, bytes: Vec<u8>, shown: Option<(u32, u32)>) {
        let decoded = match maskov_photo::decode(&bytes) {
            Err(error @ PhotoError::UnsupportedFormat { .. }) => {
                match platform_decode::decode(&bytes).await {
                    Ok(photo) => photo.ok_or(error),
                    Err(error) => Err(error),
                }
            }
            decoded => decoded,
        };
        drop(bytes);
        if self.wishes.borrow().asked_photo != id {
            return;
        }
        match decoded {
            Ok(photo) => {
                self.tell(&opened(id, &photo, shown));
                self.wishes.borrow_mut().photo = Some(OpenPhoto { id, photo: Rc::new(photo) });
                self.go_on();
            }
            Err(error) => self.tell_error(error.into(), Some(id)),
        }
    }

    fn go_on(self: Rc<Self>) {
        self.is_stuck.set(false);
        if !self.is_busy.replace(true) {
            spawn_local(bring_up_to_date(self));
        }
    }

    fn next_job(&self, done: &Done) -> Option<Job> {
        if self.is_stuck.get() { None } else { Job::next(&self.wishes.borrow(), done) }
    }

    pub fn tell(&self, event: &Event) {
        let message = event.serialize(&serde_wasm_bindgen::Serializer::new());
        // An event is plain values, and the page's callback only posts it: neither fails but by a bug, which must show.
        let sent =
            message.map_err(JsValue::from).and_then(|message| self.tell.call1(&JsValue::NULL, &message));
        if let Err(error) = sent {
            wasm_bindgen::throw_val(error);
        }
    }

    fn tell_error(&self, error: PageError, photo: Option<u32>) {
        self.tell(&Event::Error { code: error.code.to_owned(), message: error.message, photo });
    }
}

fn opened(id: u32, photo: &Photo, shown: Option<(u32, u32)>) -> Event {
    let (width, height) = (photo.width(), photo.height());
    let rgba = (shown != Some((width, height))).then(|| photo.pixels().to_rgba8().into_raw());
    Event::Photo {
        photo: id,
        width,
        height,
        notes: photo.notes().iter().map(ToString::to_string).collect(),
        rgba,
    }
}

/// Does the next thing that is wanted and not there yet, until there is none.
async fn bring_up_to_date(desk: Rc<Desk>) {
    let mut done = desk.done.take();
    while let Some(job) = desk.next_job(&done) {
        if let Err(error) = job.run(&desk, &mut done).await {
            give_up_or_recover(&desk, &mut done, &job, error);
        }
    }
    desk.done.set(done);
    desk.is_busy.set(false);
}

fn give_up_or_recover(desk: &Desk, done: &mut Done, job: &Job, error: PageError) {
    if error.is_cancelled() {
        return;
    }
    if error.code == "device-lost" && done.recover() {
        desk.tell(&Event::Recovering);
        return;
    }
    desk.is_stuck.set(true);
    desk.wishes.borrow_mut().saves.clear();
    desk.tell_error(error, job.photo());
}
