//! The well-behaved one: hands on its rows through a task and a timer of the plugin's own tokio.

use pypeline_sdk::prelude::*;
use std::time::Duration;

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PassConfig {}

pub struct Pass;

impl Module for Pass {
    type Config = PassConfig;
    const MANIFEST: Manifest = Manifest::transform("pass_mod")
        .category("Demo")
        .description("Hands on its rows by way of a tokio task")
        .globals(&["row_count"]);

    fn create(_: PassConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (mut input, mut output) = (io.input("input")?, io.output("output")?);
        output.open(&input.schema()?)?;
        let mut total = 0;
        while let Some(batch) = input.next().await? {
            let handed_on = tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(1)).await;
                batch
            });
            let batch = handed_on.await?;
            total += batch.num_rows();
            output.send(batch).await?;
        }
        io.context.set_global("row_count", &total)
    }
}
