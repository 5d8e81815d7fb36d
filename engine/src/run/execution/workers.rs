//! The workers that lanes run on. A module that spins keeps its worker for good: where too many are kept, others take over.

use super::pass::lock;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::{Builder, Handle, Runtime};

/// Workers of one runtime at least.
const LEAST: usize = 8;

/// Runtimes at most: beyond that, a flow has lost more modules than it can be helped with.
const MOST_RUNTIMES: usize = 16;

/// Makes a runtime for lanes and for the one pool of blocking work.
pub(in crate::run) fn runtime(cores: usize, blocking: usize) -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        // More than cores: a module that computes or spins keeps its worker to itself, and the others need one still.
        .worker_threads((2 * cores).max(LEAST))
        .max_blocking_threads(blocking)
        .thread_name("pype")
        .enable_all()
        .build()
}

/// Where new lanes go.
pub(in crate::run) struct Workers {
    current: Mutex<Handle>,
    lost: AtomicUsize,
    spare: Mutex<Vec<Runtime>>,
}

impl Workers {
    pub(super) fn new(handle: Handle) -> Self {
        Self { current: Mutex::new(handle), lost: AtomicUsize::new(0), spare: Mutex::default() }
    }

    pub(super) fn handle(&self) -> Handle {
        lock(&self.current).clone()
    }

    /// An attempt was abandoned, and may keep its worker. Before the last worker is lost, new lanes go to new ones.
    pub(super) fn lose_one(&self) {
        let lost = self.lost.fetch_add(1, Ordering::Relaxed) + 1;
        let mut spare = lock(&self.spare);
        if !lost.is_multiple_of(LEAST - 1) || spare.len() >= MOST_RUNTIMES {
            return;
        }
        match runtime(1, 1) {
            Ok(runtime) => {
                *lock(&self.current) = runtime.handle().clone();
                spare.push(runtime);
            }
            Err(error) => tracing::warn!("no more workers to be had: {error}"),
        }
    }

    /// Lets go of spare workers; not to be called from one of them.
    pub(in crate::run) fn close(&self) {
        for runtime in std::mem::take(&mut *lock(&self.spare)) {
            runtime.shutdown_background();
        }
    }
}
