//! `parquet_sink`: rows into a Parquet file.

use crate::partitions;
use pypeline_sdk::lowering::{Compression, Destination, ParquetWrite, WriteFormat, WriteMode};
use pypeline_sdk::prelude::*;

/// Where the file goes and how it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParquetSinkConfig {
    /// Path of the file, or of the folder where `partition_by` is given; relative to the project
    output_path: String,
    /// What to do with what is there: `overwrite` or `error`
    #[serde(default)]
    mode: WriteMode,
    /// Columns that part the rows into folders `column=value`, one in another, and are not in the files; `output_path` is then
    /// the folder around them
    #[serde(default)]
    partition_by: Vec<String>,
    /// Compression of pages: `zstd`, `snappy`, `lz4`, `gzip` or `none`
    #[serde(default)]
    compression: Compression,
    /// Rows in a row group; chosen by the engine where it is null
    #[serde(default)]
    row_group_rows: Option<u64>,
}

pub struct ParquetSink;

impl Module for ParquetSink {
    type Config = ParquetSinkConfig;
    const MANIFEST: Manifest = Manifest::sink("parquet_sink")
        .category("File Sinks")
        .description("Writes rows to a Parquet file, whole or not at all")
        .globals(&["row_count"])
        .effect(Effect::AtomicReplace)
        .lowers();

    fn lower(config: &ParquetSinkConfig, _: &Ports) -> Result<Lowering> {
        partitions::check(&config.partition_by, config.mode)?;
        if config.mode == WriteMode::Append {
            let error = Error::config("a Parquet file cannot be appended to").with("key", "mode");
            return Err(error.help("write to a new file, and read all of them by a glob"));
        }
        if config.row_group_rows == Some(0) {
            return Err(Error::config("a row group needs at least one row").with("key", "row_group_rows"));
        }
        Ok(Lowering::Destination(Destination {
            path: config.output_path.clone(),
            format: WriteFormat::Parquet(ParquetWrite {
                compression: config.compression,
                row_group_rows: config.row_group_rows,
            }),
            mode: config.mode,
            partition_by: config.partition_by.clone(),
        }))
    }
}
