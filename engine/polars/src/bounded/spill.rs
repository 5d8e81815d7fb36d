//! Rows on disk while a plan is worked off in parts: one Arrow IPC file each, which Polars writes and scans itself, so that no type can
//! change on the way.

use crate::fault::from_table;
use crate::writer;
use polars::io::ipc::BatchedWriter;
use polars::prelude::{
    CompatLevel, DataFrame, IpcCompression, IpcScanOptions, IpcWriter, LazyFrame, PlRefPath, PolarsError, PolarsResult,
    ScanSources, SchemaExt, SchemaRef, SerWriter, UnifiedScanArgs,
};
use polars_arrow::io::ipc::read::{FileReader, read_file_metadata};
use polars_arrow::io::ipc::write::default_ipc_fields;
use polars_plan::plans::IR;
use pypeline_disk::AppendFile;
use pypeline_engine::artifacts::ArtifactStore;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Little work, and half the bytes: disks are the slower part.
const COMPRESSION: IpcCompression = IpcCompression::LZ4;

/// Rows are written when so many are there: small batches are slow to read.
pub(super) const BATCH_ROWS: usize = 65_536;

/// Where the files of a stage are made: in the run's folder of temporary files.
#[derive(Clone)]
pub(super) struct Files(Arc<ArtifactStore>);

/// Rows in a file, which goes with this.
#[derive(Debug)]
pub(super) struct Spilled {
    pub path: PathBuf,
    pub n_rows: usize,
    /// In memory, about.
    pub bytes: u64,
}

impl Drop for Spilled {
    fn drop(&mut self) {
        // The run's folder goes with everything in it; a file that cannot be removed now goes then.
        let _ = pypeline_disk::remove_file(&self.path);
    }
}

impl Files {
    pub(super) fn new(store: &Arc<ArtifactStore>) -> Self {
        Self(Arc::clone(store))
    }

    /// A file for rows with these columns, which are written when so many bytes of them are there.
    pub(super) fn create(&self, schema: &SchemaRef, batch_bytes: usize) -> PolarsResult<Writer> {
        let path = self.0.spill_path().map_err(|fault| from_table(*fault))?;
        Writer::create(path, schema, batch_bytes)
    }
}

/// A scan of files that hold rows with these columns.
pub(super) fn scan<'s>(files: impl IntoIterator<Item = &'s Spilled>, schema: &SchemaRef) -> PolarsResult<IR> {
    let files = files.into_iter().filter(|file| file.n_rows > 0).map(|file| PlRefPath::try_from_path(&file.path));
    let files = files.collect::<PolarsResult<Vec<_>>>()?;
    if files.is_empty() {
        let rows = Arc::new(DataFrame::empty_with_schema(schema));
        return Ok(IR::DataFrameScan { df: rows, schema: Arc::clone(schema), output_schema: None });
    }
    let args = UnifiedScanArgs { schema: Some(Arc::clone(schema)), glob: false, ..UnifiedScanArgs::default() };
    let plan = LazyFrame::scan_ipc_sources(ScanSources::Paths(files.into()), IpcScanOptions::default(), args)?;
    Ok(plan.to_alp()?.root().clone())
}

/// Reads a file from its beginning, batch by batch.
pub(super) struct Reader(FileReader<BufReader<File>>);

impl Reader {
    pub(super) fn open(file: &Spilled) -> PolarsResult<Self> {
        let opened = File::open(&file.path).map_err(|error| named(&file.path, &error))?;
        let mut opened = BufReader::new(opened);
        let metadata = read_file_metadata(&mut opened)?;
        Ok(Self(FileReader::new(opened, metadata, None, None)))
    }
}

impl Iterator for Reader {
    type Item = PolarsResult<DataFrame>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.0.next()?.map(DataFrame::from))
    }
}

/// A file being written.
pub(super) struct Writer {
    /// What is written by now; given up, it goes.
    file: Spilled,
    writer: BatchedWriter<AppendFile>,
    waiting: DataFrame,
    waiting_bytes: usize,
    batch_bytes: usize,
}

impl Writer {
    fn create(path: PathBuf, schema: &SchemaRef, batch_bytes: usize) -> PolarsResult<Self> {
        let file = AppendFile::create(&path, 0o600).map_err(|error| named(&path, &error))?;
        let fields = default_ipc_fields(schema.to_arrow(CompatLevel::newest()).iter_values());
        let writer = IpcWriter::new(file).with_compression(Some(COMPRESSION)).with_compat_level(CompatLevel::newest());
        let writer = writer.batched(schema, fields)?;
        let waiting = DataFrame::empty_with_schema(schema);
        let file = Spilled { path, n_rows: 0, bytes: 0 };
        Ok(Self { file, writer, waiting, waiting_bytes: 0, batch_bytes })
    }

    /// Adds rows, which may be written later.
    pub(super) fn add(&mut self, rows: DataFrame) -> PolarsResult<()> {
        self.waiting_bytes += rows.estimated_size();
        self.waiting.vstack_mut_owned(rows)?;
        let is_enough = self.waiting.height() >= BATCH_ROWS || self.waiting_bytes >= self.batch_bytes;
        if is_enough { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> PolarsResult<()> {
        if self.waiting.height() == 0 {
            return Ok(());
        }
        let empty = self.waiting.clear();
        let mut rows = std::mem::replace(&mut self.waiting, empty);
        rows.rechunk_mut();
        self.file.n_rows += rows.height();
        self.file.bytes += self.waiting_bytes as u64;
        self.waiting_bytes = 0;
        self.writer.write_batch(&rows).map_err(|error| of_disk(&self.file.path, error))
    }

    /// The file is whole.
    pub(super) fn finish(mut self) -> PolarsResult<Spilled> {
        self.write()?;
        self.writer.finish().map_err(|error| of_disk(&self.file.path, error))?;
        Ok(self.file)
    }
}

fn named(path: &Path, error: &std::io::Error) -> PolarsError {
    PolarsError::from(writer::named(path, error))
}

/// An error of the disk names the file.
fn of_disk(path: &Path, error: PolarsError) -> PolarsError {
    match &error {
        PolarsError::IO { error, .. } => named(path, error),
        _ => error,
    }
}
