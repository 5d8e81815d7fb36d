//! Scans: files looked at before they are read, so that what is wrong with them is said in plain words.

use crate::fault::translate;
use polars::prelude::{
    CsvEncoding, DataFrame, DataType, HiveOptions, IntoLazy, LazyCsvReader, LazyFileListReader, LazyFrame, NullValues,
    PlRefPath, ScanArgsParquet, Schema, TimeUnit,
};
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{Column, ColumnType, CsvRead, Scan, ScanFormat};
use std::sync::Arc;

type Fallible<T> = Result<T, Box<Fault>>;

/// A lazy frame over the files of a scan.
pub(crate) fn scan(scan: &Scan) -> Fallible<LazyFrame> {
    let [path] = scan.paths.as_slice() else {
        let text = format!("a scan has one path or glob, and this one has {}", scan.paths.len());
        return Err(Box::new(Fault::new(FaultKind::Contract, text)));
    };
    let looked = look(path)?;
    let is_glob = looked == Looked::Glob;
    if looked == Looked::Folder && !matches!(scan.format, ScanFormat::Parquet) {
        let fault = Fault::new(FaultKind::Io, "the input path is a folder");
        return Err(about(path, fault.help("name a file in it, or a glob such as `folder/*.csv`")));
    }
    let frame = match &scan.format {
        ScanFormat::Csv(csv) => csv_frame(path, is_glob, csv, scan.columns.as_deref(), scan.limit)?,
        ScanFormat::Parquet => {
            let args = ScanArgsParquet {
                glob: is_glob,
                hive_options: if scan.hive_partitioning.unwrap_or(looked == Looked::Folder) {
                    HiveOptions::new_enabled()
                } else {
                    HiveOptions::new_disabled()
                },
                n_rows: scan.limit.map(limit),
                ..ScanArgsParquet::default()
            };
            LazyFrame::scan_parquet(PlRefPath::new(path), args).map_err(|error| about(path, translate(&error)))?
        }
    };
    let mut frame = frame;
    frame.collect_schema().map_err(|error| match translate(&error) {
        fault if looked == Looked::Folder && fault.message.contains("no file matches") => {
            about(path, Fault::new(FaultKind::Io, "the input folder holds no file with rows"))
        }
        fault => about(path, fault),
    })?;
    Ok(frame)
}

fn limit(rows: u64) -> usize {
    usize::try_from(rows).unwrap_or(usize::MAX)
}

fn about(path: &str, fault: Fault) -> Box<Fault> {
    let named = fault.context.iter().any(|(key, _)| key == "path");
    Box::new(if named { fault } else { fault.with("path", path) })
}

/// What a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Looked {
    File,
    Folder,
    /// No file or folder has that very name.
    Glob,
}

/// Looks at a path.
fn look(path: &str) -> Fallible<Looked> {
    match std::fs::metadata(path) {
        Ok(found) if found.is_dir() => Ok(Looked::Folder),
        Ok(_) => {
            std::fs::File::open(path).map_err(|error| {
                about(path, Fault::new(FaultKind::Io, format!("the input cannot be read: {error}")))
            })?;
            Ok(Looked::File)
        }
        Err(_) if path.contains(['*', '?', '[']) => Ok(Looked::Glob),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let fault = Fault::new(FaultKind::Io, "there is no such input file")
                .help("relative paths start at the project's root folder");
            Err(about(path, fault))
        }
        Err(error) => Err(about(path, Fault::new(FaultKind::Io, format!("the input cannot be read: {error}")))),
    }
}

