//! Checks the written site: everything that belongs to it is there, and nothing asks for the root of a host.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Checks that `site` is whole and works under any path. `index` is the page that it was built from: everything that
/// trunk is told to put into the site must be there.
///
/// # Errors
/// Naming the first file that is missing or the URL that is not relative.
pub fn check(site: &Path, index: &Path) -> Result<()> {
    for name in ["index.html", "LICENSE", "NOTICE", "sample/still_life.jpg"] {
        if !site.join(name).is_file() {
            bail!(
                "the site lacks {name}: web/index.html must copy it (data-trunk rel=\"copy-file\" or \"copy-dir\")"
            );
        }
    }
    let files = files_below(site)?;
    check_linked(site, &files, index)?;
    if !site.join("maskov-web_bg.wasm").is_file() {
        bail!("the site lacks the engine: web/index.html must link crates/web (data-trunk rel=\"rust\")");
    }
    if !files.iter().any(|file| file.ends_with("pack.json")) {
        bail!("the site lacks a model: write the pack into web/models/ (`maskov pack --help` shows how)");
    }
    for file in
        files.iter().filter(|file| file.extension().is_some_and(|e| e == "html" || e == "css" || e == "js"))
    {
        let text =
            std::fs::read_to_string(file).with_context(|| format!("{} cannot be read", file.display()))?;
        if let Some(url) = rooted_url(&text) {
            bail!(
                "{} asks for {url}: write it relative (./...), so that the site works under any path",
                file.display()
            );
        }
    }
    Ok(())
}

/// Checks that every crate, file and folder of `index`'s data-trunk links has come into the site.
fn check_linked(site: &Path, files: &[PathBuf], index: &Path) -> Result<()> {
    let page =
        std::fs::read_to_string(index).with_context(|| format!("{} cannot be read", index.display()))?;
    for tag in page.split("<link data-trunk").skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let value = |name: &'static str| values_after(tag, name).next().unwrap_or_default();
        let (kind, source) = (value("rel=\""), index.with_file_name("").join(value("href=\"")));
        let expected = match kind {
            "rust" => {
                let package = package_name(&source)?;
                vec![format!("{package}.js"), format!("{package}_bg.wasm")]
            }
            _ => source.file_name().map(|name| name.to_string_lossy().into_owned()).into_iter().collect(),
        };
        for name in expected {
            let wanted = site.join(&name);
            let is_there = files.iter().any(|file| file.starts_with(&wanted));
            if !is_there {
                bail!("the site lacks {name}, though {} links it ({kind}): build it again", index.display());
            }
        }
    }
    Ok(())
}

/// The name in a crate's manifest, which its files in the site bear.
fn package_name(manifest: &Path) -> Result<String> {
    let text = std::fs::read_to_string(manifest)
        .with_context(|| format!("{} cannot be read", manifest.display()))?;
    let name = values_after(&text, "\nname = \"").next();
    name.map(str::to_owned).with_context(|| format!("{} names no package", manifest.display()))
}

/// Every file below `folder`, in order.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let entries =
        std::fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.is_dir() { files.extend(files_below(&path)?) } else { files.push(path) }
    }
    files.sort();
    Ok(files)
}

/// The first URL in `text` that is loaded from the root of a host or from another host. Links that a person follows
/// (`<a href="https://...">`) are not loaded, and so are free.
fn rooted_url(text: &str) -> Option<String> {
    const LOADS: [&str; 10] = [
        "src=\"",
        "src='",
        "url(",
        "url(\"",
        "import(\"",
        "import('",
        "from \"",
        "from '",
        "fetch('",
        "fetch(\"",
    ];
    const ALSO: [&str; 6] = ["Worker('", "Worker(\"", "import '", "import \"", "URL('", "URL(\""];
    let rooted = LOADS.iter().chain(&ALSO).find_map(|before| {
        values_after(text, before)
            .find(|url| url.starts_with('/') || url.starts_with("http:") || url.starts_with("https:"))
    });
    let linked = ["href=\"", "href='"]
        .iter()
        .find_map(|before| values_after(text, before).find(|u| u.starts_with('/')));
    rooted.or(linked).map(str::to_owned).or_else(|| stylesheet_elsewhere(text))
}

