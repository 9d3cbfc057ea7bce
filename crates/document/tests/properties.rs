//! What holds after any sequence of edits.

use std::collections::HashSet;

use maskov_document::{Document, LARGEST_SIZE, PhotoRef, Point, SMALLEST_SIZE};
use proptest::prelude::*;

/// An edit, sensible or not.
#[derive(Clone, Debug)]
enum Edit {
    Open { id: u32, width: u32, height: u32 },
    Add(Point),
    Move { index: usize, x: u32, y: u32 },
    Resize { index: usize, size: Option<f32> },
    Remove(usize),
    Clear,
}

/// A step of somebody at work: undo and redo in the middle of edits.
#[derive(Clone, Debug)]
enum Step {
    Edit(Edit),
    Undo,
    Redo,
}

/// No size, and sizes inside the range, beside it and at no place at all.
fn size() -> impl Strategy<Value = Option<f32>> {
    prop_oneof![
        3 => Just(None),
        3 => (0.0..1.0f32).prop_map(Some),
        1 => prop::num::f32::ANY.prop_map(Some),
        1 => Just(Some(f32::NAN)),
    ]
}

/// Photos are small, so that points meet, and places go past their edges.
fn edit() -> impl Strategy<Value = Edit> {
    let place = || (0..9u32, 0..9u32);
    let point = (place(), any::<bool>(), size()).prop_map(|((x, y), foreground, size)| Point {
        x,
        y,
        foreground,
        size,
    });
    prop_oneof![
        1 => (0..3u32, 0..9u32, 0..9u32).prop_map(|(id, width, height)| Edit::Open { id, width, height }),
        6 => point.prop_map(Edit::Add),
        4 => (0..6usize, place()).prop_map(|(index, (x, y))| Edit::Move { index, x, y }),
        3 => (0..6usize, size()).prop_map(|(index, size)| Edit::Resize { index, size }),
        2 => (0..6usize).prop_map(Edit::Remove),
        1 => Just(Edit::Clear),
    ]
}

fn edits() -> impl Strategy<Value = Vec<Edit>> {
    prop::collection::vec(edit(), 0..40)
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![3 => edit().prop_map(Step::Edit), 1 => Just(Step::Undo), 1 => Just(Step::Redo)];
    prop::collection::vec(step, 0..60)
}

/// Whether the edit was taken.
fn apply(document: &mut Document, edit: &Edit) -> bool {
    match *edit {
        Edit::Open { id, width, height } => {
            document.open_photo(PhotoRef { id, name: format!("{id}.jpg"), width, height });
            true
        }
        Edit::Add(point) => document.add_point(point).is_ok(),
        Edit::Move { index, x, y } => document.move_point(index, x, y).is_ok(),
        Edit::Resize { index, size } => document.resize_point(index, size).is_ok(),
        Edit::Remove(index) => document.remove_point(index).is_ok(),
        Edit::Clear => {
            document.clear();
            true
        }
    }
}

fn take(document: &mut Document, step: &Step) {
    match step {
        Step::Edit(edit) => {
            apply(document, edit);
        }
        Step::Undo => {
            document.undo();
        }
        Step::Redo => {
            document.redo();
        }
    }
}

/// Photo and points.
type State = (Option<PhotoRef>, Vec<Point>);

fn state(document: &Document) -> State {
    let snapshot = document.snapshot();
    (snapshot.photo.cloned(), snapshot.points.to_vec())
}

fn undo_all(document: &mut Document) -> usize {
    std::iter::from_fn(|| document.undo().then_some(())).count()
}

fn redo_all(document: &mut Document) -> usize {
    std::iter::from_fn(|| document.redo().then_some(())).count()
}

