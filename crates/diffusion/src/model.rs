//! One list from the image to the attention map, or to everything that can be verified.

use maskov_graph::{Graph, GraphBuilder, Operation, Shape, Tap};
use maskov_model::{ModelError, ModelGraph, Probes, SelfAttention, check_resolution};

use crate::unet::unet;
use crate::vae_encoder::vae_encoder;
use crate::{DiffusionSettings, Latents, PROMPT_TOKENS, TextEmbedding, UnetConfig, VaeConfig};

/// The configs of a model that sees images.
#[derive(Clone, Debug, PartialEq)]
pub struct Configs {
    /// `unet/config.json`.
    pub unet: UnetConfig,
    /// `vae/config.json`, where the latents come from a VAE.
    pub vae: Option<VaeConfig>,
}

/// Where the latents come from, once settings and configs are known to agree.
#[derive(Clone, Copy)]
enum Source<'a> {
    Pixels { factor: usize, positions: bool },
    Vae(&'a VaeConfig),
}

impl Source<'_> {
    fn image_factor(&self) -> usize {
        match self {
            Self::Pixels { factor, .. } => *factor,
            Self::Vae(vae) => vae.downsampling(),
        }
    }
}

impl Configs {
    /// Pixels of the image per token, on each axis.
    pub fn image_factor(&self, settings: &DiffusionSettings) -> Result<usize, ModelError> {
        Ok(self.source(settings)?.image_factor())
    }

    /// The shape of the constant input `text_embedding`; an error when the model cannot take what the settings give.
    pub fn text_shape(&self, settings: &DiffusionSettings) -> Result<Shape, ModelError> {
        text_shape(&self.unet, settings)
    }

    fn source(&self, settings: &DiffusionSettings) -> Result<Source<'_>, ModelError> {
        let needed = self.unet.in_channels;
        match (&settings.latents, &self.vae) {
            (Latents::PixelUnshuffle { factor, position_channels, .. }, _) => {
                match 3 * factor * factor + position_channels {
                    given if given == needed => {
                        Ok(Source::Pixels { factor: *factor, positions: *position_channels == 2 })
                    }
                    given => contradiction(format!(
                        "the UNet's in_channels is {needed}, but the settings' pixel_unshuffle gives {given}; \
                         take settings and config of one model"
                    )),
                }
            }
            (Latents::Vae, None) => contradiction(
                "the latents come from a VAE, but vae/config.json is missing; take the whole checkpoint"
                    .to_owned(),
            ),
            (Latents::Vae, Some(vae)) if vae.latent_channels != needed => contradiction(format!(
                "the UNet's in_channels is {needed}, but the VAE gives {}; 9 channels are an inpainting model, 5 a \
                 depth model, 8 an image-editing model: take the plain text-to-image checkpoint",
                vae.latent_channels
            )),
            (Latents::Vae, Some(vae)) if vae.in_channels != 3 => contradiction(format!(
                "the VAE takes {} channels, but a photo has 3; take the VAE of SD 1.x or SD 2.x",
                vae.in_channels
            )),
            (Latents::Vae, Some(vae)) => Ok(Source::Vae(vae)),
        }
    }
}

fn text_shape(unet: &UnetConfig, settings: &DiffusionSettings) -> Result<Shape, ModelError> {
    let dims = &unet.cross_attention_dims;
    let (tokens, width) = match settings.text_embedding {
        TextEmbedding::EmptyPrompt => (PROMPT_TOKENS, dims[0]),
        TextEmbedding::Zeros { tokens, width } => (tokens, width),
    };
    match dims.iter().find(|dim| **dim != width) {
        Some(dim) => contradiction(format!(
            "the text embedding has {width} values per token, but the UNet's cross_attention_dim is {dim}; take \
             settings and config of one model"
        )),
        None => Ok(Shape { height: 1, width: tokens, channels: width }),
    }
}

