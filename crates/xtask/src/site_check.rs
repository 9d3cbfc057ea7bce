//! Checks the written site: everything that belongs to it is there, and nothing asks for the root of a host.

use anyhow::{Context, Result, bail};
use std::path::{Path, PathBuf};

/// Checks that `site` is whole and works under any path.
///
/// # Errors
/// Naming the first file that is missing or the URL that is not relative.
pub fn check(site: &Path) -> Result<()> {
    for name in ["index.html", "LICENSE", "NOTICE", "sample/still_life.jpg"] {
        if !site.join(name).is_file() {
            bail!(
                "the site lacks {name}: web/index.html must copy it (data-trunk rel=\"copy-file\" or \"copy-dir\")"
            );
        }
    }
    let files = files_below(site)?;
    if !files.iter().any(|file| file.extension().is_some_and(|ending| ending == "wasm")) {
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
        let site = std::env::temp_dir().join(format!("maskov-site-{}", std::process::id()));
        let write = |name: &str, text: &str| {
            std::fs::create_dir_all(site.join(name).parent().unwrap()).unwrap();
            std::fs::write(site.join(name), text).unwrap();
        };
        let files = [
            ("index.html", "index.html"),
            ("LICENSE", "LICENSE"),
            ("NOTICE", "NOTICE"),
            ("sample/still_life.jpg", "still_life"),
            ("engine_bg.wasm", "engine"),
            ("models/small/pack.json", "model"),
        ];
        std::fs::create_dir_all(&site).unwrap();
        for (name, lacking) in files {
            let error = check(&site).unwrap_err().to_string();
            assert!(error.contains(lacking), "{error}");
            write(name, "<p>");
        }
        check(&site).unwrap();
        write("main.js", "fetch('/models')");
        assert!(check(&site).unwrap_err().to_string().contains("main.js"));
        std::fs::remove_dir_all(&site).unwrap();
    }
}
