//! Which model: a pack, a checkpoint folder, or the one inside this program.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use anyhow::{Context, Result, anyhow, bail};
use maskov_engine::Engine;
use maskov_weights::{ByteSource, MemorySource};
use maskov_weights::{
    Checkpoint, Folder, LocalFuture, MANIFEST_NAME, Pack, Shard, ShardOpener, WeightSource, WeightsError,
};
use pollster::block_on;
use sha2::{Digest, Sha256};

use crate::args::EngineArgs;
use crate::progress::Steps;

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The environment's choice of a model.
const VARIABLE: &str = "MASKOV_MODEL";

/// The folder of `--model`, else of the environment; `None` is the shipped model.
pub fn folder(model: Option<&Path>) -> Option<PathBuf> {
    let of_environment = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from);
    model.map(Path::to_owned).or_else(of_environment)
}

/// The model of `--model`, else of the environment, else the shipped one.
pub fn open(model: Option<&Path>) -> Result<Rc<dyn WeightSource>> {
    match folder(model) {
        Some(path) => open_folder(&path),
        None => Ok(Rc::new(shipped()?)),
    }
}

/// A pack where there is a `pack.json`, else a checkpoint in diffusers' layout.
pub fn open_folder(path: &Path) -> Result<Rc<dyn WeightSource>> {
    // Whoever was killed while putting a pack there is helped to its end.
    Folder::at(path);
    if !path.is_dir() {
        bail!("{} is no folder. --model takes a model pack or a checkpoint folder.", path.display());
    }
    if path.join(MANIFEST_NAME).is_file() {
        let pack = Pack::open_folder(path).with_context(|| format!("model {}", path.display()))?;
        return Ok(Rc::new(pack));
    }
    let checkpoint = block_on(Checkpoint::open_folder(path));
    Ok(Rc::new(checkpoint.with_context(|| format!("model {}", path.display()))?))
}

/// An engine with that model. Says on stderr where it computes when that is not what one would hope for.
pub fn engine(args: &EngineArgs) -> Result<Engine> {
    let source = open(args.model.as_deref())?;
    let mut steps = Steps::new("loading");
    let opened = Engine::open(source, args.device.into(), args.resolution, &mut steps);
    let mut engine = block_on(opened)?;
    drop(steps);
    if let Some(method) = args.method {
        engine.set_method(method.into());
    }
    if let Some(note) = engine.note() {
        eprintln!("note: {note}");
    }
    Ok(engine)
}

fn shipped() -> Result<Pack> {
    let manifest = SHIPPED.iter().find(|(name, _)| *name == MANIFEST_NAME).ok_or_else(|| {
        anyhow!("this program was built without a model: give one with --model or ${VARIABLE}, or build it with web/models")
    })?;
    Ok(Pack::open(manifest.1, Box::new(Shipped))?)
}

/// The shards inside this program.
struct Shipped;

impl ShardOpener for Shipped {
    fn open<'a>(&'a self, shard: &'a Shard) -> LocalFuture<'a, Result<Box<dyn ByteSource>, WeightsError>> {
        let source = match SHIPPED.iter().find(|(name, _)| *name == shard.name) {
            Some((name, bytes)) => Ok(Box::new(MemorySource::new(*name, *bytes)) as Box<dyn ByteSource>),
            None => Err(WeightsError::NotFound { what: shard.name.clone() }),
        };
        Box::pin(std::future::ready(source))
    }
}

/// A number that tells one model's weights from another's: of all names and types, and of the first tensor's values.
pub fn weights_id(source: &dyn WeightSource) -> Result<String> {
    let mut hash = Sha256::new();
    for name in source.names() {
        let dtype = source.info(name).map(|info| info.dtype);
        hash.update(format!("{name} {dtype:?}\n"));
    }
    if let Some(first) = source.names().first() {
        hash.update(block_on(source.read(first))?.bytes());
    }
    Ok(hash.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect())
}
