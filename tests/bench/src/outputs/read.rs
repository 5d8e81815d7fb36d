//! Parquet and CSV files, read in parts that fit into memory.

use crate::Result;
use polars::prelude::{
    DataFrame, Engine, LazyCsvReader, LazyFileListReader, LazyFrame, ParquetReader, PlRefPath, ScanArgsParquet,
    SerReader,
};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Rows read at once.
const PART: u32 = 1_000_000;

/// The file, or all files of the folder by name.
pub fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return if path.is_file() {
            Ok(vec![path.to_owned()])
        } else {
            Err(format!("{} was not written", path.display()).into())
        };
    }
    let mut files = std::fs::read_dir(path)?.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

/// All rows.
pub fn all(path: &Path) -> Result<DataFrame> {
    Ok(scan(path)?.collect_with_engine(Engine::Streaming)?.unwrap_single())
}

/// All rows in their order, part by part.
pub fn parts(path: &Path, mut take: impl FnMut(DataFrame) -> Result<()>) -> Result<()> {
    for file in files(path)? {
        let rows = if is_csv(&file) { 0 } else { rows(&file)? };
        if rows <= u64::from(PART) {
            take(all(&file)?)?;
            continue;
        }
        for offset in (0..rows).step_by(PART as usize) {
            let part = scan(&file)?.slice(i64::try_from(offset)?, PART);
            take(part.collect_with_engine(Engine::Streaming)?.unwrap_single())?;
        }
    }
    Ok(())
}

/// Rows by the footers of Parquet files, and by the lines of others.
pub fn rows(path: &Path) -> Result<u64> {
    let mut rows = 0;
    for file in files(path)? {
        rows += if is_csv(&file) {
            let text = std::fs::read(&file)?;
            (text.iter().filter(|byte| **byte == b'\n').count() as u64).saturating_sub(1)
        } else {
            let open = File::open(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            ParquetReader::new(open).num_rows()? as u64
        };
    }
    Ok(rows)
}

fn scan(path: &Path) -> Result<LazyFrame> {
    let at = PlRefPath::try_from_path(path)?;
    Ok(match is_csv(path) {
        true => LazyCsvReader::new(at).with_infer_schema_length(None).finish()?,
        false => LazyFrame::scan_parquet(at, ScanArgsParquet::default())?,
    })
}

fn is_csv(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "csv")
}
