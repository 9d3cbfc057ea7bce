//! What each edit does, by example.

use maskov_document::{Document, DocumentError, LARGEST_SIZE, PhotoRef, Point, SMALLEST_SIZE};

fn photo(id: u32) -> PhotoRef {
    PhotoRef { id, name: format!("{id}.jpg"), width: 40, height: 30 }
}

fn point(x: u32, y: u32, foreground: bool) -> Point {
    Point::new(x, y, foreground)
}

fn sized(x: u32, y: u32, size: f32) -> Point {
    Point { size: Some(size), ..point(x, y, true) }
}

fn opened() -> Document {
    let mut document = Document::new();
    document.open_photo(photo(1));
    document
}

#[test]
fn a_new_document_is_empty_and_refuses_points() {
    let mut document = Document::new();
    let snapshot = document.snapshot();
    assert_eq!((snapshot.photo, snapshot.points, snapshot.revision), (None, &[][..], 0));
    assert!(!snapshot.can_undo && !snapshot.can_redo);
    assert_eq!(document.add_point(point(0, 0, true)), Err(DocumentError::NoPhoto));
    assert_eq!(document.remove_point(0), Err(DocumentError::NoSuchPoint { index: 0, points: 0 }));
    document.clear();
    assert!(!document.undo() && !document.redo());
    assert_eq!(document.snapshot().revision, 0, "nothing has changed");
}

#[test]
fn a_point_on_the_pixel_of_another_takes_its_place() {
    let mut document = opened();
    for added in [point(1, 1, true), point(2, 2, true), point(1, 1, false)] {
        document.add_point(added).unwrap();
    }
    assert_eq!(document.snapshot().points, [point(1, 1, false), point(2, 2, true)]);
    assert!(document.undo());
    assert_eq!(document.snapshot().points, [point(1, 1, true), point(2, 2, true)]);
}

#[test]
fn a_moved_point_keeps_its_label_and_replaces_what_it_lands_on() {
    let mut document = opened();
    for added in [point(1, 1, true), point(2, 2, false), point(3, 3, true)] {
        document.add_point(added).unwrap();
    }
    document.move_point(1, 9, 8).unwrap();
    assert_eq!(document.snapshot().points, [point(1, 1, true), point(9, 8, false), point(3, 3, true)]);
    document.move_point(1, 1, 1).unwrap();
    assert_eq!(document.snapshot().points, [point(1, 1, false), point(3, 3, true)]);
    document.move_point(0, 3, 3).unwrap();
    assert_eq!(document.snapshot().points, [point(3, 3, false)]);
}

#[test]
fn what_cannot_be_done_is_refused_and_changes_nothing() {
    let mut document = opened();
    document.add_point(point(5, 5, true)).unwrap();
    let before = document.clone();
    let outside = |x, y| Err(DocumentError::PointOutside { x, y, width: 40, height: 30 });
    assert_eq!(document.add_point(point(40, 0, true)), outside(40, 0));
    assert_eq!(document.move_point(0, 0, 30), outside(0, 30));
    let missing = DocumentError::NoSuchPoint { index: 1, points: 1 };
    assert_eq!(document.move_point(1, 0, 0), Err(missing));
    assert_eq!(document.remove_point(1), Err(missing));
    assert_eq!(document.snapshot(), before.snapshot());
    let errors = [DocumentError::NoPhoto, missing, outside(1, 1).unwrap_err(), DocumentError::SizeNotANumber];
    assert_eq!(errors.map(DocumentError::code), ["no-image", "no-such-point", "point-outside", "bad-size"]);
}

#[test]
fn an_edit_that_changes_nothing_leaves_history_alone() {
    let mut document = opened();
    document.clear();
    document.open_photo(photo(1));
    document.add_point(point(5, 5, true)).unwrap();
    document.undo();
    let before = document.clone();
    document.clear();
    document.open_photo(photo(1));
    assert_eq!(document.snapshot(), before.snapshot(), "what was undone can be redone still");
    document.redo();
    document.add_point(point(5, 5, true)).unwrap();
    document.move_point(0, 5, 5).unwrap();
    document.undo();
    assert_eq!(document.snapshot().points, []);
    assert!(!document.undo(), "one edit in all: the first photo is where it begins");
}

