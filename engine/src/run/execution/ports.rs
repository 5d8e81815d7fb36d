//! The ports of a running module: rows out of a table, rows into one. Disk is touched only on the pool for blocking work.

use super::cancel::Cancel;
use crate::artifacts::{Artifact, ArtifactWriter};
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::SchemaRef;
use pypeline_abi::arrow_c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use pypeline_abi::arrow_rs::{export_batch, export_reader, export_schema, import_batch, import_reader, import_schema};
use pypeline_abi::rows::{InputPort, OutputPort};
use pypeline_abi::{AbiFuture, AbiResult, FutureExt, RNone, ROption, RResult, RSome, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Handle;

type Reader = Box<dyn RecordBatchReader + Send>;

/// A result as it crosses: the error as JSON text.
pub(super) fn to_abi<T>(result: Result<T, Box<Fault>>) -> AbiResult<T> {
    match result {
        Ok(value) => RResult::ROk(value),
        Err(fault) => RResult::RErr(serde_json::to_string(&fault).unwrap_or(fault.message).into()),
    }
}

fn data_fault(error: &arrow_schema::ArrowError) -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Data, error.to_string()))
}

/// Work on the pool; a panic of it is a fault.
async fn on_pool<T: Send + 'static>(
    runtime: Handle,
    work: impl FnOnce() -> Result<T, Box<Fault>> + Send + 'static,
) -> Result<T, Box<Fault>> {
    let ended = runtime.spawn_blocking(work).await;
    ended.unwrap_or_else(|error| Err(Box::new(Fault::new(FaultKind::Panic, format!("the engine panicked: {error}")))))
}

fn future<T: 'static>(work: impl Future<Output = Result<T, Box<Fault>>> + Send + 'static) -> AbiFuture<T> {
    async move { to_abi(work.await) }.into_ffi()
}

/// Rows coming into a module.
pub(super) struct Input {
    name: String,
    table: Arc<Artifact>,
    reader: Arc<Mutex<Option<Reader>>>,
    runtime: Handle,
}

impl Input {
    pub(super) fn new(name: String, table: Arc<Artifact>, runtime: Handle) -> Self {
        Self { name, table, reader: Arc::default(), runtime }
    }
}

/// The next batch; the reader is opened when first asked.
fn pull(reader: &Mutex<Option<Reader>>, table: &Artifact) -> Result<ROption<ArrowArray>, Box<Fault>> {
    let mut slot = reader.lock().unwrap_or_else(PoisonError::into_inner);
    let reader = match &mut *slot {
        Some(reader) => reader,
        None => slot.insert(table.to_stream()?),
    };
    match reader.next() {
        Some(Ok(batch)) => Ok(RSome(export_batch(batch))),
        Some(Err(error)) => Err(data_fault(&error)),
        None => Ok(RNone),
    }
}

impl InputPort for Input {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }

    fn schema(&self) -> AbiResult<ArrowSchema> {
        to_abi(export_schema(self.table.schema()).map_err(|error| data_fault(&error)))
    }

    fn next(&self) -> AbiFuture<ROption<ArrowArray>> {
        let (reader, table) = (Arc::clone(&self.reader), Arc::clone(&self.table));
        if table.is_in_memory() {
            future(async move { pull(&reader, &table) })
        } else {
            future(on_pool(self.runtime.clone(), move || pull(&reader, &table)))
        }
    }

    fn stream(&self) -> AbiResult<ArrowArrayStream> {
        let remaining = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        to_abi(remaining.map_or_else(|| self.table.to_stream(), Ok).map(export_reader))
    }
}

/// Rows going out of a module.
pub(super) struct Output {
    name: String,
    sink: Arc<Sink>,
    runtime: Handle,
}

/// Where they go, shared with work on the pool.
struct Sink {
    /// None where nobody reads the port.
    table: Option<Arc<ArtifactWriter>>,
    schema: Mutex<Option<SchemaRef>>,
    counters: Vec<Arc<AtomicU64>>,
    cancel: Cancel,
}

impl Output {
    pub(super) fn new(
        name: String,
        table: Option<Arc<ArtifactWriter>>,
        counters: Vec<Arc<AtomicU64>>,
        runtime: Handle,
        cancel: Cancel,
    ) -> Self {
        Self { name, sink: Arc::new(Sink { table, schema: Mutex::default(), counters, cancel }), runtime }
    }
}

impl Sink {
    fn open(&self, schema: SchemaRef) -> Result<(), Box<Fault>> {
        if let Some(table) = &self.table {
            table.open(schema.clone())?;
        }
        *self.schema.lock().unwrap_or_else(PoisonError::into_inner) = Some(schema);
        Ok(())
    }

    /// A module that does not look whether it should stop is stopped by its next rows.
    fn take(&self, batch: RecordBatch) -> Result<(), Box<Fault>> {
        if self.cancel.is_cancelled() {
            return Err(Box::new(Fault::new(FaultKind::Cancelled, "the run is stopping")));
        }
        let rows = batch.num_rows() as u64;
        if let Some(table) = &self.table {
            table.write(batch)?;
        }
        for counter in &self.counters {
            counter.fetch_add(rows, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Rows that a plugin hands over are checked before anything trusts them.
    fn import(&self, rows: ArrowArray) -> Result<(), Box<Fault>> {
        let schema = self.schema.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let schema = schema.ok_or_else(|| {
            Box::new(Fault::new(FaultKind::Contract, "rows were sent before their columns were declared"))
        })?;
        self.take(import_batch(rows, &schema).map_err(|error| data_fault(&error))?)
    }
}

impl OutputPort for Output {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }

    fn is_linked(&self) -> bool {
        self.sink.table.is_some()
    }

    fn open(&self, schema: ArrowSchema) -> AbiResult<()> {
        to_abi(import_schema(schema).map_err(|error| data_fault(&error)).and_then(|schema| self.sink.open(schema)))
    }

    fn send(&self, rows: ArrowArray) -> AbiFuture<()> {
        let sink = Arc::clone(&self.sink);
        if sink.table.as_ref().is_some_and(|table| table.is_on_disk()) {
            return future(on_pool(self.runtime.clone(), move || sink.import(rows)));
        }
        future(async move {
            sink.import(rows)?;
            // A module that only computes and sends lets others have the thread between two batches.
            tokio::task::yield_now().await;
            Ok(())
        })
    }

    fn send_stream(&self, stream: ArrowArrayStream) -> AbiFuture<u64> {
        let sink = Arc::clone(&self.sink);
        future(on_pool(self.runtime.clone(), move || {
            let reader = import_reader(stream).map_err(|error| data_fault(&error))?;
            sink.open(reader.schema())?;
            let mut rows = 0;
            for batch in reader {
                let batch = batch.map_err(|error| data_fault(&error))?;
                rows += batch.num_rows() as u64;
                sink.take(batch)?;
            }
            Ok(rows)
        }))
    }
}
