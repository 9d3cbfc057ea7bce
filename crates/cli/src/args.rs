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

/// `X,Y` or `X,Y:bg`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PointArg(pub PromptPoint);

impl FromStr for PointArg {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, label) = text.split_once(':').unwrap_or((text, "fg"));
        let foreground = match label {
            "fg" => true,
            "bg" => false,
            other => return Err(format!("`{other}` is neither fg nor bg; write X,Y or X,Y:bg")),
        };
        let number = |text: &str| text.trim().parse::<u32>().ok();
        match place.split_once(',').map(|(x, y)| (number(x), number(y))) {
            Some((Some(x), Some(y))) => Ok(Self(PromptPoint::new(x, y, foreground))),
            _ => {
                Err("write whole pixels from the left and the top, such as 320,200 or 320,200:bg".to_owned())
            }
        }
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
}
