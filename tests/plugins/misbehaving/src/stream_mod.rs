//! Another well-behaved one: hands on its rows in the blocking form, by Arrow C streams, and computes on the host's pool.

use pypeline_sdk::prelude::*;

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StreamConfig {}

pub struct Stream;

impl Module for Stream {
    type Config = StreamConfig;
    const MANIFEST: Manifest = Manifest::transform("stream_mod")
        .category("Demo")
        .description("Hands on its rows as a blocking stream")
        .globals(&["row_count", "doubled"]);

    fn create(_: StreamConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (input, output) = (io.input("input")?, io.output("output")?);
        let rows = output.send_reader(Box::new(input.into_reader()?)).await?;
        let doubled = io.context.run_blocking(move || Ok(rows * 2)).await?;
        io.context.set_global("row_count", &rows)?;
        io.context.set_global("doubled", &doubled)
    }
}
