//! `csv_source`: rows from delimited text.

use pypeline_sdk::lowering::{Column, CsvRead, Scan, ScanFormat};
use pypeline_sdk::prelude::*;

/// Where the file is and how it is written.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CsvSourceConfig {
    /// Path of the file, or a glob (`data/*.csv`); relative to the project
    file_path: String,
    /// `utf-8`, or `utf-8-lossy` to replace bytes that are not UTF-8
    #[serde(default = "utf_8")]
    encoding: String,
    /// The character between values
    #[serde(default = "comma")]
    delimiter: char,
    /// The character around values that hold a delimiter; null switches quoting off
    #[serde(default = "quote")]
    quote: Option<char>,
    /// The first row names the columns; without it they are `column_1`, `column_2`, …
    #[serde(default = "yes")]
    header: bool,
    /// Texts that mean NULL, beside the empty one
    #[serde(default)]
    null_values: Vec<String>,
    /// Rows to skip before the header
    #[serde(default)]
    skip_rows: u64,
    /// Lines that begin so are no rows
    #[serde(default)]
    comment_prefix: Option<String>,
    /// Rows read to infer column types; null reads every column as text
    #[serde(default = "thousand")]
    infer_rows: Option<u64>,
    /// Recognise dates and timestamps when inferring types
    #[serde(default)]
    parse_dates: bool,
    /// Names and types of all columns, in the file's order, instead of inferring them
    #[serde(default)]
    columns: Option<Vec<Column>>,
    /// Stop after so many rows
    #[serde(default)]
    limit: Option<u64>,
}

fn utf_8() -> String {
    "utf-8".to_owned()
}

fn comma() -> char {
    ','
}

// The shape that serde asks of a default for this field.
#[allow(clippy::unnecessary_wraps)]
fn quote() -> Option<char> {
    Some('"')
}

#[allow(clippy::unnecessary_wraps)]
fn thousand() -> Option<u64> {
    Some(1000)
}

fn yes() -> bool {
    true
}

pub struct CsvSource;

impl Module for CsvSource {
    type Config = CsvSourceConfig;
    const MANIFEST: Manifest = Manifest::source("csv_source")
        .category("File Sources")
        .description("Reads rows from CSV files")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &CsvSourceConfig, _: &Ports) -> Result<Lowering> {
        let lossy_utf8 = match config.encoding.to_lowercase().replace('_', "-").as_str() {
            "utf-8" | "utf8" | "ascii" => false,
            "utf-8-lossy" | "utf8-lossy" => true,
            other => {
                return Err(Error::config(format!("encoding `{other}` is not read"))
                    .with("key", "encoding")
                    .help("use `utf-8` or `utf-8-lossy`, or convert the file: iconv -f … -t UTF-8"));
            }
        };
        one_byte("delimiter", config.delimiter)?;
        config.quote.map_or(Ok(()), |quote| one_byte("quote", quote))?;
        Ok(Lowering::Scan(Scan {
            paths: vec![config.file_path.clone()],
            format: ScanFormat::Csv(CsvRead {
                delimiter: config.delimiter,
                quote: config.quote,
                header: config.header,
                null_values: config.null_values.clone(),
                skip_rows: config.skip_rows,
                comment_prefix: config.comment_prefix.clone(),
                lossy_utf8,
                infer_rows: config.infer_rows,
                parse_dates: config.parse_dates,
            }),
            columns: config.columns.clone(),
            limit: config.limit,
            hive_partitioning: None,
        }))
    }
}

/// Delimiters and quotes are single bytes in the file.
pub(crate) fn one_byte(key: &str, character: char) -> Result<()> {
    if character.is_ascii() && character != '\n' && character != '\r' {
        return Ok(());
    }
    Err(Error::config(format!("`{character}` cannot be used: it must be one ASCII character")).with("key", key))
}