#[test]
fn undoing_the_opening_of_a_photo_brings_the_former_one_and_its_points_back() {
    let mut document = opened();
    document.add_point(point(5, 5, true)).unwrap();
    document.open_photo(photo(2));
    assert_eq!(document.snapshot().points, []);
    document.undo();
    let snapshot = document.snapshot();
    assert_eq!((snapshot.photo, snapshot.points), (Some(&photo(1)), &[point(5, 5, true)][..]));
    document.redo();
    assert_eq!(document.snapshot().photo, Some(&photo(2)));
}

#[test]
fn a_point_has_the_size_it_was_given_until_it_is_automatic_again() {
    let mut document = opened();
    document.add_point(sized(1, 1, 0.25)).unwrap();
    document.add_point(point(2, 2, true)).unwrap();
    document.resize_point(1, Some(0.125)).unwrap();
    assert_eq!(document.snapshot().points, [sized(1, 1, 0.25), sized(2, 2, 0.125)]);
    document.resize_point(0, None).unwrap();
    assert_eq!(document.snapshot().points, [point(1, 1, true), sized(2, 2, 0.125)]);
    document.undo();
    document.undo();
    assert_eq!(document.snapshot().points, [sized(1, 1, 0.25), point(2, 2, true)], "a size is one step");
    document.resize_point(0, Some(0.25)).unwrap();
    assert!(document.snapshot().can_redo, "the same size again is no edit");
}

#[test]
fn a_moved_point_keeps_its_size_and_a_replaced_one_takes_that_of_the_new() {
    let mut document = opened();
    document.add_point(sized(1, 1, 0.25)).unwrap();
    document.move_point(0, 7, 8).unwrap();
    assert_eq!(document.snapshot().points, [sized(7, 8, 0.25)]);
    document.add_point(Point { foreground: false, ..sized(7, 8, 0.5) }).unwrap();
    assert_eq!(document.snapshot().points, [Point { foreground: false, ..sized(7, 8, 0.5) }]);
    document.add_point(point(7, 8, true)).unwrap();
    assert_eq!(document.snapshot().points, [point(7, 8, true)]);
    document.add_point(sized(2, 2, 0.125)).unwrap();
    document.move_point(1, 7, 8).unwrap();
    assert_eq!(document.snapshot().points, [sized(7, 8, 0.125)], "what lands brings its own size");
}

#[test]
fn a_size_beside_its_range_is_the_nearer_end_and_no_number_is_refused() {
    let mut document = opened();
    document.add_point(sized(1, 1, 7.0)).unwrap();
    assert_eq!(document.snapshot().points, [sized(1, 1, LARGEST_SIZE)]);
    for size in [0.0, -1.0, f32::NEG_INFINITY] {
        document.resize_point(0, Some(size)).unwrap();
        assert_eq!(document.snapshot().points, [sized(1, 1, SMALLEST_SIZE)]);
    }
    document.resize_point(0, Some(f32::INFINITY)).unwrap();
    assert_eq!(document.snapshot().points, [sized(1, 1, LARGEST_SIZE)]);
    let before = document.clone();
    assert_eq!(document.resize_point(0, Some(f32::NAN)), Err(DocumentError::SizeNotANumber));
    assert_eq!(document.add_point(sized(1, 1, f32::NAN)), Err(DocumentError::SizeNotANumber));
    assert_eq!(document.resize_point(1, None), Err(DocumentError::NoSuchPoint { index: 1, points: 1 }));
    assert_eq!(document.snapshot(), before.snapshot());
    assert!(DocumentError::SizeNotANumber.to_string().contains("0.001 to 0.9"));
}
