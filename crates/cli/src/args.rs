//! Arguments that several subcommands share.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, ValueEnum};
use maskov_engine::{DeviceChoice, MethodName, PromptPoint};

/// `--device`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum DeviceArg {
    /// A hardware adapter where there is one, else the CPU
    #[default]
    Auto,
    /// Any adapter, a software one included
    Gpu,
    /// The CPU
    Cpu,
}

impl From<DeviceArg> for DeviceChoice {
    fn from(arg: DeviceArg) -> Self {
        match arg {
            DeviceArg::Auto => Self::Auto,
            DeviceArg::Gpu => Self::Gpu,
            DeviceArg::Cpu => Self::Cpu,
        }
    }
}

/// `--method`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// The paper's
    M2n2,
    /// Ours: each click corrects the mask before it, which is cut along the photo's edges
    Maskov,
}

impl From<MethodArg> for MethodName {
    fn from(arg: MethodArg) -> Self {
        match arg {
            MethodArg::M2n2 => Self::M2n2,
            MethodArg::Maskov => Self::Maskov,
        }
    }
}

/// Which model, at which R, and where.
#[derive(Clone, Debug, Args)]
pub struct EngineArgs {
    /// Model pack or checkpoint folder [default: $MASKOV_MODEL, else the model inside this program]
    #[arg(long, value_name = "PACK")]
    pub model: Option<PathBuf>,
    /// Attention resolution R [default: the model's own on a GPU, 32 on a CPU]
    #[arg(long, value_name = "R")]
    pub resolution: Option<usize>,
    /// Where to compute
    #[arg(long, value_enum, default_value_t)]
    pub device: DeviceArg,
    /// How maps become masks [default: what the model's settings name]
    #[arg(long, value_enum)]
    pub method: Option<MethodArg>,
}

/// `X,Y`, with `:bg` and `:size=SHARE` in any order where they are wanted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointArg(pub PromptPoint);

impl FromStr for PointArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split(':');
        let number = |text: &str| text.trim().parse::<u32>().ok();
        let place = parts.next().unwrap_or_default().split_once(',');
        let Some((Some(x), Some(y))) = place.map(|(x, y)| (number(x), number(y))) else {
            return Err(
                "write whole pixels from the left and the top, such as 320,200 or 320,200:bg".to_owned()
            );
        };
        let (mut foreground, mut written) = (None, None);
        for part in parts {
            let is_first = match part.split_once('=') {
                None if part == "fg" || part == "bg" => foreground.replace(part == "fg").is_none(),
                Some(("size", share)) => written.replace(size(share)?).is_none(),
                _ => {
                    return Err(format!(
                        "`{part}` is neither bg nor size=SHARE; write X,Y:bg or X,Y:size=0.12"
                    ));
                }
            };
            if !is_first {
                return Err(format!(
                    "`{part}` says a second time what was said before; leave one of them out"
                ));
            }
        }
        let mut point = PromptPoint::new(x, y, foreground.unwrap_or(true));
        point.size = written;
        Ok(Self(point))
    }
}

fn size(share: &str) -> Result<f32, String> {
    match share.trim().parse::<f32>() {
        Ok(size) if size.is_finite() => Ok(size),
        _ => Err(format!("`{share}` is no share of the photo; write a number such as size=0.12 for 12 %")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_are_read_with_their_label() {
        let point = |x, y, foreground| Ok(PointArg(PromptPoint::new(x, y, foreground)));
        assert_eq!("3,4".parse(), point(3, 4, true));
        assert_eq!("3, 4:bg".parse(), point(3, 4, false));
        assert_eq!("0,0:fg".parse(), point(0, 0, true));
        for bad in ["", "3", "3,", "3,4,5", "-1,2", "1.5,2", "3,4:background", "a,b", "4294967296,0"] {
            assert!(bad.parse::<PointArg>().is_err(), "{bad}");
        }
    }

    #[test]
    fn points_are_read_with_their_size() {
        let read = |text: &str| text.parse::<PointArg>().unwrap().0;
        let sized = |size| PromptPoint { size: Some(size), ..PromptPoint::new(3, 4, false) };
        assert_eq!(read("3,4:bg:size=0.05"), sized(0.05));
        assert_eq!(read("3,4:size=5e-2:bg"), sized(0.05));
        assert_eq!(read("3,4:bg:size=12"), sized(12.0));
        for (bad, said) in [
            ("3,4:size=", "`` is no share of the photo"),
            ("3,4:size=12%", "`12%` is no share"),
            ("3,4:size=nan", "no share"),
            ("3,4:size=inf", "no share"),
            ("3,4:size", "neither bg nor size"),
            ("3,4:share=0.1", "neither bg nor size"),
            ("3,4:size=0.1:size=0.1", "a second time"),
            ("3,4:bg:fg", "a second time"),
        ] {
            let refused = bad.parse::<PointArg>().unwrap_err();
            assert!(refused.contains(said), "{bad}: {refused}");
        }
    }
}
