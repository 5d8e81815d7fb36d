//! Watches what the process holds while stages run, and stops them before the machine has to.
//!
//! One thread looks for all stages: those of a loop may be over in a millisecond, and a thread for each would cost as much as they do.

use super::mapped;
use pypeline_engine::executor::Memory;
use pypeline_engine::memory::{Resident, resident};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Between two looks: a core fills some 50 MB in that time.
const PERIOD: Duration = Duration::from_millis(20);

/// The stage was stopped for its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tripped {
    Yes,
    No,
}

/// A stage that is watched until this is dropped.
pub(super) struct Guard(Arc<Watched>);

struct Watched {
    /// Bytes that only this process holds; may change.
    limit: Arc<AtomicU64>,
    /// Bytes of the process from which pages of files are given back.
    soft: u64,
    /// Set once the limit is passed; whoever makes rows looks at it.
    tripped: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
}

impl Guard {
    /// From now on; `limit` is in bytes that only this process holds, and may change.
    ///
    /// [`Memory::outgrown`] is set once the limit is passed; whoever makes rows looks at it.
    pub(super) fn watch(limit: &Arc<AtomicU64>, memory: &Memory, cancelled: &Arc<AtomicBool>) -> Self {
        let (limit, tripped, cancelled) = (Arc::clone(limit), Arc::clone(&memory.outgrown), Arc::clone(cancelled));
        let watched = Arc::new(Watched { limit, soft: memory.soft, tripped, cancelled });
        WATCHER.add(Arc::clone(&watched));
        Self(watched)
    }

    /// The stage has ended.
    pub(super) fn end(self) -> Tripped {
        if self.0.tripped.load(Ordering::Relaxed) { Tripped::Yes } else { Tripped::No }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        WATCHER.state().watched.retain(|other| !Arc::ptr_eq(other, &self.0));
    }
}

impl Watched {
    /// Stops the stage if it must be; true if pages of files are to be given back: they can be had again at any time.
    fn look(&self, Resident { own, mapped }: Resident) -> bool {
        if self.cancelled.load(Ordering::Relaxed) {
            return false;
        }
        let limit = self.limit.load(Ordering::Relaxed);
        if own > limit && !self.tripped.swap(true, Ordering::Relaxed) {
            tracing::debug!("the process holds {} MB of its own, and {} MB of files", own >> 20, mapped >> 20);
        }
        own + mapped > self.soft && mapped > self.soft / 8
    }
}

/// Who looks.
struct Watcher {
    state: Mutex<State>,
    /// There is something to watch again.
    begun: Condvar,
}

struct State {
    watched: Vec<Arc<Watched>>,
    /// The thread is there.
    is_awake: bool,
}

static WATCHER: Watcher =
    Watcher { state: Mutex::new(State { watched: Vec::new(), is_awake: false }), begun: Condvar::new() };

impl Watcher {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&'static self, watched: Arc<Watched>) {
        let mut state = self.state();
        state.watched.push(watched);
        if !state.is_awake {
            // Without a thread to be had, nobody watches: the stage runs all the same, and the next one tries again.
            let spawned = std::thread::Builder::new().name("pype-memory".to_owned()).spawn(|| self.watch());
            state.is_awake = spawned.is_ok();
        } else if state.watched.len() == 1 {
            self.begun.notify_one();
        }
    }

    /// Looks every so often, and sleeps after a while in which there was nothing to look at.
    fn watch(&self) {
        loop {
            std::thread::sleep(PERIOD);
            let idle = self.begun.wait_while(self.state(), |state| state.watched.is_empty());
            // Held while it looks: nobody is stopped for what was there before it began.
            let state = idle.unwrap_or_else(PoisonError::into_inner);
            let resident = resident();
            let gives_back =
                state.watched.iter().fold(false, |gives_back, watched| watched.look(resident) | gives_back);
            drop(state);
            if gives_back {
                mapped::give_back();
            }
        }
    }
}
