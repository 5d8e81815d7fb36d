//! Watches what the process holds while a stage runs, and stops the stage before the machine has to.

use super::mapped;
use pypeline_engine::memory::{Resident, resident};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

/// Between two looks: a core fills some 50 MB in that time.
const PERIOD: Duration = Duration::from_millis(20);

/// The stage was stopped for its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tripped {
    Yes,
    No,
}

/// A thread that looks again and again.
pub(super) struct Guard {
    tripped: Arc<AtomicBool>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Guard {
    /// From now on; `limit` is in bytes that only this process holds, and may change.
    ///
    /// `tripped` is set once the limit is passed; whoever makes rows looks at it.
    pub(super) fn watch(limit: &Arc<AtomicU64>, tripped: &Arc<AtomicBool>, cancelled: &Arc<AtomicBool>) -> Self {
        let (tripped, over) = (Arc::clone(tripped), Arc::new(AtomicBool::new(false)));
        let limit = Arc::clone(limit);
        let (is_tripped, is_over, is_cancelled) = (Arc::clone(&tripped), Arc::clone(&over), Arc::clone(cancelled));
        let look = move || {
            let limit = || limit.load(Ordering::Relaxed);
            while !is_over.load(Ordering::Relaxed) && !is_cancelled.load(Ordering::Relaxed) {
                let Resident { own, mapped } = resident();
                if own > limit() && !is_tripped.swap(true, Ordering::Relaxed) {
                    tracing::debug!("the process holds {} MB of its own, and {} MB of files", own >> 20, mapped >> 20);
                }
                // Pages of files that are read can be had again at any time.
                if own + mapped > limit() && mapped > limit() / 8 {
                    mapped::give_back();
                }
                std::thread::park_timeout(PERIOD);
            }
        };
        // Without a thread to be had, nobody watches: the stage runs all the same.
        let thread = std::thread::Builder::new().name("pype-memory".to_owned()).spawn(look).ok();
        Self { tripped, over, thread }
    }

    /// The stage has ended.
    pub(super) fn end(mut self) -> Tripped {
        self.stop();
        if self.tripped.load(Ordering::Relaxed) { Tripped::Yes } else { Tripped::No }
    }

    fn stop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // It does nothing that can panic.
            let _ = thread.join();
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.stop();
    }
}
