//! `noop_solo`: does nothing. A place for control links to meet.

use pypeline_sdk::prelude::*;

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NoopConfig {}

pub struct Noop;

impl Module for Noop {
    type Config = NoopConfig;
    const MANIFEST: Manifest =
        Manifest::solo("noop_solo").category("Control").description("Does nothing: a place for control links to meet");

    fn create(_: NoopConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn run(&mut self, _: &mut Io) -> Result<()> {
        Ok(())
    }
}
