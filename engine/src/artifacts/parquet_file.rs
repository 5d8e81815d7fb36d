//! One Parquet file, written as the rows arrive and read batch by batch.

use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::ParquetMetaData;
use parquet::file::properties::WriterProperties;
use pypeline_disk::AppendFile;
use pypeline_schema::fault::{Fault, FaultKind};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Rows per batch when read: what travels best across the plugin boundary.
const BATCH_ROWS: usize = 65_536;

/// Bytes per batch, about: rows may be long.
const BATCH_BYTES: u64 = 16 << 20;

/// Rows of a row group. Polars holds half a dozen of them, decoded, while it reads a file: with four times as many a sort of 20 million short rows held
/// 130 MB more.
const GROUP_ROWS: usize = BATCH_ROWS;

/// Bytes of a row group, encoded: one is held until it is whole.
const GROUP_BYTES: usize = 64 << 20;

/// A file being written.
#[derive(Debug)]
pub(super) struct ParquetFile {
    path: PathBuf,
    writer: ArrowWriter<AppendFile>,
}

impl ParquetFile {
    pub(super) fn create(path: PathBuf, schema: SchemaRef) -> Result<Self, Box<Fault>> {
        let file = AppendFile::create(&path, 0o600).map_err(|error| fault(&path, &error))?;
        let level = ZstdLevel::try_new(1).map_err(|error| fault(&path, &error))?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(level))
            // Measured: without dictionaries files are as small, and written a quarter faster (docs/benchmarks.md, "Tables on disk").
            .set_dictionary_enabled(false)
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .build();
        let writer = ArrowWriter::try_new(file, schema, Some(properties)).map_err(|error| fault(&path, &error))?;
        Ok(Self { path, writer })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), Box<Fault>> {
        self.writer.write(batch).map_err(|error| fault(&self.path, &error))
    }

    /// Removes it, unfinished as it is.
    pub(super) fn give_up(self) {
        let Self { path, writer } = self;
        drop(writer);
        // The run's folder goes with everything in it; a file that cannot be removed now goes then.
        let _ = pypeline_disk::remove_file(&path);
    }

    pub(super) fn close(self) -> Result<PathBuf, Box<Fault>> {
        let Self { path, writer } = self;
        writer.close().map_err(|error| fault(&path, &error))?;
        Ok(path)
    }
}

/// Its rows, batch by batch, with the columns that they were written with: the file's reader forgets what the schema says
/// beside them.
pub(super) fn read(path: &Path, schema: &SchemaRef) -> Result<Box<dyn RecordBatchReader + Send>, Box<Fault>> {
    let file = File::open(path).map_err(|error| fault(path, &error))?;
    let open = || -> Result<_, ParquetError> {
        let reader = ParquetRecordBatchReaderBuilder::try_new(file)?;
        let n_rows = batch_rows(reader.metadata());
        reader.with_batch_size(n_rows).build()
    };
    let reader = open().map_err(|error| fault(path, &error))?;
    let written = Arc::clone(schema);
    let batches = reader.map(move |batch| batch?.with_schema(Arc::clone(&written)));
    Ok(Box::new(RecordBatchIterator::new(batches, Arc::clone(schema))))
}

fn batch_rows(footer: &ParquetMetaData) -> usize {
    let bytes = footer.row_groups().iter().map(|group| group.total_byte_size().unsigned_abs()).sum::<u64>();
    let of_row = bytes / footer.file_metadata().num_rows().unsigned_abs().max(1);
    usize::try_from(BATCH_BYTES / of_row.max(1)).unwrap_or(BATCH_ROWS).clamp(64, BATCH_ROWS)
}

fn fault(path: &Path, error: &dyn std::error::Error) -> Box<Fault> {
    Box::new(
        Fault::new(FaultKind::Io, "a table between two stages cannot be kept on disk")
            .with("path", path.display())
            .caused_by(error),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::StringViewArray;
    use arrow_schema::{DataType, Field, Schema};

    #[test]
    fn long_rows_come_in_small_batches() {
        for (length, largest) in [(10, BATCH_ROWS), (40_000, 500)] {
            let n_rows = if length > 100 { 2_000 } else { 100_000 };
            let schema = Arc::new(Schema::new(vec![Field::new("text", DataType::Utf8View, false)]));
            let folder = tempfile::tempdir().unwrap();
            let mut file = ParquetFile::create(folder.path().join("rows.parquet"), Arc::clone(&schema)).unwrap();
            for from in (0..n_rows).step_by(1000) {
                let texts: StringViewArray = (from..from + 1000).map(|n| Some(format!("{n:0length$}"))).collect();
                file.write(&RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(texts)]).unwrap()).unwrap();
            }
            let path = file.close().unwrap();
            let rows: Vec<usize> = read(&path, &schema).unwrap().map(|batch| batch.unwrap().num_rows()).collect();
            assert_eq!(rows.iter().sum::<usize>(), n_rows);
            assert!(rows.iter().all(|rows| *rows <= largest), "{length}: {rows:?}");
        }
    }
}
