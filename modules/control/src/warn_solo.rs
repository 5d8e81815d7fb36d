//! `warn_solo`: a log line of the flow's own, which fails nothing.

use pypeline_sdk::context::Level;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::json;

/// What to write.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WarnConfig {
    /// The line
    message: String,
    /// A number that tells such lines apart
    #[serde(default = "forty_two")]
    code: i64,
    /// How grave it is: `error`, `warn`, `info` or `debug`
    #[serde(default)]
    level: Gravity,
}

/// Levels of log lines.
#[derive(Deserialize, Serialize, JsonSchema, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
pub enum Gravity {
    /// Something failed
    Error,
    /// Something is odd
    #[default]
    Warn,
    /// Something happened
    Info,
    /// For the curious
    Debug,
}

fn forty_two() -> i64 {
    42
}

pub struct Warn(WarnConfig);

impl Module for Warn {
    type Config = WarnConfig;
    const MANIFEST: Manifest = Manifest::solo("warn_solo")
        .category("Control")
        .description("Writes a log line and goes on")
        .globals(&["message", "code"]);

    fn create(config: WarnConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let WarnConfig { message, code, level } = &self.0;
        let level = match level {
            Gravity::Error => Level::Error,
            Gravity::Warn => Level::Warn,
            Gravity::Info => Level::Info,
            Gravity::Debug => Level::Debug,
        };
        io.context.log(level, message, &json!({"code": code}));
        io.context.set_global("message", message)?;
        io.context.set_global("code", code)
    }
}
