//! Rows on their way from one unit of work to another while both run: a few batches at a time, so that whoever is faster waits.
//! What is read again, or by several, or held anyway is a table instead ([`artifacts`](crate::artifacts)).

use arrow_array::{RecordBatch, RecordBatchIterator, RecordBatchReader};
use arrow_schema::{ArrowError, SchemaRef};
use async_channel::{Receiver, Sender, TryRecvError, TrySendError};
use pypeline_schema::fault::{Fault, FaultKind};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

type Fallible<T> = Result<T, Box<Fault>>;

/// Batches that wait for the reader at most. Each side works on one more.
const BATCHES: usize = 4;

/// Batches that are remembered however large they are.
const FEWEST: usize = 2;

/// What is known of the columns.
#[derive(Debug, Clone)]
enum Opening {
    Awaited,
    Open(SchemaRef),
    /// The writer has ended, or will not go on.
    Never,
}

/// One link between two units that run at the same time. The writer opens it, sends, and finishes; the reader waits for the
/// columns, receives, and leaves. Whichever fails breaks it, and the other hears of that with its next batch.
#[derive(Debug)]
pub struct Stream {
    sender: Sender<RecordBatch>,
    receiver: Receiver<RecordBatch>,
    opening: watch::Sender<Opening>,
    is_broken: AtomicBool,
    recent: Mutex<Recent>,
}

/// The rows that were taken last.
#[derive(Debug, Default)]
struct Recent {
    batches: VecDeque<RecordBatch>,
    bytes: usize,
}

impl Default for Stream {
    fn default() -> Self {
        let (sender, receiver) = async_channel::bounded(BATCHES);
        Self {
            sender,
            receiver,
            opening: watch::Sender::new(Opening::Awaited),
            is_broken: AtomicBool::new(false),
            recent: Mutex::default(),
        }
    }
}

fn broken() -> Box<Fault> {
    Box::new(Fault::new(FaultKind::Cancelled, "the other end of its rows has stopped"))
}

impl Stream {
    /// Declares the columns: before the first rows.
    pub fn open(&self, schema: SchemaRef) -> Fallible<()> {
        let mut is_other = false;
        self.opening.send_if_modified(|opening| match opening {
            Opening::Awaited => {
                *opening = Opening::Open(Arc::clone(&schema));
                true
            }
            Opening::Open(known) => {
                is_other = *known != schema;
                false
            }
            Opening::Never => false,
        });
        if is_other {
            return Err(Box::new(Fault::new(
                FaultKind::Contract,
                "a port declared its columns twice, and differently",
            )));
        }
        Ok(())
    }

    /// Waits for the columns; none if there will be none.
    pub async fn opened(&self) -> Option<SchemaRef> {
        let mut opening = self.opening.subscribe();
        let known = opening.wait_for(|opening| !matches!(opening, Opening::Awaited)).await.ok()?;
        match &*known {
            Opening::Open(schema) => Some(Arc::clone(schema)),
            Opening::Awaited | Opening::Never => None,
        }
    }

    /// The columns, if they are known by now.
    pub fn schema(&self) -> Option<SchemaRef> {
        match &*self.opening.borrow() {
            Opening::Open(schema) => Some(Arc::clone(schema)),
            Opening::Awaited | Opening::Never => None,
        }
    }

    /// Hands over rows; waits while there is no room. A reader that has left takes what comes and lets it go.
    pub async fn send(&self, batch: RecordBatch) -> Fallible<()> {
        self.sent(self.sender.send(batch).await.is_ok())
    }

    /// The same on a thread that may wait.
    pub fn send_blocking(&self, batch: RecordBatch) -> Fallible<()> {
        self.sent(self.sender.send_blocking(batch).is_ok())
    }

    /// Where there is room; the rows come back where one would have to wait.
    pub fn send_at_once(&self, batch: RecordBatch) -> Result<Fallible<()>, RecordBatch> {
        match self.sender.try_send(batch) {
            Ok(()) => Ok(Ok(())),
            Err(TrySendError::Closed(_)) => Ok(self.sent(false)),
            Err(TrySendError::Full(batch)) => Err(batch),
        }
    }

