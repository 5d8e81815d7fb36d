//! One pass of a sub flow through all its attempts, and the one attempt that may publish: an abandoned one may not.

use super::Shared;
use super::cancel::Cancel;
use super::publish::{Intent, Publication, discard};
use super::services::Kept;
use super::watch::Entry;
use super::wiring::Tables;
use crate::run::frames::{self, FrameData};
use crate::run::prepare::SubFlowPlan;
use crate::run::report::NodePass;
use crate::scheduling::Run;
use crate::streams::Stream;
use pypeline_schema::checkpoint::FileSeen;
use pypeline_schema::fault::Fault;
use pypeline_schema::run_result::State;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// A sub flow in a frame, from its start to its end.
pub(super) struct Pass {
    pub run: Run,
    pub sub_flow: usize,
    pub frame: Arc<FrameData>,
    pub started: Instant,
    /// It is to stop, with all attempts to come.
    pub stop: Cancel,
    /// The attempt at work, or the last one.
    pub current: Mutex<Option<Arc<Attempt>>>,
    history: Mutex<History>,
}

/// What earlier attempts have left.
#[derive(Debug, Default)]
pub(super) struct History {
    pub attempts: u64,
    /// Transient failures so far, per node.
    pub failures: BTreeMap<usize, u64>,
    /// Files that they were about to give their names.
    pub intents: Vec<Intent>,
}

impl Pass {
    pub(super) fn new(run: Run, sub_flow: usize, frame: Arc<FrameData>) -> Self {
        let (started, stop) = (Instant::now(), Cancel::default());
        Self { run, sub_flow, frame, started, stop, current: Mutex::default(), history: Mutex::default() }
    }

    /// Attempts that have begun.
    pub(super) fn attempts(&self) -> u64 {
        self.history().attempts
    }

    pub(super) fn history(&self) -> MutexGuard<'_, History> {
        lock(&self.history)
    }
}

const RUNNING: u8 = 0;
const PUBLISHING: u8 = 1;
const ENDED: u8 = 2;
const ABANDONED: u8 = 3;

/// One attempt.
pub(super) struct Attempt {
    pub shared: Arc<Shared>,
    pub pass: Arc<Pass>,
    pub cancel: Cancel,
    phase: AtomicU8,
    /// Of the workers that it may keep one of.
    pub generation: usize,
    /// Why it was asked to stop, if it took too long: node and fault.
    pub timed_out: Mutex<Option<(Option<usize>, Fault)>>,
    /// When it is given up, once it was asked to stop.
    pub last_time: Mutex<Option<Entry>>,
    pub publications: Mutex<BTreeMap<usize, Publication>>,
    /// Files that it reads, as they were before.
    pub inputs: Mutex<Vec<FileSeen>>,
    temporaries: Mutex<Vec<PathBuf>>,
    pub tables: Mutex<Tables>,
    /// Links whose rows are read while they come, by number.
    pub streams: Mutex<BTreeMap<usize, Arc<Stream>>>,
    /// Rows and variables that become visible when it succeeds.
    pub kept: Mutex<Vec<Kept>>,
    /// Globals that its nodes have set: nobody else's before it succeeds.
    globals: Mutex<BTreeMap<String, Value>>,
    /// Rows of the sub flow's data links, in their order.
    pub counters: Vec<Arc<AtomicU64>>,
    pub nodes: Mutex<Vec<NodePass>>,
}

impl Attempt {
    pub(super) fn new(shared: &Arc<Shared>, pass: &Arc<Pass>) -> Arc<Self> {
        let links = shared.job.index.links_of.get(pass.sub_flow).map_or(&[][..], Vec::as_slice);
        // In a loop several passes may run at the same time: each counts for itself.
        let counter = |link: &usize| match shared.links.get(*link) {
            Some(link) if !shared.in_loop(pass.sub_flow) => {
                link.rows.store(0, Ordering::Relaxed);
                Arc::clone(&link.rows)
            }
            _ => Arc::default(),
        };
        let node = |node: &usize| NodePass {
            node: *node,
            state: State::Pending,
            seconds: None,
            stage: None,
            items: None,
            fault: None,
        };
        Arc::new(Self {
            shared: Arc::clone(shared),
            pass: Arc::clone(pass),
            cancel: Cancel::default(),
            phase: AtomicU8::new(RUNNING),
            generation: shared.workers.generation(),
            timed_out: Mutex::default(),
            last_time: Mutex::default(),
            publications: Mutex::default(),
            inputs: Mutex::default(),
            temporaries: Mutex::default(),
            tables: Mutex::default(),
            streams: Mutex::default(),
            kept: Mutex::default(),
            globals: Mutex::default(),
            counters: links.iter().map(counter).collect(),
            nodes: Mutex::new(shared.nodes(pass.sub_flow).iter().map(node).collect()),
        })
    }

