//! stub
use clap::Args;
/// x
#[derive(Args)]
pub struct CapsArgs {}
pub fn run(_: CapsArgs) -> anyhow::Result<()> {
    Ok(())
}
