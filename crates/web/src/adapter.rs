//! Who made the adapter. Browsers leave its description empty mostly, and wgpu passes nothing else of it on.

use js_sys::{Function, Object, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What to call the adapter that a browser gives for heavy work; `None` where it does not tell.
pub(crate) async fn adapter_name() -> Option<String> {
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let options = Object::new();
    Reflect::set(&options, &"powerPreference".into(), &"high-performance".into()).ok()?;
    let coming: Promise = request.call1(&gpu, &options).ok()?.dyn_into().ok()?;
    let info = get(&JsFuture::from(coming).await.ok()?, "info")?;
    let word = |name| get(&info, name)?.as_string().filter(|word| !word.is_empty());
    Some(named(&word("vendor")?, word("architecture").as_deref()))
}

fn get(object: &JsValue, name: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &name.into()).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

/// "apple" and "metal-3" make "Apple graphics".
fn named(vendor: &str, architecture: Option<&str>) -> String {
    match (vendor, architecture) {
        (_, Some("swiftshader")) => "SwiftShader".to_owned(),
        ("amd" | "nvidia" | "arm", _) => format!("{} graphics", vendor.to_uppercase()),
        _ => {
            let (first, rest) = vendor.split_at(vendor.chars().next().map_or(0, char::len_utf8));
            format!("{}{rest} graphics", first.to_uppercase())
        }
    }
}
