//! `cargo xtask dist`: the site as plain files.

use crate::process::run;
use crate::site_check::{check, files_below};
use crate::toolbox::Toolbox;
use anyhow::{Context, Result, bail};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Folder that the site is written to.
fn site(toolbox: &Toolbox) -> PathBuf {
    toolbox.root.join("dist")
}

/// That folder, with a site in it.
///
/// # Errors
/// When it was not built yet.
pub fn built_site(toolbox: &Toolbox) -> Result<PathBuf> {
    let site = site(toolbox);
    if !site.join("index.html").is_file() {
        bail!("there is no site in {}: run `cargo xtask dist` first", site.display());
    }
    Ok(site)
}

/// Builds the site in release, checks it and prints what it weighs.
///
/// # Errors
/// When the build fails, or the site is not whole or not relocatable.
pub fn dist(toolbox: &Toolbox) -> Result<()> {
    let mut trunk = toolbox.command("trunk");
    run(trunk.args(["build", "--release", "--skip-version-check"]))
        .context("the site could not be built; what trunk said stands above")?;
    let site = site(toolbox);
    check(&site, &toolbox.root.join("web/index.html"))?;
    println!("{}", weights(&site)?);
    println!("The site is in {}: copy it to any static host, under any path.", site.display());
    Ok(())
}

/// A table of the site's files with their sizes, as they are and as a host sends them.
fn weights(site: &Path) -> Result<String> {
    let mut table = format!("{:>12} {:>12}  file\n", "bytes", "gzip");
    let (mut total, mut total_sent) = (0, 0);
    for file in files_below(site)? {
        let bytes = std::fs::read(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let sent = gzip_len(&bytes)?;
        let name = file.strip_prefix(site).unwrap_or(&file).display();
        table += &format!("{:>12} {sent:>12}  {name}\n", bytes.len());
        total += bytes.len();
        total_sent += sent;
    }
    table += &format!("{total:>12} {total_sent:>12}  in all");
    Ok(table)
}

fn gzip_len(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_shrinks_what_repeats() {
        assert!(gzip_len(&[7; 10_000]).unwrap() < 100);
    }

    #[test]
    fn the_table_lists_every_file_and_the_sum() {
        let site = std::env::temp_dir().join(format!("maskov-dist-{}", std::process::id()));
        std::fs::create_dir_all(site.join("models")).unwrap();
        std::fs::write(site.join("a.js"), [b'a'; 1000]).unwrap();
        std::fs::write(site.join("models/b.bin"), [b'b'; 234]).unwrap();
        let table = weights(&site).unwrap();
        assert!(table.contains("a.js") && table.contains("b.bin"), "{table}");
        assert!(table.lines().last().unwrap().contains("1234"), "{table}");
        std::fs::remove_dir_all(&site).unwrap();
    }
}
