//! `parquet_sink`: rows into a Parquet file.

use pypeline_sdk::lowering::{Compression, Destination, ParquetWrite, WriteFormat, WriteMode};
use pypeline_sdk::prelude::*;

/// Where the file goes and how it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParquetSinkConfig {
    /// Path of the file; relative to the project
    output_path: String,
    /// What to do with a file that is there: `overwrite` or `error`
    #[serde(default)]
    mode: WriteMode,
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
        }))
    }
}
