//! What the tests of the engine work on: the shipped pack and our own still life.

use std::rc::Rc;

use maskov_engine::RgbImage;
use maskov_fixtures::repository;
use maskov_weights::Pack;

/// The only folder under web/models.
pub fn pack() -> Rc<Pack> {
    let packs = std::fs::read_dir(repository("web/models")).unwrap();
    let pack = packs.map(|entry| entry.unwrap().path()).find(|path| path.join("pack.json").is_file());
    Rc::new(Pack::open_folder(pack.expect("the shipped pack")).unwrap())
}

/// 1600 pixels wide.
pub fn still_life() -> RgbImage<'static> {
    let bytes = std::fs::read(repository("web/sample/still_life.jpg")).unwrap();
    let photo = maskov_photo::decode(&bytes).unwrap();
    RgbImage::new(photo.width(), photo.height(), photo.rgb().into_owned()).unwrap()
}
