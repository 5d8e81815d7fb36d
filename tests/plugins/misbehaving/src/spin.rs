//! Modules that hold on to their thread and never await, as a loop without an end does: a solo, and a mod before a sink.

use pypeline_sdk::prelude::*;
use std::time::Duration;

/// Where to leave traces, and when to let go.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SpinConfig {
    /// Written once it runs; relative to the project
    started_file: String,
    /// Let go when there is such a file; never, if it is not given; relative to the project
    #[serde(default)]
    until_file: Option<String>,
    /// Written when it has let go; relative to the project
    #[serde(default)]
    ended_file: Option<String>,
}

impl SpinConfig {
    /// Holds the thread. It sleeps between two looks: to whoever waits for the thread that is the same, and the machine stays cool.
    fn spin(&self, context: &RunContext) -> Result<()> {
        std::fs::write(context.path(&self.started_file), "started")?;
        let until = self.until_file.as_ref().map(|path| context.path(path));
        while !until.as_ref().is_some_and(|path| path.exists()) {
            std::thread::sleep(Duration::from_millis(5));
        }
        match &self.ended_file {
            Some(path) => Ok(std::fs::write(context.path(path), "ended")?),
            None => Ok(()),
        }
    }
}

pub struct Spin(SpinConfig);

impl Module for Spin {
    type Config = SpinConfig;
    const MANIFEST: Manifest =
        Manifest::solo("spin_solo").category("Demo").description("Never awaits").globals(&["ended"]);

    fn create(config: SpinConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        self.0.spin(&io.context)?;
        // By now it may long have been given up: nobody may see this then.
        io.context.set_global("ended", &true)
    }
}

pub struct SpinMod(SpinConfig);

impl Module for SpinMod {
    type Config = SpinConfig;
    const MANIFEST: Manifest =
        Manifest::transform("spin_mod").category("Demo").description("Hands on its rows, and then never awaits");

    fn create(config: SpinConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (mut input, mut output) = (io.input("input")?, io.output("output")?);
        output.open(&input.schema()?)?;
        while let Some(batch) = input.next().await? {
            output.send(batch).await?;
        }
        self.0.spin(&io.context)
    }
}
