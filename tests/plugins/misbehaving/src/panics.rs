//! Modules that panic: half way through their rows, before the first one, and with something to put away.

use pypeline_sdk::prelude::*;

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PanicConfig {}

pub struct PanicRun;

impl Module for PanicRun {
    type Config = PanicConfig;
    const MANIFEST: Manifest =
        Manifest::transform("panic_mod").category("Demo").description("Panics after its first batch");

    fn create(_: PanicConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (mut input, mut output) = (io.input("input")?, io.output("output")?);
        output.open(&input.schema()?)?;
        if let Some(batch) = input.next().await? {
            output.send(batch).await?;
        }
        panic!("one batch is enough")
    }
}

pub struct PanicSetup;

impl Module for PanicSetup {
    type Config = PanicConfig;
    const MANIFEST: Manifest =
        Manifest::source("panic_setup_source").category("Demo").description("Panics before its first row");

    fn create(_: PanicConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn setup(&mut self, _: &RunContext) -> Result<()> {
        panic!("not today")
    }

    async fn run(&mut self, _: &mut Io) -> Result<()> {
        Ok(())
    }
}

/// Where to leave a trace.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PanicSoloConfig {
    /// Written by its teardown; relative to the project
    ended_file: String,
}

pub struct PanicSolo(PanicSoloConfig);

impl Module for PanicSolo {
    type Config = PanicSoloConfig;
    const MANIFEST: Manifest =
        Manifest::solo("panic_solo").category("Demo").description("Panics, and is torn down all the same");

    fn create(config: PanicSoloConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, _: &mut Io) -> Result<()> {
        panic!("nothing to do")
    }

    async fn teardown(&mut self, context: &RunContext) -> Result<()> {
        std::fs::write(context.path(&self.0.ended_file), "ended")?;
        Ok(())
    }
}
