//! s
use clap::Args;
/// x
#[derive(Args)]
pub struct EvalArgs {}
pub fn run(_: EvalArgs) -> anyhow::Result<()> {
    Ok(())
}
