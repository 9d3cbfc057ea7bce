//! A lock for calls that wait for each other, first come, first served.

use std::cell::{Cell, RefCell};
use std::ops::{Deref, DerefMut};

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

/// A value that one call at a time has, in the order in which they asked.
pub(crate) struct AsyncMutex<T> {
    value: Cell<Option<T>>,
    /// Resolves when the last one who asked is done.
    last: RefCell<Promise>,
}

/// The value, until it is dropped.
pub(crate) struct Guard<'a, T> {
    mutex: &'a AsyncMutex<T>,
    value: Option<T>,
    end: Function,
}

const HELD: &str = "a guard has the value until it is dropped";

impl<T> AsyncMutex<T> {
    pub fn new(value: T) -> Self {
        Self { value: Cell::new(Some(value)), last: RefCell::new(Promise::resolve(&JsValue::UNDEFINED)) }
    }

    /// Waits until all who asked before are done.
    pub async fn lock(&self) -> Guard<'_, T> {
        let mut end = None;
        let mine = Promise::new(&mut |resolve, _| end = Some(resolve));
        let before = self.last.replace(mine);
        // It only ever resolves.
        drop(JsFuture::from(before).await);
        let end = end.expect("a promise runs its function at once");
        Guard { mutex: self, value: self.value.take(), end }
    }
}

impl<T> Deref for Guard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.value.as_ref().expect(HELD)
    }
}

impl<T> DerefMut for Guard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.value.as_mut().expect(HELD)
    }
}

impl<T> Drop for Guard<'_, T> {
    fn drop(&mut self) {
        self.mutex.value.set(self.value.take());
        self.end.call0(&JsValue::UNDEFINED).expect("resolving a promise does not throw");
    }
}
