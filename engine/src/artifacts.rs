//! Tables between stages: in memory, or in one Parquet file once they grow. Decided while the rows come in.

#[cfg(test)]
pub(crate) mod any_rows;
mod held;
mod parquet_file;
mod policy;

use crate::memory::{self, Budget};
use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{Schema, SchemaRef};
pub use held::Held;
use held::Tally;
use parquet_file::ParquetFile;
pub use policy::Policy;
use policy::Spill;
use pypeline_disk::TempFolder;
pub use pypeline_disk::remove_leftovers;
use pypeline_schema::fault::{Fault, FaultKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

/// An opaque handle to a table. The rows go when the last handle does.
#[derive(Debug)]
pub enum Artifact {
    /// Batches in memory.
    Memory {
        /// Its columns.
        schema: SchemaRef,
        /// Its rows.
        batches: Vec<RecordBatch>,
        /// What they count for.
        held: Held,
    },
    /// One Parquet file in the run's folder.
    Parquet {
        /// Its columns.
        schema: SchemaRef,
        /// The file.
        path: PathBuf,
        /// Number of rows.
        n_rows: u64,
        /// The file goes with the last handle; else it is somebody else's.
        owned: bool,
    },
    /// Several tables, one after another.
    Joined {
        /// Columns of the first; those of the others are the same, or reading says so.
        schema: SchemaRef,
        /// The tables, none of them joined itself.
        parts: Vec<Arc<Artifact>>,
    },
}

impl Artifact {
    /// Tables one after another; at least one.
    pub fn joined(tables: impl IntoIterator<Item = Arc<Self>>) -> Arc<Self> {
        let flat = tables.into_iter().flat_map(|table| match &*table {
            Self::Joined { parts, .. } => parts.clone(),
            _ => vec![table],
        });
        let mut parts: Vec<Arc<Self>> = flat.collect();
        match (parts.len(), parts.pop()) {
            (1, Some(only)) => only,
            (_, last) => {
                parts.extend(last);
                let schema = parts.first().map_or_else(|| Arc::new(Schema::empty()), |first| first.schema().clone());
                Arc::new(Self::Joined { schema, parts })
            }
        }
    }

    /// The columns.
    pub fn schema(&self) -> &SchemaRef {
        match self {
            Self::Memory { schema, .. } | Self::Parquet { schema, .. } | Self::Joined { schema, .. } => schema,
        }
    }

    /// Number of rows.
    pub fn n_rows(&self) -> u64 {
        match self {
            Self::Memory { batches, .. } => batches.iter().map(|batch| batch.num_rows() as u64).sum(),
            Self::Parquet { n_rows, .. } => *n_rows,
            Self::Joined { parts, .. } => parts.iter().map(|part| part.n_rows()).sum(),
        }
    }

    /// Its rows are in memory: reading them touches no disk.
    pub fn is_in_memory(&self) -> bool {
        match self {
            Self::Memory { .. } => true,
            Self::Parquet { .. } => false,
            Self::Joined { parts, .. } => parts.iter().all(|part| part.is_in_memory()),
        }
    }

    /// Where it is: `memory:`, a file's path, or `joined:` for several tables.
    pub fn uri(&self) -> String {
        match self {
            Self::Memory { .. } => "memory:".to_owned(),
            Self::Joined { .. } => "joined:".to_owned(),
            Self::Parquet { path, .. } => path.display().to_string(),
        }
    }

    /// Its rows, from the beginning; blocking.
    pub fn to_stream(&self) -> Result<Box<dyn RecordBatchReader + Send>, Box<Fault>> {
        match self {
            Self::Memory { schema, batches, .. } => {
                let batches = batches.clone().into_iter().map(Ok);
                Ok(Box::new(RecordBatchIterator::new(batches, schema.clone())))
            }
            Self::Parquet { schema, path, .. } => parquet_file::read(path, schema),
            Self::Joined { schema, parts } => {
                let mut readers = Vec::new();
                for part in parts {
                    if part.schema() != schema {
                        let fault =
                            Fault::new(FaultKind::Data, "tables with different columns cannot follow one another");
                        return Err(Box::new(fault.with("first", schema).with("other", part.schema())));
                    }
                    readers.push(part.to_stream()?);
                }
                Ok(Box::new(RecordBatchIterator::new(readers.into_iter().flatten(), schema.clone())))
            }
        }
    }
}

impl Drop for Artifact {
    fn drop(&mut self) {
        if let Self::Parquet { path, owned: true, .. } = self {
            // The run's folder goes with everything in it; a file that cannot be removed now goes then.
            let _ = pypeline_disk::remove_file(path);
        }
    }
}

/// Where a run's artifacts live.
#[derive(Debug)]
pub struct ArtifactStore {
    policy: Policy,
    budget: Option<Budget>,
    parent: PathBuf,
    folder: OnceLock<TempFolder>,
    counter: Mutex<u64>,
    /// Bytes of all tables in memory.
    tally: Tally,
}

impl ArtifactStore {
    /// A store whose folder `pypeline_*` is made in `parent` when the first table needs it.
    pub fn new(policy: Policy, parent: &Path) -> Self {
        Self {
            policy,
            budget: None,
            parent: parent.to_path_buf(),
            folder: OnceLock::new(),
            counter: Mutex::new(0),
            tally: Tally::default(),
        }
    }

    /// The same, and stages keep to a budget.
    #[must_use]
    pub fn within(self, budget: Budget) -> Self {
        Self { budget: Some(budget), ..self }
    }

    /// The run's folder for temporary files.
    pub fn folder(&self) -> Result<&Path, Box<Fault>> {
        if let Some(folder) = self.folder.get() {
            return Ok(folder.path());
        }
        let made = TempFolder::create(&self.parent).map_err(|error| {
            let fault = Fault::new(FaultKind::Io, "no temporary folder can be made");
            Box::new(fault.with("in", self.parent.display()).caused_by(&error))
        })?;
        Ok(self.folder.get_or_init(|| made).path())
    }

    /// Removes the folder, whoever still holds the store: the run is over.
    pub fn close(&self) {
        if let Some(folder) = self.folder.get() {
            // What cannot be removed now is a leftover for the next run.
            let _ = folder.close();
        }
    }

    /// A table to be filled.
    pub fn writer(self: &Arc<Self>) -> ArtifactWriter {
        ArtifactWriter { store: Arc::clone(self), filling: Mutex::new(Filling::default()) }
    }

    /// Takes a whole stream in, in memory or on disk as the policy decides.
    pub fn register(self: &Arc<Self>, stream: &mut dyn RecordBatchReader) -> Result<Artifact, Box<Fault>> {
        let writer = self.writer();
        writer.open(stream.schema())?;
        for batch in stream {
            let batch = batch.map_err(|error| Box::new(Fault::new(FaultKind::Data, error.to_string())))?;
            writer.write(batch)?;
        }
        writer.finish()
    }

    /// Gives an artifact back unchanged: for callers that treat streams and artifacts alike.
    pub fn adopt(&self, artifact: Artifact) -> Artifact {
        artifact
    }

    /// When its tables leave memory.
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What a run may take.
    pub fn budget(&self) -> Option<Budget> {
        self.budget
    }

    /// A name for a file of an executor's own, in the run's folder.
    pub fn spill_path(&self) -> Result<PathBuf, Box<Fault>> {
        self.next_path("ipc")
    }

    fn next_path(&self, extension: &str) -> Result<PathBuf, Box<Fault>> {
        let mut counter = lock(&self.counter);
        *counter += 1;
        Ok(self.folder()?.join(format!("{:06}.{extension}", *counter)))
    }
}

/// A table while its rows arrive. Shared between threads; rows keep the order of the calls.
#[derive(Debug)]
pub struct ArtifactWriter {
    store: Arc<ArtifactStore>,
    filling: Mutex<Filling>,
}

#[derive(Debug, Default)]
struct Filling {
    schema: Option<SchemaRef>,
    batches: Vec<RecordBatch>,
    held: Held,
    file: Option<ParquetFile>,
    n_rows: u64,
}

impl ArtifactWriter {
    /// Declares the columns; before the first rows, and once.
    pub fn open(&self, schema: SchemaRef) -> Result<(), Box<Fault>> {
        let mut filling = lock(&self.filling);
        match &filling.schema {
            Some(known) if *known != schema => {
                Err(Box::new(Fault::new(FaultKind::Contract, "a port declared its columns twice, and differently")))
            }
            _ => {
                filling.schema = Some(schema);
                Ok(())
            }
        }
    }

    /// The declared columns.
    pub fn schema(&self) -> Option<SchemaRef> {
        lock(&self.filling).schema.clone()
    }

    /// Gives up all rows until now: they will come once more.
    pub fn begin_anew(&self) {
        let mut filling = lock(&self.filling);
        let schema = filling.schema.clone();
        let file = std::mem::replace(&mut *filling, Filling { schema, ..Filling::default() }).file;
        if let Some(file) = file {
            file.give_up();
        }
    }

    /// Rows go to disk by now.
    pub fn is_on_disk(&self) -> bool {
        lock(&self.filling).file.is_some()
    }

    /// Adds rows; blocking once they go to disk.
    pub fn write(&self, batch: RecordBatch) -> Result<(), Box<Fault>> {
        let mut filling = lock(&self.filling);
        let filling = &mut *filling;
        filling.n_rows += batch.num_rows() as u64;
        if let Some(file) = &mut filling.file {
            return file.write(&batch);
        }
        let schema = filling.schema.get_or_insert_with(|| batch.schema()).clone();
        self.store.tally.add(&batch, &mut filling.held);
        filling.batches.push(batch);
        // A file without columns would not know how many rows it has; in memory such rows take no room.
        let has_columns = !schema.fields().is_empty();
        let spill = self.store.policy.spills(filling.n_rows, filling.batches.len(), self.store.tally.bytes());
        if let Some(spill) = spill.filter(|_| has_columns) {
            if spill == Spill::Process {
                memory::tell_shortage();
            }
            let path = self.store.next_path("parquet")?;
            let (rows, path_shown) = (filling.n_rows, path.display());
            tracing::info!("spill to parquet at {path_shown}: {rows} rows so far");
            let mut file = ParquetFile::create(path, schema)?;
            for batch in filling.batches.drain(..) {
                file.write(&batch)?;
            }
            filling.held = Held::default();
            filling.file = Some(file);
        }
        Ok(())
    }

    /// Closes the table.
    pub fn finish(&self) -> Result<Artifact, Box<Fault>> {
        let Filling { schema, batches, held, file, n_rows } = std::mem::take(&mut *lock(&self.filling));
        let Some(schema) = schema else {
            return Err(Box::new(Fault::new(FaultKind::Contract, "a port ended without declaring its columns")));
        };
        match file {
            Some(file) => Ok(Artifact::Parquet { schema, path: file.close()?, n_rows, owned: true }),
            None => {
                tracing::debug!("a table of {n_rows} rows stays in memory");
                Ok(Artifact::Memory { schema, batches, held })
            }
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
