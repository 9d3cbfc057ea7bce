//! stub
use clap::Args;
/// x
#[derive(Args)]
pub struct GraphArgs {}
pub fn run(_: GraphArgs) -> anyhow::Result<()> {
    Ok(())
}
