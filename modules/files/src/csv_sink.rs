//! `csv_sink`: rows into delimited text.

use crate::csv_source::one_byte;
use crate::partitions;
use pypeline_sdk::lowering::{CsvWrite, Destination, WriteFormat, WriteMode};
use pypeline_sdk::prelude::*;

/// Where the file goes and how it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvSinkConfig {
    /// Path of the file, or of the folder where `partition_by` is given; relative to the project
    output_path: String,
    /// What to do with what is there: `overwrite`, `append` or `error`
    #[serde(default)]
    mode: WriteMode,
    /// Columns that part the rows into folders `column=value`, one in another, and are not in the files; `output_path` is then
    /// the folder around them
    #[serde(default)]
    partition_by: Vec<String>,
    /// The character between values
    #[serde(default = "comma")]
    delimiter: char,
    /// The character around values that need it
    #[serde(default = "quote")]
    quote: char,
    /// Write the column names first
    #[serde(default = "yes")]
    header: bool,
    /// The text for NULL
    #[serde(default)]
    null_value: String,
}

fn comma() -> char {
    ','
}

fn quote() -> char {
    '"'
}

fn yes() -> bool {
    true
}

pub struct CsvSink;

impl Module for CsvSink {
    type Config = CsvSinkConfig;
    const MANIFEST: Manifest = Manifest::sink("csv_sink")
        .category("File Sinks")
        .description("Writes rows to a CSV file, whole or not at all")
        .globals(&["row_count"])
        .effect(Effect::AtomicReplace)
        .lowers();

    fn lower(config: &CsvSinkConfig, _: &Ports) -> Result<Lowering> {
        one_byte("delimiter", config.delimiter)?;
        one_byte("quote", config.quote)?;
        partitions::check(&config.partition_by, config.mode)?;
        Ok(Lowering::Destination(Destination {
            path: config.output_path.clone(),
            format: WriteFormat::Csv(CsvWrite {
                delimiter: config.delimiter,
                quote: config.quote,
                header: config.header,
                null_value: config.null_value.clone(),
            }),
            mode: config.mode,
            partition_by: config.partition_by.clone(),
        }))
    }
}
