//! The workers that lanes run on. A module that never awaits keeps its worker for good: once one has been given up, what
//! comes after runs on new ones.

use super::pass::lock;
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::runtime::{Builder, Handle, Runtime, RuntimeFlavor};

/// Workers of the first runtime at least, and of those that take over.
const LEAST: usize = 16;

/// Runtimes at most. A flow that has lost more modules than this to themselves is stopped.
const MOST_RUNTIMES: usize = 32;

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

/// A lane.
type Lane = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Where new lanes go; one for a run and all jobs that it runs.
pub(in crate::run) struct Workers {
    current: Mutex<Handle>,
    /// Lanes that no worker has begun yet: those of workers that are lost are begun by others.
    waiting: Mutex<VecDeque<Lane>>,
    generation: AtomicUsize,
    spare: Mutex<Vec<Runtime>>,
}

impl Workers {
    pub(in crate::run) fn new(handle: Handle) -> Self {
        Self {
            current: Mutex::new(handle),
            waiting: Mutex::default(),
            generation: AtomicUsize::new(0),
            spare: Mutex::default(),
        }
    }

    /// Begins a lane.
    pub(super) fn begin(self: &Arc<Self>, lane: Lane) {
        lock(&self.waiting).push_back(lane);
        self.begin_next();
    }

    /// Lets some worker begin the lane that has waited longest, if one waits still.
    fn begin_next(self: &Arc<Self>) {
        let workers = Arc::clone(self);
        drop(self.handle().spawn(async move {
            let lane = lock(&workers.waiting).pop_front();
            if let Some(lane) = lane {
                lane.await;
            }
        }));
    }

    /// Nothing: a task that a worker may keep to itself.
    pub(super) fn begin_nothing(&self) {
        drop(self.handle().spawn(async {}));
    }

    pub(super) fn handle(&self) -> Handle {
        lock(&self.current).clone()
    }

    /// Tells the workers of now from those that take over later.
    pub(super) fn generation(&self) -> usize {
        self.generation.load(Ordering::Acquire)
    }

    /// An attempt of that generation was given up, and may keep its worker, as may others beside it that nobody knows of yet: new
    /// lanes go to new workers. False if there are no more to be had.
    pub(super) fn lose(self: &Arc<Self>, generation: usize) -> bool {
        let mut spare = lock(&self.spare);
        if generation < self.generation() {
            return true;
        }
        if spare.len() >= MOST_RUNTIMES {
            return false;
        }
        match runtime(1, 1) {
            Ok(runtime) => {
                *lock(&self.current) = runtime.handle().clone();
                spare.push(runtime);
                self.generation.fetch_add(1, Ordering::AcqRel);
                let waiting = lock(&self.waiting).len();
                (0..waiting).for_each(|_| self.begin_next());
                true
            }
            Err(error) => {
                tracing::warn!("no more workers to be had: {error}");
                false
            }
        }
    }

    /// Some worker was given up with what it ran.
    pub(in crate::run) fn has_lost(&self) -> bool {
        self.generation() > 0
    }

    /// Lets go of spare workers; not to be called from one of them.
    pub(in crate::run) fn close(&self) {
        for runtime in std::mem::take(&mut *lock(&self.spare)) {
            runtime.shutdown_background();
        }
    }
}

/// Work that touches the disk: on a worker the others go on meanwhile.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    let is_worker = Handle::try_current().is_ok_and(|handle| handle.runtime_flavor() == RuntimeFlavor::MultiThread);
    if is_worker { tokio::task::block_in_place(work) } else { work() }
}
