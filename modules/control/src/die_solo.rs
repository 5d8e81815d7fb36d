//! `die_solo`: fails on purpose, with a message of the flow's own.

use pypeline_sdk::prelude::*;

/// How to fail.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DieConfig {
    /// What went wrong
    message: String,
    /// A number that tells failures apart
    #[serde(default = "four")]
    code: i64,
    /// Another attempt may succeed: `retries` applies
    #[serde(default)]
    transient: bool,
}

fn four() -> i64 {
    4
}

pub struct Die(DieConfig);

impl Module for Die {
    type Config = DieConfig;
    const MANIFEST: Manifest = Manifest::solo("die_solo")
        .category("Control")
        .description("Fails with a message")
        .globals(&["message", "code"]);

    fn create(config: DieConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        io.context.set_global("message", &self.0.message)?;
        io.context.set_global("code", &self.0.code)?;
        Err(self.failure())
    }
}

impl Die {
    fn failure(&self) -> Error {
        let error = Error::other(&self.0.message).with("code", self.0.code);
        if self.0.transient { error.transient() } else { error }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_failure_is_what_the_flow_says() {
        for transient in [false, true] {
            let fault =
                Die(DieConfig { message: "no rate for today".to_owned(), code: 7, transient }).failure().into_fault();
            assert_eq!((fault.to_string().as_str(), fault.transient), ("no rate for today; code: 7", transient));
        }
    }
}