    fn step(&self, from: u8, to: u8) -> bool {
        self.phase.compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// The temporary files of its sinks, while they are brought to disk.
    pub(super) fn note_temporaries(&self, paths: Vec<PathBuf>) {
        *lock(&self.temporaries) = paths;
    }

    /// From now on it is not abandoned any more; false if it was.
    pub(super) fn begin_publishing(&self) -> bool {
        self.step(RUNNING, PUBLISHING) || pypeline_disk::faults::planted("no-fencing")
    }

    /// It has come to its end by itself; false if it was abandoned, and somebody else has gone on.
    pub(super) fn end(&self) -> bool {
        self.step(RUNNING, ENDED) || self.step(PUBLISHING, ENDED)
    }

    /// Nothing that it does later counts. False if it is publishing or has ended.
    pub(super) fn abandon(&self) -> bool {
        let abandoned = self.step(RUNNING, ABANDONED);
        if abandoned {
            // Temporary files go now: the attempt itself may never let go of them.
            drop(std::mem::take(&mut *lock(&self.publications)));
            for path in std::mem::take(&mut *lock(&self.temporaries)) {
                discard(&path);
            }
        }
        abandoned
    }

    /// It is over: temporary files and tables go, and nobody waits for it any more.
    pub(super) fn close(&self) {
        self.shared.watch.remove(lock(&self.last_time).take());
        drop(std::mem::take(&mut *lock(&self.publications)));
        drop(std::mem::take(&mut *lock(&self.tables)));
        drop(std::mem::take(&mut *lock(&self.kept)));
    }

    pub(super) fn has_ended(&self) -> bool {
        self.phase.load(Ordering::Acquire) >= ENDED
    }

    pub(super) fn is_publishing(&self) -> bool {
        self.phase.load(Ordering::Acquire) == PUBLISHING
    }

    /// Sets a global of a node.
    pub(super) fn set_global(&self, node: &str, name: &str, value: Value) {
        lock(&self.globals).insert(frames::key(node, name), value);
    }

    /// Reads a global: what this attempt has set comes first.
    pub(super) fn get_global(&self, node: &str, name: &str) -> Option<Value> {
        use crate::template::Variables;
        let key = frames::key(node, name);
        let own = lock(&self.globals).get(&key).cloned();
        own.or_else(|| self.pass.frame.global(&key))
    }

    /// The globals that it has set.
    pub(super) fn own_globals(&self) -> BTreeMap<String, Value> {
        lock(&self.globals).clone()
    }

    /// The attempt has succeeded: its globals are everybody's.
    pub(super) fn commit_globals(&self) {
        let globals = std::mem::take(&mut *lock(&self.globals));
        if !globals.is_empty() {
            self.pass.frame.set(globals);
        }
    }

    pub(super) fn change_node(&self, at: usize, change: impl FnOnce(&mut NodePass)) {
        if let Some(node) = lock(&self.nodes).iter_mut().find(|node| node.node == at) {
            change(node);
        }
    }

    /// The stream of a data link; none where its rows are a table.
    pub(super) fn stream(&self, link: usize) -> Option<Arc<Stream>> {
        lock(&self.streams).get(&link).cloned()
    }

    /// The counter of a data link of this sub flow.
    pub(super) fn counter(&self, link: usize) -> Arc<AtomicU64> {
        let place = self.shared.job.index.place_of.get(link).copied().unwrap_or(usize::MAX);
        self.counters.get(place).cloned().unwrap_or_default()
    }

    /// In a loop, the rows of a pass that succeeded join those of the others.
    pub(super) fn add_rows(&self) {
        if !self.shared.in_loop(self.pass.sub_flow) {
            return;
        }
        let links = self.shared.job.index.links_of.get(self.pass.sub_flow).into_iter().flatten();
        for (link, counter) in links.zip(&self.counters) {
            if let Some(link) = self.shared.links.get(*link) {
                link.rows.fetch_add(counter.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
    }
}

/// An attempt at work on what was prepared for it.
#[derive(Clone)]
pub(super) struct Work {
    pub attempt: Arc<Attempt>,
    pub plan: Arc<SubFlowPlan>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
