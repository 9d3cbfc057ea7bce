//! A model's files in this browser, so that they are fetched once: the Cache API, under their addresses and hashes.

use js_sys::{ArrayBuffer, Object, Reflect, Uint8Array};
use maskov_weights::Shard;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Cache, CacheQueryOptions, CacheStorage, Crypto, Response, SubtleCrypto};

const CACHE_NAME: &str = "maskov-models";

/// The open store.
pub(crate) struct Store {
    cache: Cache,
    subtle: SubtleCrypto,
}

impl Store {
    /// `None` where the browser has no store for this page: at an address that is not secure, in a sandboxed frame, in some
    /// private windows.
    pub async fn open() -> Option<Self> {
        let caches: CacheStorage = global("caches")?;
        let subtle = global::<Crypto>("crypto")?;
        // Absent where the address is not secure, whatever its getter's type says.
        let subtle = Reflect::get(&subtle, &"subtle".into()).ok()?.dyn_into().ok()?;
        let cache = JsFuture::from(caches.open(CACHE_NAME)).await.ok()?.unchecked_into();
        Some(Self { cache, subtle })
    }

    /// A shard's bytes, verified. A damaged one is deleted and not there.
    pub async fn shard(&self, url: &str, shard: &Shard) -> Option<Vec<u8>> {
        let bytes = self.read(&key(url, shard)).await?;
        if self.is_sound(&bytes, shard).await {
            return Some(bytes.to_vec());
        }
        self.forget(url).await;
        None
    }

    /// Keeps a shard in place of others of its address, if it is the right one.
    ///
    /// # Errors
    /// The browser's own, such as that there is no room.
    pub async fn keep_shard(&self, url: &str, shard: &Shard, bytes: &[u8]) -> Result<(), JsValue> {
        let bytes = Uint8Array::from(bytes);
        if !self.is_sound(&bytes, shard).await {
            // Whoever reads it next tells its owner.
            return Ok(());
        }
        self.forget(url).await;
        self.write(&key(url, shard), &bytes).await
    }

    /// A file that has no hash.
    pub async fn file(&self, url: &str) -> Option<Vec<u8>> {
        Some(self.read(url).await?.to_vec())
    }

    /// # Errors
    /// As [`Store::keep_shard`].
    pub async fn keep_file(&self, url: &str, bytes: &[u8]) -> Result<(), JsValue> {
        self.write(url, &Uint8Array::from(bytes)).await
    }

    async fn read(&self, key: &str) -> Option<Uint8Array> {
        let found = JsFuture::from(self.cache.match_with_str(key)).await.ok()?;
        let response: Response = found.dyn_into().ok()?;
        let buffer = JsFuture::from(response.array_buffer().ok()?).await.ok()?;
        Some(Uint8Array::new(&buffer))
    }

    async fn write(&self, key: &str, bytes: &Uint8Array) -> Result<(), JsValue> {
        let response = Response::new_with_opt_js_u8_array(Some(bytes))?;
        JsFuture::from(self.cache.put_with_str(key, &response)).await.map(drop)
    }

    /// All shards of an address, of older packs too.
    async fn forget(&self, url: &str) {
        let any_hash = CacheQueryOptions::new();
        any_hash.set_ignore_search(true);
        // What cannot be deleted is overwritten, or found damaged again.
        drop(JsFuture::from(self.cache.delete_with_str_and_options(url, &any_hash)).await);
    }

    async fn is_sound(&self, bytes: &Uint8Array, shard: &Shard) -> bool {
        let bytes: &Object = bytes.unchecked_ref();
        let Ok(digest) = self.subtle.digest_with_str_and_buffer_source("SHA-256", bytes) else {
            return false;
        };
        let Ok(digest) = JsFuture::from(digest).await else { return false };
        let digest = Uint8Array::new(digest.unchecked_ref::<ArrayBuffer>()).to_vec();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        hex == shard.sha256
    }
}

fn key(url: &str, shard: &Shard) -> String {
    format!("{url}?sha256={}", shard.sha256)
}

/// A property of the worker, where it is there; asking throws in a sandboxed frame.
fn global<T: JsCast>(name: &str) -> Option<T> {
    Reflect::get(&js_sys::global(), &name.into()).ok()?.dyn_into().ok()
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    /// SHA-256 of `abc`, from FIPS 180-4.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    fn shard(sha256: &str) -> Shard {
        Shard { name: "shard-00000.bin".into(), length: 3, sha256: sha256.into() }
    }

    #[wasm_bindgen_test]
    async fn a_shard_is_kept_and_a_damaged_one_is_not_there() {
        let store = Store::open().await.expect("tests run at a secure address");
        let (url, right) = ("http://localhost/store-test/shard-00000.bin", shard(ABC));
        store.forget(url).await;
        assert_eq!(store.shard(url, &right).await, None);
        store.keep_shard(url, &right, b"abd").await.unwrap();
        assert_eq!(store.shard(url, &right).await, None, "what is not sound is not kept");
        store.keep_shard(url, &right, b"abc").await.unwrap();
        assert_eq!(store.shard(url, &right).await.as_deref(), Some(&b"abc"[..]));
        store.write(&key(url, &right), &Uint8Array::from(&b"abd"[..])).await.unwrap();
        assert_eq!(store.shard(url, &right).await, None);
        assert!(store.read(&key(url, &right)).await.is_none(), "the damaged one is deleted");
    }

    #[wasm_bindgen_test]
    async fn a_newer_shard_replaces_the_older() {
        let store = Store::open().await.expect("tests run at a secure address");
        let url = "http://localhost/store-test/shard-00001.bin";
        let older = shard("00");
        store.write(&key(url, &older), &Uint8Array::from(&b"older"[..])).await.unwrap();
        store.keep_shard(url, &shard(ABC), b"abc").await.unwrap();
        assert!(store.read(&key(url, &older)).await.is_none());
        assert!(store.shard(url, &shard(ABC)).await.is_some());
    }

    #[wasm_bindgen_test]
    async fn what_the_browser_refuses_is_an_error() {
        let store = Store::open().await.expect("tests run at a secure address");
        assert!(store.keep_file("data:text/plain,no", b"abc").await.is_err());
    }
}
