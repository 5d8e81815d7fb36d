//! `parquet_source`: rows from Parquet files.

use pypeline_sdk::lowering::{Scan, ScanFormat};
use pypeline_sdk::prelude::*;

/// Where the files are.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ParquetSourceConfig {
    /// Path of the file, of a folder with all that is in it, or a glob (`data/*.parquet`); relative to the project
    file_path: String,
    /// Folders named `column=value` are columns too; where nothing is said, only if `file_path` is a folder
    #[serde(default)]
    hive_partitioning: Option<bool>,
    /// Stop after so many rows
    #[serde(default)]
    limit: Option<u64>,
}

pub struct ParquetSource;

impl Module for ParquetSource {
    type Config = ParquetSourceConfig;
    const MANIFEST: Manifest = Manifest::source("parquet_source")
        .category("File Sources")
        .description("Reads rows from Parquet files")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &ParquetSourceConfig, _: &Ports) -> Result<Lowering> {
        Ok(Lowering::Scan(Scan {
            paths: vec![config.file_path.clone()],
            format: ScanFormat::Parquet,
            columns: None,
            limit: config.limit,
            hive_partitioning: config.hive_partitioning,
        }))
    }
}