fn csv_frame(
    path: &str,
    is_glob: bool,
    csv: &CsvRead,
    columns: Option<&[Column]>,
    rows: Option<u64>,
) -> Fallible<LazyFrame> {
    let is_empty = !is_glob && std::fs::metadata(path).is_ok_and(|found| found.len() == 0);
    match columns {
        Some(columns) if is_empty && !csv.header => {
            return Ok(DataFrame::empty_with_schema(&schema(columns)).lazy());
        }
        _ if is_empty => {
            let fault = Fault::new(FaultKind::Data, "the input file is empty: it has no header");
            return Err(about(
                path,
                fault.help("a file without rows still needs its header; for one without a header, declare `columns`"),
            ));
        }
        _ => {}
    }
    let reader = reader(path, is_glob, csv, rows);
    let reader = match columns {
        Some(columns) => {
            if csv.header {
                check_header(path, &reader, columns)?;
            }
            reader.with_schema(Some(Arc::new(schema(columns))))
        }
        None => inferred(path, reader, csv)?,
    };
    reader.finish().map_err(|error| about(path, translate(&error)))
}

/// Types are inferred once, and then given: Polars would infer them of each file anew while it reads, which takes longer than reading a
/// thousand rows. Names are still those of each file's own header.
fn inferred(path: &str, reader: LazyCsvReader, csv: &CsvRead) -> Fallible<LazyCsvReader> {
    let Some(rows) = csv.infer_rows.filter(|rows| *rows > 0) else {
        return Ok(reader.with_infer_schema_length(Some(0)));
    };
    let inferring = reader.clone().with_infer_schema_length(Some(limit(rows))).finish();
    let types =
        inferring.and_then(|mut frame| frame.collect_schema()).map_err(|error| about(path, translate(&error)))?;
    Ok(reader.with_infer_schema_length(Some(0)).with_dtype_overwrite(Some(types)))
}

fn reader(path: &str, is_glob: bool, csv: &CsvRead, rows: Option<u64>) -> LazyCsvReader {
    let byte = |character: char| u8::try_from(character).unwrap_or(b',');
    let null_values = csv.null_values.iter().map(|text| text.as_str().into()).collect::<Vec<_>>();
    LazyCsvReader::new(PlRefPath::new(path))
        .with_glob(is_glob)
        .with_has_header(csv.header)
        .with_separator(byte(csv.delimiter))
        .with_quote_char(csv.quote.map(byte))
        .with_comment_prefix(csv.comment_prefix.as_deref().map(Into::into))
        .with_null_values((!null_values.is_empty()).then_some(NullValues::AllColumns(null_values)))
        .with_encoding(if csv.lossy_utf8 { CsvEncoding::LossyUtf8 } else { CsvEncoding::Utf8 })
        .with_skip_rows(limit(csv.skip_rows))
        .with_try_parse_dates(csv.parse_dates)
        .with_n_rows(rows.map(limit))
}

/// Declared columns are laid over the file's by place: their names must be the header's.
fn check_header(path: &str, reader: &LazyCsvReader, columns: &[Column]) -> Fallible<()> {
    let mut frame =
        reader.clone().with_infer_schema_length(Some(0)).finish().map_err(|error| about(path, translate(&error)))?;
    let found = frame.collect_schema().map_err(|error| about(path, translate(&error)))?;
    let declared: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let header: Vec<&str> = found.iter_names().map(|name| name.as_str()).collect();
    if declared == header {
        return Ok(());
    }
    let fault = Fault::new(FaultKind::Data, "the declared columns are not those of the file's header");
    Err(about(path, fault.with("declared", declared.join(", ")).with("header", header.join(", "))))
}

fn schema(columns: &[Column]) -> Schema {
    columns.iter().map(|column| (column.name.as_str().into(), data_type(column.data_type))).collect()
}

fn data_type(declared: ColumnType) -> DataType {
    match declared {
        ColumnType::String => DataType::String,
        ColumnType::Int => DataType::Int64,
        ColumnType::Float => DataType::Float64,
        ColumnType::Bool => DataType::Boolean,
        ColumnType::Date => DataType::Date,
        ColumnType::Datetime => DataType::Datetime(TimeUnit::Microseconds, None),
        ColumnType::Time => DataType::Time,
    }
}
