//! Bytes behind HTTP, read by ranges.

use std::ops::Range;
use std::rc::Rc;

use js_sys::{Reflect, Uint8Array};
use maskov_weights::{ByteSource, LocalFuture, Result, WeightsError};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    AbortSignal, Headers, ReadableStreamDefaultReader, RequestCache, RequestInit, Response, WorkerGlobalScope,
};

use crate::error::words_of;

/// Is told how many more bytes of the body arrived, after the host's compression was undone.
pub(crate) type Arrived = Rc<dyn Fn(u64)>;

/// How a host is asked.
#[derive(Clone, Default)]
pub(crate) struct Asking {
    /// Past every cache: what is there may be what was damaged.
    pub fresh: bool,
    /// Ends the request.
    pub signal: Option<AbortSignal>,
}

/// A file at an address whose length is known.
pub(crate) struct FetchSource {
    url: String,
    len: u64,
    asking: Asking,
    arrived: Arrived,
}

impl FetchSource {
    /// Fetches nothing yet.
    pub fn new(url: String, len: u64, asking: Asking, arrived: Arrived) -> Self {
        Self { url, len, asking, arrived }
    }

    async fn read_now(&self, range: Range<u64>) -> Result<Vec<u8>> {
        let whole = range == (0..self.len);
        // A whole file is asked for without a range: such answers are what browsers cache and hosts compress.
        let response = fetch(&self.url, (!whole).then_some(&range), &self.asking).await?;
        // A host that knows no ranges answers 200 with everything.
        let first = if response.status() == 206 { range.start } else { 0 };
        let (bytes, end) = self.collect(&response, first, &range).await?;
        if end < range.end || (whole && end > self.len) {
            return Err(WeightsError::WrongLength { file: self.url.clone(), expected: self.len, found: end });
        }
        Ok(bytes)
    }

    /// What the body has of `range` when its first byte is number `first`, and the number after the last byte that was
    /// looked at. The body is read to its end, but not further than one chunk past the range.
    async fn collect(&self, response: &Response, first: u64, range: &Range<u64>) -> Result<(Vec<u8>, u64)> {
        let failed = |error: JsValue| source_error(&self.url, &error);
        let Some(body) = response.body() else {
            return Ok((Vec::new(), first));
        };
        let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
        let mut bytes = Vec::with_capacity((range.end - range.start) as usize);
        let mut at = first;
        loop {
            let chunk = JsFuture::from(reader.read()).await.map_err(failed)?;
            let Ok(chunk) = Reflect::get(&chunk, &"value".into()).map_err(failed)?.dyn_into::<Uint8Array>()
            else {
                return Ok((bytes, at));
            };
            let len = u64::from(chunk.length());
            let skip = range.start.saturating_sub(at).min(len) as u32;
            let keep = range.end.saturating_sub(at).min(len) as u32;
            bytes.extend_from_slice(&chunk.subarray(skip, keep.max(skip)).to_vec());
            (self.arrived)(u64::from(keep.saturating_sub(skip)));
            at += len;
            if at > range.end {
                // Nobody waits for the rest, nor for the word that it will not come.
                drop(reader.cancel());
                return Ok((bytes, at));
            }
        }
    }
}

impl ByteSource for FetchSource {
    fn name(&self) -> &str {
        &self.url
    }

    fn len(&self) -> u64 {
        self.len
    }

    fn read(&self, range: Range<u64>) -> LocalFuture<'_, Result<Vec<u8>>> {
        Box::pin(self.read_now(range))
    }
}

/// A whole file whose length nobody knows beforehand.
///
/// # Errors
/// When it does not arrive.
pub(crate) async fn fetch_whole(url: &str, asking: &Asking) -> Result<Vec<u8>> {
    let response = fetch(url, None, asking).await?;
    let buffer = match response.array_buffer() {
        Ok(promise) => JsFuture::from(promise).await,
        Err(error) => Err(error),
    };
    Ok(Uint8Array::new(&buffer.map_err(|error| source_error(url, &error))?).to_vec())
}

