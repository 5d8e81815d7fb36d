//! The ports of a running module: rows out of a table or a stream, rows into one. Disk is touched only on the pool for blocking work.

use super::cancel::Cancel;
use super::pool::Pool;
use crate::artifacts::{Artifact, ArtifactWriter};
use crate::streams::Stream;
use arrow_array::{Array, RecordBatch, RecordBatchReader};
use arrow_data::ArrayData;
use arrow_schema::SchemaRef;
use pypeline_abi::arrow_c::{ArrowArray, ArrowArrayStream, ArrowSchema};
use pypeline_abi::arrow_rs::{
    export_batch, export_reader, export_schema, import_batch_beside, import_reader, import_schema,
};
use pypeline_abi::rows::{InputPort, OutputPort};
use pypeline_abi::{AbiFuture, AbiResult, FutureExt, RNone, ROption, RResult, RSome, RString};
use pypeline_schema::fault::{Fault, FaultKind};
use std::collections::VecDeque;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

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

fn future<T: 'static>(work: impl Future<Output = Result<T, Box<Fault>>> + Send + 'static) -> AbiFuture<T> {
    async move { to_abi(work.await) }.into_ffi()
}

/// Where the rows of an input come from.
#[derive(Clone)]
pub(super) enum Rows {
    /// All of them are there.
    Table(Arc<Artifact>),
    /// They come while the module runs.
    Stream(Arc<Stream>),
}

impl Rows {
    /// The columns; those of a stream are known before its reader begins.
    fn schema(&self) -> Result<SchemaRef, Box<Fault>> {
        match self {
            Self::Table(table) => Ok(Arc::clone(table.schema())),
            Self::Stream(stream) => stream.schema().ok_or_else(|| {
                Box::new(Fault::new(FaultKind::Contract, "columns were asked for before they were declared"))
            }),
        }
    }

    /// From the beginning, or from where a stream is.
    fn reader(&self) -> Result<Reader, Box<Fault>> {
        match self {
            Self::Table(table) => table.to_stream(),
            Self::Stream(stream) => stream.reader(Pool::give_place),
        }
    }
}

/// Batches whose columns are remembered.
const REMEMBERED: usize = 2;

/// Columns that a module was given last: those that it hands on as they are need no second check.
#[derive(Default)]
pub(super) struct Given(Mutex<VecDeque<Vec<ArrayData>>>);

impl Given {
    fn give(&self, batch: RecordBatch) -> ArrowArray {
        let columns = batch.columns().iter().map(|column| column.to_data()).collect();
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.truncate(REMEMBERED - 1);
        given.push_front(columns);
        export_batch(batch)
    }

    fn columns(&self) -> Vec<ArrayData> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().flatten().cloned().collect()
    }
}

/// Rows coming into a module.
pub(super) struct Input {
    name: String,
    rows: Rows,
    reader: Arc<Mutex<Option<Reader>>>,
    given: Arc<Given>,
    pool: Pool,
}

impl Input {
    pub(super) fn new(name: String, rows: Rows, given: Arc<Given>, pool: Pool) -> Self {
        Self { name, rows, reader: Arc::default(), given, pool }
    }
}

/// The next batch; the reader is opened when first asked.
fn pull(reader: &Mutex<Option<Reader>>, table: &Artifact, given: &Given) -> Result<ROption<ArrowArray>, Box<Fault>> {
    let mut slot = reader.lock().unwrap_or_else(PoisonError::into_inner);
    let reader = match &mut *slot {
        Some(reader) => reader,
        None => slot.insert(table.to_stream()?),
    };
    match reader.next() {
        Some(Ok(batch)) => Ok(RSome(given.give(batch))),
        Some(Err(error)) => Err(data_fault(&error)),
        None => Ok(RNone),
    }
}

impl InputPort for Input {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }

    fn schema(&self) -> AbiResult<ArrowSchema> {
        to_abi(self.rows.schema().and_then(|schema| export_schema(&schema).map_err(|error| data_fault(&error))))
    }

    fn next(&self) -> AbiFuture<ROption<ArrowArray>> {
        let (reader, given) = (Arc::clone(&self.reader), Arc::clone(&self.given));
        match self.rows.clone() {
            Rows::Stream(stream) => {
                future(async move { Ok(stream.receive().await?.map_or(RNone, |batch| RSome(given.give(batch)))) })
            }
            Rows::Table(table) if table.is_in_memory() => future(async move { pull(&reader, &table, &given) }),
            Rows::Table(table) => {
                let pool = self.pool.clone();
                future(async move { pool.run(move || pull(&reader, &table, &given)).await })
            }
        }
    }

    fn stream(&self) -> AbiResult<ArrowArrayStream> {
        let remaining = self.reader.lock().unwrap_or_else(PoisonError::into_inner).take();
        to_abi(remaining.map_or_else(|| self.rows.reader(), Ok).map(export_reader))
    }
}

