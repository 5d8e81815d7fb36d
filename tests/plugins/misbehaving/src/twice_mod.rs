//! Says that each row leaves it once at most, and gives each twice.

use pypeline_sdk::prelude::*;

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TwiceConfig {}

pub struct Twice;

impl Module for Twice {
    type Config = TwiceConfig;
    const MANIFEST: Manifest =
        Manifest::transform("twice_mod").category("Demo").description("Gives more rows than it takes").parts_rows();

    fn create(_: TwiceConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (mut input, mut output) = (io.input("input")?, io.output("output")?);
        output.open(&input.schema()?)?;
        while let Some(batch) = input.next().await? {
            output.send(batch.clone()).await?;
            output.send(batch).await?;
        }
        Ok(())
    }
}
