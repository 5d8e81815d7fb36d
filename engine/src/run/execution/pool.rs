//! The one pool for work that blocks. So many pieces of work are at it at the same time as the run may have threads; one that waits for
//! rows of another unit does not count, or the two could wait for each other.

use pypeline_schema::fault::{Fault, FaultKind};
use std::cell::RefCell;
use std::sync::Arc;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Threads beyond those that work, for work that waits.
const WAITING: usize = 512;

thread_local! {
    /// The place of the work that this thread is at.
    static PLACE: RefCell<Option<OwnedSemaphorePermit>> = const { RefCell::new(None) };
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub(in crate::run) struct Pool {
    lanes: Handle,
    threads: Arc<Threads>,
    places: Arc<Semaphore>,
}

/// A runtime that nobody drives, for its threads. Those of the lanes are others: their number is how much lanes may block.
#[derive(Debug)]
struct Threads(Option<Runtime>);

impl Drop for Threads {
    fn drop(&mut self) {
        // Work that was abandoned holds nobody up.
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Pool {
    /// A pool for so many pieces of work at the same time.
    pub(in crate::run) fn new(lanes: Handle, threads: usize) -> std::io::Result<Self> {
        let runtime =
            Builder::new_current_thread().max_blocking_threads(threads + WAITING).thread_name("pype").build()?;
        Ok(Self { lanes, threads: Arc::new(Threads(Some(runtime))), places: Arc::new(Semaphore::new(threads)) })
    }

    /// Where lanes run.
    pub(in crate::run) fn lanes(&self) -> &Handle {
        &self.lanes
    }

    /// Work on the pool; a panic of it is a fault.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Box<Fault>> + Send + 'static,
    ) -> Result<T, Box<Fault>> {
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        let placed = move || {
            PLACE.set(place);
            let done = Leave;
            let ended = work();
            drop(done);
            ended
        };
        let Some(threads) = &self.threads.0 else {
            return Err(Box::new(Fault::new(FaultKind::Cancelled, "the run is over")));
        };
        let ended = threads.spawn_blocking(placed).await;
        ended.unwrap_or_else(|error| {
            let fault = Fault::new(FaultKind::Panic, format!("blocking work panicked: {error}"));
            Err(Box::new(fault))
        })
    }

    /// From now on the work on this thread is one that waits.
    pub(super) fn give_place() {
        drop(PLACE.take());
    }
}

/// Gives the place back, after a panic too.
struct Leave;

impl Drop for Leave {
    fn drop(&mut self) {
        Pool::give_place();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_that_waits_makes_room_for_what_it_waits_for() {
        let pool = Pool::new(Handle::current(), 1).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        let waiting = pool.run(move || {
            Pool::give_place();
            Ok(receiver.recv().ok())
        });
        let sending = pool.run(move || Ok(sender.send(7).is_ok()));
        let (received, sent) = tokio::join!(waiting, sending);
        assert_eq!((received.unwrap(), sent.unwrap()), (Some(7), true));
    }

    #[tokio::test]
    async fn a_panic_is_a_fault_and_gives_the_place_back() {
        let pool = Pool::new(Handle::current(), 1).unwrap();
        let ended = pool.run(|| -> Result<(), Box<Fault>> { panic!("planted") }).await;
        assert_eq!(ended.unwrap_err().kind, FaultKind::Panic);
        assert_eq!(pool.run(|| Ok(1)).await.unwrap(), 1);
    }
}
