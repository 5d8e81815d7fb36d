//! `inline_source`: rows that are written in the flow itself, for small tables and for tests.

use crate::batches;
use crate::json_rows::{Row, table};
use arrow_array::RecordBatch;
use pypeline_sdk::lowering::Column;
use pypeline_sdk::prelude::*;

/// The rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InlineConfig {
    /// Names and types of all columns, in order; without it those of the mappings in `rows`, by name within a row, as their values are
    #[serde(default)]
    columns: Option<Vec<Column>>,
    /// Rows: lists of one value per column, or mappings of column names to values, where a missing one is NULL
    rows: Vec<Row>,
}

pub struct Inline(RecordBatch);

impl Module for Inline {
    type Config = InlineConfig;
    const MANIFEST: Manifest = Manifest::source("inline_source")
        .category("Rows")
        .description("Gives rows that are written in the flow")
        .globals(&["row_count"])
        .packages(&["arrow"]);

    fn columns(config: &InlineConfig, _: &Columns) -> Result<Columns> {
        let table = table(config.columns.as_deref(), &config.rows)?;
        Ok(Columns::unknown().with_schema("data", &table.schema()))
    }

    fn create(config: InlineConfig) -> Result<Self> {
        Ok(Self(table(config.columns.as_deref(), &config.rows)?))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        batches::send(&mut io.output("data")?, &self.0).await?;
        io.context.set_global("row_count", &self.0.num_rows())
    }
}
