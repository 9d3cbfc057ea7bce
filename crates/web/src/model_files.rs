//! A model pack's files: from this browser's store where they are there, else from their host.

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::rc::Rc;

use maskov_weights::{
    ByteSource, LocalFuture, MANIFEST_NAME, Manifest, Pack, Result, Shard, ShardOpener, WeightsError,
};
use wasm_bindgen::JsValue;

use crate::call::{Call, Phase, Progress};
use crate::error::name_of;
use crate::fetch_source::{Asking, FetchSource, fetch_whole};
use crate::store::Store;

/// `pack.json` of the largest models is far below this.
const MAX_MANIFEST_BYTES: usize = 16 << 20;

/// The files of the pack in a folder.
pub(crate) struct ModelFiles {
    /// Ends in a slash.
    folder: String,
    store: Option<Store>,
    /// Whether the store and the browser's own cache are passed by.
    fresh: Cell<bool>,
    /// Who waits for the bytes.
    call: RefCell<Rc<Call>>,
    done_bytes: Cell<u64>,
    total_bytes: Cell<u64>,
    stored: Cell<Stored>,
}

/// What the store has of the model.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stored {
    All,
    /// Some was refused, or there is no store.
    NotAll,
    /// Some was refused because there is no room.
    Full,
}

impl ModelFiles {
    /// Opens the pack in `folder`. Shards come when their first tensor is read.
    ///
    /// # Errors
    /// When `pack.json` does not arrive, or is not sound.
    pub async fn open(folder: &str, fresh: bool, call: &Rc<Call>) -> Result<(Rc<Self>, Rc<Pack>)> {
        let store = Store::open().await;
        let stored = if store.is_some() { Stored::All } else { Stored::NotAll };
        let files = Rc::new(Self {
            folder: if folder.ends_with('/') { folder.to_owned() } else { format!("{folder}/") },
            store,
            fresh: Cell::new(fresh),
            call: RefCell::new(call.clone()),
            done_bytes: Cell::new(0),
            total_bytes: Cell::new(0),
            stored: Cell::new(stored),
        });
        let json = files.manifest().await?;
        let total = Manifest::parse(&json)?.shards.iter().map(|shard| shard.length).sum();
        files.total_bytes.set(total);
        let pack = Pack::open(&json, Box::new(Shards(files.clone())))?;
        Ok((files, Rc::new(pack)))
    }

    /// Everything has been read once: what is read again is for a device that is opened again.
    pub fn is_loaded(&self) {
        self.fresh.set(false);
    }

    /// Another call waits now, and everything comes again.
    pub fn start_again(&self, call: &Rc<Call>) {
        self.call.replace(call.clone());
        self.done_bytes.set(0);
    }

    pub fn stored(&self) -> Stored {
        self.stored.get()
    }

    /// The host's, which may be newer than the stored one; the stored one where the host cannot be reached.
    async fn manifest(&self) -> Result<Vec<u8>> {
        let url = format!("{}{MANIFEST_NAME}", self.folder);
        let json = match fetch_whole(&url, &self.asking()).await {
            Err(error @ WeightsError::Source { .. }) => match &self.store {
                Some(store) if !self.fresh.get() => return store.file(&url).await.ok_or(error),
                _ => return Err(error),
            },
            fetched => fetched?,
        };
        if json.len() > MAX_MANIFEST_BYTES {
            return Err(WeightsError::MalformedPack { reason: format!("it has {} bytes", json.len()) });
        }
        if let (Some(store), Ok(_)) = (&self.store, Manifest::parse(&json)) {
            self.note(store.keep_file(&url, &json).await);
        }
        Ok(json)
    }

    async fn shard(self: &Rc<Self>, shard: &Shard) -> Result<Vec<u8>> {
        let url = format!("{}{}", self.folder, shard.name);
        if let Some(store) = self.store.as_ref().filter(|_| !self.fresh.get())
            && let Some(bytes) = store.shard(&url, shard).await
        {
            self.arrived(shard.length, true);
            return Ok(bytes);
        }
        let arrived = {
            let files = self.clone();
            Rc::new(move |bytes| files.arrived(bytes, false))
        };
        let source = FetchSource::new(url.clone(), shard.length, self.asking(), arrived);
        let bytes = source.read(0..shard.length).await?;
        if let Some(store) = &self.store {
            self.note(store.keep_shard(&url, shard, &bytes).await);
        }
        Ok(bytes)
    }

    fn asking(&self) -> Asking {
        Asking { fresh: self.fresh.get(), signal: self.call.borrow().signal().cloned() }
    }

    fn arrived(&self, bytes: u64, stored: bool) {
        self.done_bytes.set(self.done_bytes.get() + bytes);
        let call = self.call.borrow().clone();
        call.tell(Progress {
            stage: Phase::Loading,
            done: self.done_bytes.get() as f64,
            total: self.total_bytes.get() as f64,
            stored: Some(stored),
        });
    }

    /// A store that refuses costs the next visit a download, and nothing else.
    fn note(&self, written: std::result::Result<(), JsValue>) {
        match written {
            Ok(()) => {}
            Err(error) if name_of(&error) == "QuotaExceededError" => self.stored.set(Stored::Full),
            Err(_) if self.stored.get() == Stored::All => self.stored.set(Stored::NotAll),
            Err(_) => {}
        }
    }
}

struct Shards(Rc<ModelFiles>);

impl ShardOpener for Shards {
    fn open<'a>(&'a self, shard: &'a Shard) -> LocalFuture<'a, Result<Box<dyn ByteSource>>> {
        let source = ShardSource { files: self.0.clone(), shard: shard.clone() };
        Box::pin(std::future::ready(Ok(Box::new(source) as Box<dyn ByteSource>)))
    }
}

/// A shard, read whole: only then its hash can be checked before it is kept.
struct ShardSource {
    files: Rc<ModelFiles>,
    shard: Shard,
}

impl ByteSource for ShardSource {
    fn name(&self) -> &str {
        &self.shard.name
    }

    fn len(&self) -> u64 {
        self.shard.length
    }

    fn read(&self, range: Range<u64>) -> LocalFuture<'_, Result<Vec<u8>>> {
        Box::pin(async move {
            let mut bytes = self.files.shard(&self.shard).await?;
            bytes.truncate(range.end as usize);
            bytes.drain(..range.start as usize);
            Ok(bytes)
        })
    }
}