    /// Remembers rows that a reader has taken, and forgets older ones above so many bytes: when the reader fails, they are all that is left
    /// to find out why.
    pub fn remember(&self, batches: &[RecordBatch], most: usize) {
        let mut recent = self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        for batch in batches {
            recent.bytes += batch.get_array_memory_size();
            recent.batches.push_back(batch.clone());
        }
        while recent.bytes > most
            && recent.batches.len() > FEWEST
            && let Some(batch) = recent.batches.pop_front()
        {
            recent.bytes -= batch.get_array_memory_size();
        }
    }

    /// What is remembered, the oldest first.
    pub fn recent(&self) -> Vec<RecordBatch> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner).batches.iter().cloned().collect()
    }

    fn sent(&self, is_taken: bool) -> Fallible<()> {
        if !is_taken && self.is_broken() { Err(broken()) } else { Ok(()) }
    }

    /// The next rows; none at the end.
    pub async fn receive(&self) -> Fallible<Option<RecordBatch>> {
        self.received(self.receiver.recv().await.ok())
    }

    /// The same on a thread that may wait.
    pub fn receive_blocking(&self) -> Fallible<Option<RecordBatch>> {
        self.received(self.receiver.recv_blocking().ok())
    }

    /// Rows that are there already; `None` where one would have to wait.
    pub fn receive_at_once(&self) -> Option<Fallible<Option<RecordBatch>>> {
        match self.receiver.try_recv() {
            Ok(batch) => Some(self.received(Some(batch))),
            Err(TryRecvError::Closed) => Some(self.received(None)),
            Err(TryRecvError::Empty) => None,
        }
    }

    fn received(&self, batch: Option<RecordBatch>) -> Fallible<Option<RecordBatch>> {
        // What is left in a broken stream is not the whole.
        if self.is_broken() { Err(broken()) } else { Ok(batch) }
    }

    /// The writer has sent everything. It must have declared its columns.
    pub fn finish(&self) -> Fallible<()> {
        let is_open = self.schema().is_some();
        self.never_opens();
        self.sender.close();
        match is_open || self.is_broken() {
            true => Ok(()),
            false => Err(Box::new(Fault::new(FaultKind::Contract, "a port ended without declaring its columns"))),
        }
    }

    /// The reader wants no more.
    pub fn leave(&self) {
        self.receiver.close();
        *self.recent.lock().unwrap_or_else(PoisonError::into_inner) = Recent::default();
        // Rows that wait for nobody.
        while self.receiver.try_recv().is_ok() {}
    }

    /// One of the two has failed, or all is to stop.
    pub fn break_off(&self) {
        self.is_broken.store(true, Ordering::Release);
        self.never_opens();
        self.leave();
    }

    fn never_opens(&self) {
        self.opening.send_if_modified(|opening| {
            let is_awaited = matches!(opening, Opening::Awaited);
            if is_awaited {
                *opening = Opening::Never;
            }
            is_awaited
        });
    }

    /// It was broken off.
    pub fn is_broken(&self) -> bool {
        self.is_broken.load(Ordering::Acquire)
    }

    /// Its rows to a reader that may wait; `wait` is told before it does.
    pub fn reader(self: &Arc<Self>, wait: impl Fn() + Send + 'static) -> Fallible<Box<dyn RecordBatchReader + Send>> {
        let schema = self.schema();
        let schema = schema.ok_or_else(|| {
            Box::new(Fault::new(FaultKind::Contract, "rows were asked for before their columns were declared"))
        })?;
        let stream = Arc::clone(self);
        let next = move || {
            let received = stream.receive_at_once().unwrap_or_else(|| {
                wait();
                stream.receive_blocking()
            });
            received.map_err(|fault| ArrowError::ExternalError(fault.to_string().into())).transpose()
        };
        Ok(Box::new(RecordBatchIterator::new(std::iter::from_fn(next), schema)))
    }
}

#[cfg(test)]
mod tests;