/// The list from `image` to `attention`, and nothing that the map does not need: what lies behind the last wanted Q and
/// K is not in it, nor are its weights.
pub fn attention_graph(
    configs: &Configs,
    settings: &DiffusionSettings,
    resolution: usize,
) -> Result<ModelGraph, ModelError> {
    let mut list = GraphBuilder::new();
    let found = whole(&mut list, configs, settings, resolution, false)?;
    let taps = wanted_taps(&list, found, settings, resolution)?;
    let map = list.op("attention", Operation::AttentionMap { taps, grid: [resolution; 2] })?;
    let graph = list.finish().pruned(&[map]);
    Ok(ModelGraph {
        attention: graph.require("attention")?,
        graph,
        resolution,
        image_side: resolution * configs.image_factor(settings)?,
    })
}

/// The whole list: `latents`, the output of every module by its path, `noise_pred`, and what `probes` asks for.
/// [`Graph::pruned`] reduces it to what is to be checked.
pub fn verification_graph(
    configs: &Configs,
    settings: &DiffusionSettings,
    resolution: usize,
    probes: Probes,
) -> Result<Graph, ModelError> {
    let mut list = match probes.norms {
        true => GraphBuilder::unfused(),
        false => GraphBuilder::new(),
    };
    whole(&mut list, configs, settings, resolution, probes.attention_maps)?;
    Ok(list.finish())
}

/// The UNet alone, as far as `unet/config.json` alone goes: from inputs `latents` `[R, R, in_channels]` and
/// `text_embedding` to `noise_pred`, and to `attention`, the last. [`Graph::pruned`] reduces it to one of them.
pub fn unet_graph(
    config: &UnetConfig,
    settings: &DiffusionSettings,
    resolution: usize,
) -> Result<Graph, ModelError> {
    check_resolution(resolution, config.downsampling())?;
    let mut list = GraphBuilder::new();
    let grid = Shape { height: resolution, width: resolution, channels: config.in_channels };
    let latents = list.input("latents", grid, false)?;
    let text = list.input("text_embedding", text_shape(config, settings)?, true)?;
    let found = unet(&mut list, config, latents, text, settings.timestep, false)?;
    let taps = wanted_taps(&list, found, settings, resolution)?;
    list.op("attention", Operation::AttentionMap { taps, grid: [resolution; 2] })?;
    Ok(list.finish())
}

/// The VAE's encoder alone, from the input `image` to `latents` over R × R tokens.
pub fn vae_graph(config: &VaeConfig, resolution: usize) -> Result<Graph, ModelError> {
    check_resolution(resolution, 1)?;
    let mut list = GraphBuilder::new();
    let side = resolution * config.downsampling();
    let image =
        list.input("image", Shape { height: side, width: side, channels: config.in_channels }, false)?;
    vae_encoder(&mut list, config, image)?;
    Ok(list.finish())
}

fn whole(
    list: &mut GraphBuilder,
    configs: &Configs,
    settings: &DiffusionSettings,
    resolution: usize,
    maps: bool,
) -> Result<Vec<SelfAttention>, ModelError> {
    let source = configs.source(settings)?;
    check_resolution(resolution, configs.unet.downsampling())?;
    let side = resolution * source.image_factor();
    let image = list.input("image", Shape { height: side, width: side, channels: 3 }, false)?;
    let text = list.input("text_embedding", configs.text_shape(settings)?, true)?;
    let latents = match source {
        Source::Pixels { factor, positions } => {
            list.op("latents", Operation::PixelUnshuffle { input: image, factor, positions })?
        }
        Source::Vae(vae) => vae_encoder(list, vae, image)?,
    };
    Ok(unet(list, &configs.unet, latents, text, settings.timestep, maps)?)
}

/// The layers of the settings, of those that see all R × R tokens.
fn wanted_taps(
    list: &GraphBuilder,
    found: Vec<SelfAttention>,
    settings: &DiffusionSettings,
    resolution: usize,
) -> Result<Vec<Tap>, ModelError> {
    let at_top = |layer: &SelfAttention| list.shape(layer.tap.query).height == resolution;
    settings.common.taps(&found.into_iter().filter(at_top).collect::<Vec<_>>())
}

fn contradiction<T>(reason: String) -> Result<T, ModelError> {
    Err(ModelError::Contradiction { reason })
}