/// What stands between each `before` and the next quote or bracket.
fn values_after<'a>(text: &'a str, before: &'a str) -> impl Iterator<Item = &'a str> {
    text.split(before).skip(1).map(|rest| rest.split(['"', '\'', ')']).next().unwrap_or_default())
}

/// A `<link>` whose file lies on another host: unlike `<a>`, the browser loads it.
fn stylesheet_elsewhere(text: &str) -> Option<String> {
    text.split("<link").skip(1).find_map(|tag| {
        let tag = tag.split('>').next()?;
        let url = values_after(tag, "href=\"").next()?;
        (url.starts_with("http:") || url.starts_with("https:")).then(|| url.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_urls_and_links_to_follow_pass() {
        let page = r#"<link rel="stylesheet" href="./style.css"><script src="./main.js"></script>
            <a href="https://arxiv.org/abs/2411.10411">the paper</a> <style>a{background:url(x.png)}</style>"#;
        assert_eq!(rooted_url(page), None);
        assert_eq!(rooted_url("import init from './maskov-web.js'; fetch('models/pack.json');"), None);
    }

    #[test]
    fn rooted_urls_are_found() {
        for text in [
            r#"<script src="/main.js">"#,
            r#"<link href="/style.css">"#,
            r#"<link rel="stylesheet" href="https://example.org/a.css">"#,
            "import init from '/maskov-web.js'",
            r#"import "/a.js""#,
            r#"new Worker("/worker.js")"#,
            "fetch('https://example.org/weights')",
            "a { background: url(/x.png) }",
        ] {
            assert!(rooted_url(text).is_some(), "{text}");
        }
    }

    #[test]
    fn a_site_that_lacks_something_is_named() {
        let root = std::env::temp_dir().join(format!("maskov-site-{}", std::process::id()));
        let (site, index) = (root.join("dist"), root.join("web/index.html"));
        let write_at = |path: PathBuf, text: &str| {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let write = |name: &str, text: &str| write_at(site.join(name), text);
        let linked = r#"<link data-trunk rel="rust" href="../crates/page/Cargo.toml" data-type="worker" />
            <link rel="stylesheet" href="./styles/base.css" /><link data-trunk rel="copy-file" href="main.js" />
            <link data-trunk rel="copy-dir" href="worker" /><link data-trunk rel="copy-dir" href="../examples" />"#;
        write_at(index.clone(), linked);
        write_at(root.join("crates/page/Cargo.toml"), "[package]\nname = \"maskov-page\"\n");
        let files = [
            ("index.html", "index.html"),
            ("LICENSE", "LICENSE"),
            ("NOTICE", "NOTICE"),
            ("sample/still_life.jpg", "still_life"),
            ("maskov-page.js", "maskov-page.js"),
            ("maskov-page_bg.wasm", "maskov-page_bg.wasm"),
            ("main.js", "main.js"),
            ("worker/queue.js", "worker"),
            ("examples/cut_out.js", "examples"),
            ("maskov-web_bg.wasm", "engine"),
            ("models/small/pack.json", "model"),
        ];
        std::fs::create_dir_all(&site).unwrap();
        for (name, lacking) in files {
            let error = check(&site, &index).unwrap_err().to_string();
            assert!(error.contains(lacking), "{error}");
            write(name, "<p>");
        }
        check(&site, &index).unwrap();
        write("main.js", "fetch('/models')");
        assert!(check(&site, &index).unwrap_err().to_string().contains("main.js"));
        std::fs::remove_dir_all(&root).unwrap();
    }
}
