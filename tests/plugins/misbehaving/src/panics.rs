//! Modules that panic: half way through their rows, and before the first one.

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
