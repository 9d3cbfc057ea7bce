//! `maskov graph`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use maskov_diffusion::{
    Configs, Probes, Settings, TextEncoderConfig, UnetConfig, VaeConfig, text_graph, unet_graph, vae_graph,
    verification_graph,
};
use maskov_engine::Model;
use maskov_graph::Graph;
use serde_json::{Map, Value};

use crate::files::read;

/// Print a model as the list of its operations, with shapes, bytes and FLOP
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    maskov graph checkpoints/sd21 --resolution 64\n  \
    maskov graph checkpoints/sd21/unet/config.json --summary\n  \
    maskov graph web/models/small-v1 --attention up_blocks.2.attentions.0.transformer_blocks.0.attn1=1\n\n\
    CONFIG is a model folder (its config files are enough, no weights are read), a model pack, one config.json, or a JSON\n\
    file that holds a `config` for each of unet, vae and text_encoder.")]
pub struct GraphArgs {
    /// Folder or JSON file
    config: PathBuf,
    /// Attention resolution R [default: the model's own]
    #[arg(long, value_name = "R")]
    resolution: Option<usize>,
    /// A layer of the map and its weight, instead of the model's own; repeat for more
    #[arg(long = "attention", value_name = "LAYER=WEIGHT", value_parser = layer_weight)]
    attention: Vec<(String, f32)>,
    /// The whole network instead of the part that the map needs
    #[arg(long)]
    whole: bool,
    /// Totals only
    #[arg(long)]
    summary: bool,
}

/// Config files by component.
#[derive(Default)]
struct Parts {
    unet: Option<Value>,
    vae: Option<Value>,
    text_encoder: Option<Value>,
    settings: Option<Value>,
}

/// Runs the subcommand.
pub fn run(args: GraphArgs) -> Result<()> {
    let parts = Parts::read(&args.config)?;
    match &parts.unet {
        Some(unet) => print_model(&args, &parts, unet)?,
        None if args.whole || !args.attention.is_empty() => {
            bail!("{} has no UNet, so --whole and --attention mean nothing there.", args.config.display())
        }
        None => {}
    }
    let alone = parts.unet.is_none();
    if let Some(vae) = &parts.vae {
        let vae = VaeConfig::parse(&vae.to_string())?;
        let graph = vae_graph(&vae, args.resolution.unwrap_or(64))?;
        print("VAE encoder, photo to latents", &graph, &["latents"], args.summary || !alone)?;
    }
    if let Some(text) = &parts.text_encoder {
        let text = TextEncoderConfig::parse(&text.to_string())?;
        let graph = text_graph(&text, &text.empty_prompt())?;
        print(
            "text encoder, the empty prompt, once per model",
            &graph,
            &["last_hidden_state"],
            args.summary || !alone,
        )?;
    }
    Ok(())
}

fn print_model(args: &GraphArgs, parts: &Parts, unet: &Value) -> Result<()> {
    let unet = UnetConfig::parse(&unet.to_string())?;
    let vae = parts.vae.as_ref().map(|vae| VaeConfig::parse(&vae.to_string())).transpose()?;
    let mut settings = match &parts.settings {
        Some(settings) => Settings::parse(&settings.to_string())?,
        None => Settings::for_checkpoint(&unet)?,
    };
    if !args.attention.is_empty() {
        settings.attention = args.attention.iter().cloned().collect();
    }
    let resolution = args.resolution.unwrap_or(settings.resolution);
    println!("R = {resolution}");
    // The UNet alone needs neither the VAE's config nor its weights.
    let alone = unet_graph(&unet, &settings, resolution)?;
    let model = Model::new(settings, Configs { unet, vae })?;
    if args.whole {
        let probes = Probes::default();
        match verification_graph(&model.configs, &model.settings, resolution, probes) {
            Ok(graph) => print("whole network, photo to noise", &graph, &["noise_pred"], args.summary)?,
            Err(_) if model.configs.vae.is_none() => {
                print("whole UNet, latents to noise", &alone, &["noise_pred"], args.summary)?;
            }
            Err(error) => return Err(error.into()),
        }
    } else {
        match model.graph(resolution) {
            Ok(whole) => print("photo to map", &whole.graph, &["attention"], args.summary)?,
            Err(_) if model.configs.vae.is_none() => {
                print("UNet, latents to map", &alone, &["attention"], args.summary)?;
            }
            Err(error) => return Err(error.into()),
        }
    }
    print("UNet alone, to the map", &alone, &["attention"], true)?;
    print("UNet alone, whole", &alone, &["noise_pred"], true)
}

