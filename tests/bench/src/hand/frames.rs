//! Frames over files, and files of frames.

use crate::Result;
use polars::prelude::{
    CsvWriterOptions, Engine, FileWriteFormat, LazyCsvReader, LazyFileListReader, LazyFrame, ParquetWriteOptions,
    PlRefPath, SinkDestination, SinkTarget, UnifiedSinkArgs,
};
use std::path::Path;
use std::sync::Arc;

/// A thousand rows to infer types from, as `csv_source` takes them; everything else as Polars has it.
pub fn csv(path: &Path) -> Result<LazyFrame> {
    Ok(LazyCsvReader::new(PlRefPath::try_from_path(path)?).with_infer_schema_length(Some(1000)).finish()?)
}

pub fn to_parquet(frame: LazyFrame, path: &Path) -> Result<LazyFrame> {
    to(frame, path, FileWriteFormat::Parquet(Arc::new(ParquetWriteOptions::default())))
}

pub fn to_csv(frame: LazyFrame, path: &Path) -> Result<LazyFrame> {
    to(frame, path, FileWriteFormat::Csv(CsvWriterOptions::default()))
}

fn to(frame: LazyFrame, path: &Path, format: FileWriteFormat) -> Result<LazyFrame> {
    let target = SinkTarget::Path(PlRefPath::try_from_path(path)?);
    Ok(frame.sink(SinkDestination::File { target }, format, UnifiedSinkArgs::default())?)
}

pub fn collect(frame: LazyFrame) -> Result<()> {
    frame.collect_with_engine(Engine::Streaming)?;
    Ok(())
}