proptest! {
    #[test]
    fn all_undone_is_the_start_and_all_redone_the_end(before in edits(), edits in edits()) {
        let mut document = Document::new();
        before.iter().for_each(|edit| { apply(&mut document, edit); });
        let start = state(&document);
        let mut states = vec![start];
        for edit in &edits {
            apply(&mut document, edit);
            if states.last() != Some(&state(&document)) {
                states.push(state(&document));
            }
        }
        // The first photo is where it begins.
        if states.len() > 1 && states[0].0.is_none() {
            states.remove(0);
        }
        for expected in states.iter().rev() {
            prop_assert_eq!(&state(&document), expected);
            document.undo();
        }
        undo_all(&mut document);
        prop_assert_eq!(state(&document).1, Vec::new(), "a photo begins without points");
        redo_all(&mut document);
        prop_assert_eq!(Some(&state(&document)), states.last());
        prop_assert_eq!(document.snapshot().can_redo, false);
    }

    #[test]
    fn an_edit_after_an_undo_drops_what_was_undone(edits in edits(), undos in 1..10usize, edit in edit()) {
        let mut document = Document::new();
        edits.iter().for_each(|edit| { apply(&mut document, edit); });
        (0..undos).for_each(|_| { document.undo(); });
        let before = document.clone();
        apply(&mut document, &edit);
        if state(&document) == state(&before) {
            prop_assert_eq!(document.snapshot(), before.snapshot());
        } else {
            prop_assert!(!document.redo());
            let has_undone = document.undo();
            prop_assert_eq!(has_undone, state(&before).0.is_some(), "the first photo is where it begins");
            prop_assert!(!has_undone || state(&document) == state(&before));
        }
    }

    #[test]
    fn points_lie_inside_the_photo_and_never_share_a_pixel(steps in steps()) {
        let mut document = Document::new();
        for step in &steps {
            take(&mut document, step);
            let snapshot = document.snapshot();
            let (width, height) = snapshot.photo.map_or((0, 0), |photo| (photo.width, photo.height));
            let pixels: HashSet<_> = snapshot.points.iter().map(|point| (point.x, point.y)).collect();
            prop_assert_eq!(pixels.len(), snapshot.points.len());
            prop_assert!(pixels.iter().all(|&(x, y)| x < width && y < height));
        }
    }

    #[test]
    fn sizes_are_within_their_range(steps in steps()) {
        let mut document = Document::new();
        for step in &steps {
            take(&mut document, step);
            let range = SMALLEST_SIZE..=LARGEST_SIZE;
            let mut sizes = document.snapshot().points.iter().filter_map(|point| point.size);
            prop_assert!(sizes.all(|size| range.contains(&size)));
        }
    }

    #[test]
    fn a_size_changes_nothing_else(steps in steps(), index in 0..6usize, size in size()) {
        let mut document = Document::new();
        steps.iter().for_each(|step| take(&mut document, step));
        let before = state(&document);
        if document.resize_point(index, size).is_ok() {
            let (photo, mut points) = state(&document);
            points[index].size = before.1[index].size;
            prop_assert_eq!((photo, points), before);
        }
    }

    #[test]
    fn the_revision_rises_exactly_when_the_state_changes(steps in steps()) {
        let mut document = Document::new();
        for step in &steps {
            let (before, revision) = (state(&document), document.snapshot().revision);
            take(&mut document, step);
            let changed = state(&document) != before;
            prop_assert_eq!(document.snapshot().revision > revision, changed);
            prop_assert!(document.snapshot().revision >= revision);
        }
    }

    #[test]
    fn a_refused_edit_changes_nothing(steps in steps(), edit in edit()) {
        let mut document = Document::new();
        steps.iter().for_each(|step| take(&mut document, step));
        let before = document.clone();
        if !apply(&mut document, &edit) {
            prop_assert_eq!(document.snapshot(), before.snapshot());
        }
    }

    #[test]
    fn snapshots_say_what_undo_and_redo_will_do(steps in steps()) {
        let mut document = Document::new();
        steps.iter().for_each(|step| take(&mut document, step));
        let (can_undo, can_redo) = (document.snapshot().can_undo, document.snapshot().can_redo);
        prop_assert_eq!(document.clone().undo(), can_undo);
        prop_assert_eq!(document.clone().redo(), can_redo);
    }
}