/// Where the rows of an output go.
#[derive(Clone)]
pub(super) enum Taker {
    /// To be read later.
    Table(Arc<ArtifactWriter>),
    /// To a unit that runs at the same time.
    Stream(Arc<Stream>),
}

impl Taker {
    fn open(&self, schema: SchemaRef) -> Result<(), Box<Fault>> {
        match self {
            Self::Table(table) => table.open(schema),
            Self::Stream(stream) => stream.open(schema),
        }
    }
}

/// Rows going out of a module.
pub(super) struct Output {
    name: String,
    sink: Arc<Sink>,
    pool: Pool,
}

/// Where they go, shared with work on the pool.
struct Sink {
    /// None where nobody reads the port.
    taker: Option<Taker>,
    schema: Mutex<Option<SchemaRef>>,
    counters: Vec<Arc<AtomicU64>>,
    given: Arc<Given>,
    cancel: Cancel,
}

impl Output {
    pub(super) fn new(
        name: String,
        taker: Option<Taker>,
        counters: Vec<Arc<AtomicU64>>,
        given: Arc<Given>,
        pool: Pool,
        cancel: Cancel,
    ) -> Self {
        Self { name, sink: Arc::new(Sink { taker, schema: Mutex::default(), counters, given, cancel }), pool }
    }
}

impl Sink {
    fn open(&self, schema: SchemaRef) -> Result<(), Box<Fault>> {
        if let Some(taker) = &self.taker {
            taker.open(Arc::clone(&schema))?;
        }
        *self.schema.lock().unwrap_or_else(PoisonError::into_inner) = Some(schema);
        Ok(())
    }

    /// A module that does not look whether it should stop is stopped by its next rows.
    fn go_on(&self) -> Result<(), Box<Fault>> {
        if self.cancel.is_cancelled() {
            return Err(Box::new(Fault::new(FaultKind::Cancelled, "the run is stopping")));
        }
        Ok(())
    }

    fn count(&self, rows: usize) {
        for counter in &self.counters {
            counter.fetch_add(rows as u64, Ordering::Relaxed);
        }
    }

    /// On a thread that may wait.
    fn take(&self, batch: RecordBatch) -> Result<(), Box<Fault>> {
        self.go_on()?;
        let rows = batch.num_rows();
        match &self.taker {
            Some(Taker::Table(table)) => table.write(batch)?,
            Some(Taker::Stream(stream)) => match stream.send_at_once(batch) {
                Ok(sent) => sent?,
                Err(batch) => {
                    Pool::give_place();
                    stream.send_blocking(batch)?;
                }
            },
            None => {}
        }
        self.count(rows);
        Ok(())
    }

    /// Rows that a plugin hands over are checked before anything trusts them.
    fn import(&self, rows: ArrowArray) -> Result<RecordBatch, Box<Fault>> {
        let schema = self.schema.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let schema = schema.ok_or_else(|| {
            Box::new(Fault::new(FaultKind::Contract, "rows were sent before their columns were declared"))
        })?;
        import_batch_beside(rows, &schema, &self.given.columns()).map_err(|error| data_fault(&error))
    }
}

impl OutputPort for Output {
    fn name(&self) -> RString {
        self.name.as_str().into()
    }

    fn is_linked(&self) -> bool {
        self.sink.taker.is_some()
    }

    fn open(&self, schema: ArrowSchema) -> AbiResult<()> {
        to_abi(import_schema(schema).map_err(|error| data_fault(&error)).and_then(|schema| self.sink.open(schema)))
    }

    fn send(&self, rows: ArrowArray) -> AbiFuture<()> {
        let (sink, pool) = (Arc::clone(&self.sink), self.pool.clone());
        match self.sink.taker.clone() {
            Some(Taker::Table(table)) if table.is_on_disk() => {
                future(async move { pool.run(move || sink.import(rows).and_then(|batch| sink.take(batch))).await })
            }
            Some(Taker::Stream(stream)) => future(async move {
                sink.go_on()?;
                let batch = sink.import(rows)?;
                let n_rows = batch.num_rows();
                stream.send(batch).await?;
                sink.count(n_rows);
                // A module that only computes and sends lets others have the thread between two batches.
                tokio::task::yield_now().await;
                Ok(())
            }),
            _ => future(async move {
                sink.take(sink.import(rows)?)?;
                tokio::task::yield_now().await;
                Ok(())
            }),
        }
    }

    fn send_stream(&self, stream: ArrowArrayStream) -> AbiFuture<u64> {
        let (sink, pool) = (Arc::clone(&self.sink), self.pool.clone());
        let work = move || {
            let reader = import_reader(stream).map_err(|error| data_fault(&error))?;
            sink.open(reader.schema())?;
            let mut rows = 0;
            for batch in reader {
                let batch = batch.map_err(|error| data_fault(&error))?;
                rows += batch.num_rows() as u64;
                sink.take(batch)?;
            }
            Ok(rows)
        };
        future(async move { pool.run(work).await })
    }
}
