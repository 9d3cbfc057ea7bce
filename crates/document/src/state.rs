//! A photo and its points, between two edits.

use std::rc::Rc;

use serde::Serialize;

use crate::{DocumentError, Result};

/// A photo by name and size. The pixels are the page's, which finds them by the id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PhotoRef {
    /// The page's number for it.
    pub id: u32,
    /// Name of the file.
    pub name: String,
    /// Pixels, upright.
    pub width: u32,
    /// Pixels, upright.
    pub height: u32,
}

/// The smallest share of a photo that a point may take, as the engine has it.
pub const SMALLEST_SIZE: f32 = 0.001;
/// The largest share of a photo that a point may take, as the engine has it.
pub const LARGEST_SIZE: f32 = 0.9;

/// A click, in photo pixels.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Column.
    pub x: u32,
    /// Row.
    pub y: u32,
    /// Whether it adds to the object; else it removes.
    pub foreground: bool,
    /// The share of the photo that it takes, [`SMALLEST_SIZE`] to [`LARGEST_SIZE`]; the engine's own choice where absent.
    pub size: Option<f32>,
}

impl Point {
    /// A point whose size is the engine's own choice.
    pub const fn new(x: u32, y: u32, foreground: bool) -> Self {
        Self { x, y, foreground, size: None }
    }

    fn is_at(&self, x: u32, y: u32) -> bool {
        (self.x, self.y) == (x, y)
    }
}

/// Every edit makes a new one from the old one.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct State {
    pub photo: Option<Rc<PhotoRef>>,
    /// In the order of their clicks.
    pub points: Vec<Point>,
}

impl State {
    pub fn with_point(&self, point: Point) -> Result<Self> {
        self.check_inside(point.x, point.y)?;
        let point = Point { size: within_range(point.size)?, ..point };
        let mut state = self.clone();
        match state.points.iter_mut().find(|other| other.is_at(point.x, point.y)) {
            Some(other) => *other = point,
            None => state.points.push(point),
        }
        Ok(state)
    }

    pub fn with_moved(&self, index: usize, x: u32, y: u32) -> Result<Self> {
        let &point = self.point(index)?;
        self.check_inside(x, y)?;
        let mut state = self.clone();
        state.points[index] = Point { x, y, ..point };
        if let Some(other) = (0..self.points.len()).find(|&i| i != index && self.points[i].is_at(x, y)) {
            state.points.remove(other);
        }
        Ok(state)
    }

    pub fn with_resized(&self, index: usize, size: Option<f32>) -> Result<Self> {
        let &point = self.point(index)?;
        let mut state = self.clone();
        state.points[index] = Point { size: within_range(size)?, ..point };
        Ok(state)
    }

    pub fn without_point(&self, index: usize) -> Result<Self> {
        self.point(index)?;
        let mut state = self.clone();
        state.points.remove(index);
        Ok(state)
    }

    fn point(&self, index: usize) -> Result<&Point> {
        let points = self.points.len();
        self.points.get(index).ok_or(DocumentError::NoSuchPoint { index, points })
    }

    fn check_inside(&self, x: u32, y: u32) -> Result<()> {
        let &PhotoRef { width, height, .. } = self.photo.as_deref().ok_or(DocumentError::NoPhoto)?;
        if x < width && y < height {
            Ok(())
        } else {
            Err(DocumentError::PointOutside { x, y, width, height })
        }
    }
}

/// A hand may pull past every edge: a size beside the range is the end that it is nearer to.
fn within_range(size: Option<f32>) -> Result<Option<f32>> {
    match size {
        Some(size) if size.is_nan() => Err(DocumentError::SizeNotANumber),
        size => Ok(size.map(|size| size.clamp(SMALLEST_SIZE, LARGEST_SIZE))),
    }
}