/// The answer to a request, which was 200 or the wanted 206.
async fn fetch(url: &str, range: Option<&Range<u64>>, asking: &Asking) -> Result<Response> {
    let failed = |error: JsValue| source_error(url, &error);
    let headers = Headers::new().map_err(failed)?;
    if let Some(range) = range {
        // HTTP's ranges hold their last byte.
        headers.set("range", &format!("bytes={}-{}", range.start, range.end - 1)).map_err(failed)?;
    }
    let init = RequestInit::new();
    init.set_headers(&headers);
    init.set_signal(asking.signal.as_ref());
    if asking.fresh {
        init.set_cache(RequestCache::Reload);
    }
    let scope: WorkerGlobalScope = js_sys::global().unchecked_into();
    let response = JsFuture::from(scope.fetch_with_str_and_init(url, &init)).await.map_err(failed)?;
    let response: Response = response.unchecked_into();
    match response.status() {
        200 => Ok(response),
        206 if range.is_some_and(|range| starts_at(&response, range.start)) => Ok(response),
        404 | 410 => Err(WeightsError::NotFound { what: url.to_owned() }),
        status => {
            let reason = format!("the host answered {status} {}", response.status_text());
            Err(WeightsError::Source { what: url.to_owned(), reason })
        }
    }
}

/// Whether a 206 brings the bytes from `start`.
fn starts_at(response: &Response, start: u64) -> bool {
    let header = response.headers().get("content-range").ok().flatten().unwrap_or_default();
    header.strip_prefix("bytes ").and_then(|rest| rest.split('-').next()?.parse().ok()) == Some(start)
}

fn source_error(url: &str, error: &JsValue) -> WeightsError {
    let reason = words_of(error).unwrap_or_else(|| "the request failed".into());
    WeightsError::Source { what: url.to_owned(), reason }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use js_sys::Array;
    use wasm_bindgen_test::wasm_bindgen_test;
    use web_sys::{Blob, Url};

    use super::*;

    /// A file that answers ranges: browsers treat an object URL as a host that knows them.
    fn with_ranges(bytes: &[u8]) -> String {
        let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).unwrap();
        Url::create_object_url_with_blob(&blob).unwrap()
    }

    fn source(url: &str, len: u64) -> (FetchSource, Rc<Cell<u64>>) {
        let sum = Rc::new(Cell::new(0));
        let arrived = {
            let sum = sum.clone();
            Rc::new(move |bytes| sum.set(sum.get() + bytes))
        };
        (FetchSource::new(url.to_owned(), len, Asking::default(), arrived), sum)
    }

    #[wasm_bindgen_test]
    async fn ranges_and_the_whole_come_back_exactly_and_are_counted() {
        let bytes: Vec<u8> = (0..100_000u32).map(|i| (i * 7 % 251) as u8).collect();
        let (source, sum) = source(&with_ranges(&bytes), bytes.len() as u64);
        assert_eq!(source.read(70_000..70_010).await.unwrap(), bytes[70_000..70_010]);
        assert_eq!(source.read(99_999..100_000).await.unwrap(), bytes[99_999..]);
        assert_eq!(sum.get(), 11);
        assert_eq!(source.read(0..100_000).await.unwrap(), bytes);
        assert_eq!(sum.get(), 100_011);
    }

    #[wasm_bindgen_test]
    async fn a_host_that_knows_no_ranges_costs_bytes_and_nothing_else() {
        // A data URL answers 200 with everything, whatever range is asked for.
        let (source, sum) = source("data:text/plain,0123456789", 10);
        assert_eq!(source.read(3..6).await.unwrap(), b"345");
        assert_eq!(sum.get(), 3);
    }

    #[wasm_bindgen_test]
    async fn a_file_of_another_length_is_caught() {
        for (len, found) in [(9, 10), (11, 10)] {
            let (source, _) = source("data:text/plain,0123456789", len);
            let error = source.read(0..len).await.unwrap_err();
            assert!(
                matches!(error, WeightsError::WrongLength { expected, found: f, .. } if expected == len && f == found)
            );
        }
    }

    #[wasm_bindgen_test]
    async fn a_host_that_does_not_answer_is_an_error_that_names_the_address() {
        let (source, _) = source("http://127.0.0.1:1/none", 4);
        let error = source.read(0..4).await.unwrap_err();
        assert_eq!(error.kind().name(), "fetch-failed");
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    }
}
