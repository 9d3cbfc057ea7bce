//! The document: edits in, snapshots out.

use std::rc::Rc;

use serde::Serialize;

use crate::history::History;
use crate::state::State;
use crate::{PhotoRef, Point, Result};

/// The photo that is open and the points on it. Every edit can be undone, without end.
#[derive(Clone, Debug, Default)]
pub struct Document {
    history: History,
}

/// What a view shows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot<'a> {
    /// The photo, once there is one.
    pub photo: Option<&'a PhotoRef>,
    /// In the order of their clicks.
    pub points: &'a [Point],
    /// Whether there is a state before this one.
    pub can_undo: bool,
    /// Whether something was undone and nothing done since.
    pub can_redo: bool,
    /// Rises with every change of photo or points, undo and redo among them: no two states shown have the same.
    pub revision: u64,
}

impl Document {
    /// Without a photo.
    pub fn new() -> Self {
        Self::default()
    }

    /// The state now.
    pub fn snapshot(&self) -> Snapshot<'_> {
        let State { photo, points } = self.history.now();
        Snapshot {
            photo: photo.as_deref(),
            points,
            can_undo: self.history.can_undo(),
            can_redo: self.history.can_redo(),
            revision: self.history.revision(),
        }
    }

    /// Opens a photo, without points. Undone, the former photo and its points are back; the first one is where it begins.
    pub fn open_photo(&mut self, photo: PhotoRef) {
        self.history.go_on(State { photo: Some(Rc::new(photo)), points: Vec::new() });
    }

    /// Adds a point behind the others, or in place of the one on its pixel. A size beside the range is clamped into it.
    ///
    /// # Errors
    /// When there is no photo, the point lies outside it, or its size is no number.
    pub fn add_point(&mut self, point: Point) -> Result<()> {
        let state = self.history.now().with_point(point)?;
        self.history.go_on(state);
        Ok(())
    }

    /// Moves a point, which keeps its label and size. Another point on that pixel is gone then.
    ///
    /// # Errors
    /// When there is no such point, or the new place lies outside the photo.
    pub fn move_point(&mut self, index: usize, x: u32, y: u32) -> Result<()> {
        let state = self.history.now().with_moved(index, x, y)?;
        self.history.go_on(state);
        Ok(())
    }

    /// Gives a point a size, a share of the photo that is clamped into the range; or gives it back to the engine to choose.
    ///
    /// # Errors
    /// When there is no such point, or the size is no number.
    pub fn resize_point(&mut self, index: usize, size: Option<f32>) -> Result<()> {
        let state = self.history.now().with_resized(index, size)?;
        self.history.go_on(state);
        Ok(())
    }

    /// Takes a point away.
    ///
    /// # Errors
    /// When there is no such point.
    pub fn remove_point(&mut self, index: usize) -> Result<()> {
        let state = self.history.now().without_point(index)?;
        self.history.go_on(state);
        Ok(())
    }

    /// Takes all points away.
    pub fn clear(&mut self) {
        let photo = self.history.now().photo.clone();
        self.history.go_on(State { photo, points: Vec::new() });
    }

    /// Takes the last edit back. Whether there was one.
    pub fn undo(&mut self) -> bool {
        self.history.undo()
    }

    /// Makes the edit that was undone last again. Whether there was one.
    pub fn redo(&mut self) -> bool {
        self.history.redo()
    }
}
