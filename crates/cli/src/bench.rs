//! stub
use clap::Args;
/// x
#[derive(Args)]
pub struct BenchArgs {}
pub fn run(_: BenchArgs) -> anyhow::Result<()> {
    Ok(())
}