/// The part of a list that makes these tensors, and its totals.
fn print(title: &str, graph: &Graph, wanted: &[&str], summary: bool) -> Result<()> {
    let ids = |graph: &Graph| wanted.iter().map(|name| graph.require(name)).collect::<Result<Vec<_>, _>>();
    let graph = graph.pruned(&ids(graph)?);
    let ids = ids(&graph)?;
    let text = if summary { graph.summary(&ids) } else { graph.table(&ids) };
    println!("\n{title}\n{}", text.trim_end());
    Ok(())
}

impl Parts {
    fn read(path: &Path) -> Result<Self> {
        if path.is_dir() {
            return Self::read_folder(path);
        }
        let json = json(path)?;
        let object = json.as_object().ok_or_else(|| anyhow!("{} is no JSON object.", path.display()))?;
        Self::of_object(object).with_context(|| path.display().to_string())
    }

    fn read_folder(path: &Path) -> Result<Self> {
        let pack = path.join(maskov_weights::MANIFEST_NAME);
        if pack.is_file() {
            let manifest = maskov_weights::Manifest::parse(&read(&pack)?)?;
            let config = |component: &str| manifest.configs.get(component).cloned();
            return Ok(Self {
                unet: config("unet"),
                vae: config("vae"),
                text_encoder: config("text_encoder"),
                settings: Some(manifest.settings.clone()),
            });
        }
        let part = |file: &str| path.join(file).is_file().then(|| json(&path.join(file))).transpose();
        if let Some(Value::Object(config)) = part("config.json")? {
            return Self::of_object(&config).with_context(|| path.display().to_string());
        }
        let parts = Self {
            unet: part("unet/config.json")?,
            vae: part("vae/config.json")?,
            text_encoder: part("text_encoder/config.json")?,
            settings: part("settings.json")?,
        };
        if parts.unet.is_none() && parts.vae.is_none() && parts.text_encoder.is_none() {
            bail!(
                "{} has no pack.json, config.json or unet/config.json. Give a model folder or a config file.",
                path.display()
            );
        }
        Ok(parts)
    }

    fn of_object(object: &Map<String, Value>) -> Result<Self> {
        let part = |component: &str| object.get(component)?.get("config").cloned();
        let parts = Self {
            unet: part("unet"),
            vae: part("vae"),
            text_encoder: part("text_encoder"),
            settings: object.get("settings").cloned(),
        };
        if parts.unet.is_some() || parts.vae.is_some() || parts.text_encoder.is_some() {
            return Ok(parts);
        }
        let config = Some(Value::Object(object.clone()));
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        match (text("_class_name"), text("model_type")) {
            (Some("UNet2DConditionModel"), _) => Ok(Self { unet: config, ..Self::default() }),
            (Some("AutoencoderKL"), _) => Ok(Self { vae: config, ..Self::default() }),
            (_, Some("clip_text_model")) => Ok(Self { text_encoder: config, ..Self::default() }),
            (class, model_type) => bail!(
                "a config of {} is not supported: take that of a UNet2DConditionModel, an AutoencoderKL or a CLIPTextModel",
                class.or(model_type).unwrap_or("unknown class")
            ),
        }
    }
}

fn json(path: &Path) -> Result<Value> {
    serde_json::from_slice(&read(path)?).with_context(|| format!("{} is no JSON", path.display()))
}

fn layer_weight(text: &str) -> Result<(String, f32), String> {
    let weight = text.split_once('=').and_then(|(layer, weight)| Some((layer, weight.parse().ok()?)));
    match weight {
        Some((layer, weight)) => Ok((layer.to_owned(), weight)),
        None => {
            Err("write LAYER=WEIGHT, such as up_blocks.3.attentions.0.transformer_blocks.0.attn1=0.5"
                .to_owned())
        }
    }
}
