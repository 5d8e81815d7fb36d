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
    mode: ParquetMode,
    /// Compression of pages: `zstd`, `snappy`, `lz4`, `gzip` or `none`
    #[serde(default)]
    compression: CompressionConfig,
    /// Rows in a row group; chosen by the engine where it is null
    #[serde(default)]
    row_group_rows: Option<u64>,
}

/// What to do with a target that exists; a Parquet file cannot be appended to.
#[derive(Deserialize, Serialize, JsonSchema, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum ParquetMode {
    #[default]
    Overwrite,
    Error,
}

/// Compression of pages.
#[derive(Deserialize, Serialize, JsonSchema, Default, Clone, Copy)]
#[serde(rename_all = "lowercase")]
pub enum CompressionConfig {
    #[default]
    Zstd,
    Snappy,
    Lz4,
    Gzip,
    None,
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
        let compression = match config.compression {
            CompressionConfig::Zstd => Compression::Zstd,
            CompressionConfig::Snappy => Compression::Snappy,
            CompressionConfig::Lz4 => Compression::Lz4,
            CompressionConfig::Gzip => Compression::Gzip,
            CompressionConfig::None => Compression::None,
        };
        if config.row_group_rows == Some(0) {
            return Err(Error::config("a row group needs at least one row").with("key", "row_group_rows"));
        }
        Ok(Lowering::Destination(Destination {
            path: config.output_path.clone(),
            format: WriteFormat::Parquet(ParquetWrite { compression, row_group_rows: config.row_group_rows }),
            mode: match config.mode {
                ParquetMode::Overwrite => WriteMode::Overwrite,
                ParquetMode::Error => WriteMode::Error,
            },
        }))
    }
}
