//! `log_rows_mod`: prints the first rows as a table and hands on all of them.

use arrow_array::RecordBatch;
use arrow_cast::pretty::pretty_format_batches;
use pypeline_sdk::prelude::*;

/// What to print.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LogRowsConfig {
    /// Rows to print
    #[serde(default = "twenty")]
    rows: usize,
    /// A line above the table
    #[serde(default)]
    title: Option<String>,
}

fn twenty() -> usize {
    20
}

pub struct LogRows(LogRowsConfig);

impl Module for LogRows {
    type Config = LogRowsConfig;
    const MANIFEST: Manifest = Manifest::transform("log_rows_mod")
        .category("Rows")
        .description("Prints the first rows as a table and hands on all of them")
        .globals(&["row_count"])
        .packages(&["arrow"]);

    fn columns(_: &LogRowsConfig, inputs: &Columns) -> Result<Columns> {
        Ok(inputs.handed_on("input", "output"))
    }

    fn create(config: LogRowsConfig) -> Result<Self> {
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (mut input, mut output) = (io.input("input")?, io.output("output")?);
        let schema = input.schema()?;
        output.open(&schema)?;
        let (mut head, mut shown, mut total) = (Vec::new(), 0, 0_u64);
        while let Some(batch) = input.next().await? {
            let take = batch.num_rows().min(self.0.rows - shown);
            if take > 0 {
                head.push(batch.slice(0, take));
                shown += take;
            }
            total += batch.num_rows() as u64;
            output.send(batch).await?;
        }
        if head.is_empty() {
            head.push(RecordBatch::new_empty(schema));
        }
        let title = self.0.title.clone().unwrap_or_else(|| io.context.node_id());
        let table = pretty_format_batches(&head)?;
        io.context.info(format!("{title}: {shown} of {total} rows\n{table}"));
        io.context.set_global("row_count", &total)
    }
}
