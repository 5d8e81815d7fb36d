//! A step that takes the whole process with it, as a crash in somebody else's library does.

use pypeline_sdk::prelude::*;

/// When to spare it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AbortConfig {
    /// Where there is such a file, it ends well; relative to the project
    unless_file: String,
}

pub struct Abort(AbortConfig);

impl Module for Abort {
    type Config = AbortConfig;
    const MANIFEST: Manifest = Manifest::solo("abort_solo").category("Demo").description("Aborts the process");

    fn create(config: AbortConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        if io.context.path(&self.0.unless_file).exists() {
            return Ok(());
        }
        std::process::abort()
    }
}
