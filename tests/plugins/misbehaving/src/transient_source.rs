//! A source that fails in a way that goes away, so that retries can be seen to work.

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use pypeline_sdk::prelude::*;
use std::sync::Arc;

/// How often to fail, and where to remember it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TransientConfig {
    /// File that holds the number of attempts so far; relative to the project
    attempts_file: String,
    /// Attempts that fail
    #[serde(default = "one")]
    failures: u32,
}

fn one() -> u32 {
    1
}

pub struct Transient(TransientConfig);

impl Module for Transient {
    type Config = TransientConfig;
    const MANIFEST: Manifest =
        Manifest::source("transient_source").category("Demo").description("Fails at first, then gives three rows");

    fn create(config: TransientConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let path = io.context.path(&self.0.attempts_file);
        let before: u32 = std::fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0);
        std::fs::write(&path, (before + 1).to_string())?;
        let mut output = io.output("data")?;
        let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]));
        let rows: Vec<i64> = vec![1, 2, 3];
        // Also an attempt that fails has given rows: they must not be counted, or written, twice.
        output.send(RecordBatch::try_new(schema, vec![Arc::new(Int64Array::from(rows))])?).await?;
        if before < self.0.failures {
            return Err(Error::io("the server hung up").with("attempt", before + 1).transient());
        }
        Ok(())
    }
}
