//! `maskov graph`.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use maskov_engine::listings;
use maskov_graph::Graph;
use maskov_model::{Listing, ListingOptions};

use crate::configs;

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
    let files = configs::read(&args.config)?;
    let options = ListingOptions {
        resolution: args.resolution,
        attention: args.attention.into_iter().collect(),
        whole: args.whole,
    };
    let listings = listings(&files, &options).with_context(|| args.config.display().to_string())?;
    listings.into_iter().try_for_each(|listing| print(&listing, args.summary))
}

/// The part of a list that makes the wanted tensors, and its totals.
fn print(listing: &Listing, summary: bool) -> Result<()> {
    let Listing { title, graph, wanted, totals_only } = listing;
    let ids = |graph: &Graph| wanted.iter().map(|name| graph.require(name)).collect::<Result<Vec<_>, _>>();
    let graph = graph.pruned(&ids(graph)?);
    let ids = ids(&graph)?;
    let text = if summary || *totals_only { graph.summary(&ids) } else { graph.table(&ids) };
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
