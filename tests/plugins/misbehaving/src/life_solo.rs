//! A step that logs each part of its life, so that the life of instances can be seen.

use pypeline_sdk::prelude::*;

/// What to say, and how often to fail first.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LifeConfig {
    /// Said with every word
    #[serde(default)]
    tag: String,
    /// Attempts that fail, in a way that may go away
    #[serde(default)]
    failures: u32,
    /// File that holds the number of attempts so far; relative to the project
    #[serde(default)]
    attempts_file: Option<String>,
}

pub struct Life(LifeConfig);

impl Life {
    fn say(&self, context: &RunContext, what: &str) {
        context.info(format!("{what} {}", self.0.tag).trim_end());
    }
}

impl Module for Life {
    type Config = LifeConfig;
    const MANIFEST: Manifest = Manifest::solo("life_solo").category("Demo").description("Logs its life");

    fn create(config: LifeConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn setup(&mut self, context: &RunContext) -> Result<()> {
        self.say(context, "set up");
        Ok(())
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        self.say(&io.context, "run");
        let Some(path) = self.0.attempts_file.as_ref().map(|path| io.context.path(path)) else { return Ok(()) };
        let before: u32 = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        std::fs::write(&path, (before + 1).to_string())?;
        if before < self.0.failures {
            return Err(Error::other("not yet").transient());
        }
        Ok(())
    }

    async fn teardown(&mut self, context: &RunContext) -> Result<()> {
        self.say(context, "torn down");
        Ok(())
    }
}
