//! `maskov graph`.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;
use maskov_diffusion::{
    Probes, TextEncoderConfig, VaeConfig, text_graph, unet_graph, vae_graph, verification_graph,
};
use maskov_graph::Graph;

use crate::configs::Parts;

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

/// Runs the subcommand.
pub fn run(args: GraphArgs) -> Result<()> {
    let parts = Parts::read(&args.config)?;
    match &parts.unet {
        Some(_) => print_model(&args, &parts)?,
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

fn print_model(args: &GraphArgs, parts: &Parts) -> Result<()> {
    let mut model = parts.model()?;
    if !args.attention.is_empty() {
        model.settings.attention = args.attention.iter().cloned().collect();
    }
    let resolution = args.resolution.unwrap_or(model.settings.resolution);
    println!("R = {resolution}");
    // The UNet alone needs neither the VAE's config nor its weights.
    let alone = unet_graph(&model.configs.unet, &model.settings, resolution)?;
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
