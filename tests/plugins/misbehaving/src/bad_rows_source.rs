//! A source that declares one table and sends another.

use arrow_array::{Int64Array, RecordBatch, StringViewArray};
use arrow_schema::{DataType, Field, Schema};
use pypeline_sdk::prelude::*;
use std::sync::Arc;

/// Nothing to configure.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BadRowsConfig {}

pub struct BadRows;

impl Module for BadRows {
    type Config = BadRowsConfig;
    const MANIFEST: Manifest =
        Manifest::source("bad_rows_source").category("Demo").description("Sends other rows than it declared");

    fn create(_: BadRowsConfig) -> Result<Self> {
        Ok(Self)
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let mut output = io.output("data")?;
        let numbers = Arc::new(Schema::new(vec![Field::new("declared", DataType::Int64, true)]));
        output.open(&numbers)?;
        output.send(RecordBatch::try_new(numbers, vec![Arc::new(Int64Array::from(vec![1]))])?).await?;
        let texts = Arc::new(Schema::new(vec![Field::new("sent", DataType::Utf8View, true)]));
        let text = Arc::new(StringViewArray::from(vec!["one"]));
        output.send(RecordBatch::try_new(texts, vec![text])?).await
    }
}
