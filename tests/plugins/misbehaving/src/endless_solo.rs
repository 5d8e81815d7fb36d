//! A step that never ends by itself, so that stopping a run can be seen to work.

use pypeline_sdk::prelude::*;
use std::time::Duration;

/// Where to leave traces, and whether to stop when asked to.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndlessConfig {
    /// Written once it runs, with the path of its temporary folder; relative to the project
    started_file: String,
    /// Written by its teardown; relative to the project
    ended_file: String,
    /// Go on when asked to stop
    #[serde(default)]
    deaf: bool,
}

pub struct Endless(EndlessConfig);

impl Module for Endless {
    type Config = EndlessConfig;
    const MANIFEST: Manifest = Manifest::solo("endless_solo").category("Demo").description("Never ends by itself");

    fn create(config: EndlessConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn setup(&mut self, context: &RunContext) -> Result<()> {
        std::fs::write(context.temp_folder()?.join("half-done"), "rows")?;
        Ok(())
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let started = io.context.path(&self.0.started_file);
        // Renamed, so that whoever waits for the file never reads half of it.
        let beside = started.with_extension("beside");
        std::fs::write(&beside, io.context.temp_folder()?.display().to_string())?;
        std::fs::rename(&beside, &started)?;
        loop {
            tokio::time::sleep(Duration::from_millis(10)).await;
            if io.context.is_cancelled() && !self.0.deaf {
                return Ok(());
            }
        }
    }

    async fn teardown(&mut self, context: &RunContext) -> Result<()> {
        std::fs::write(context.path(&self.0.ended_file), "ended")?;
        Ok(())
    }
}
