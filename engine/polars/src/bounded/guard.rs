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
    /// Bytes above which no stage may go, whether in parts or not.
    hard: u64,
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
        let watched = Arc::new(Watched { limit, soft: memory.soft, hard: memory.hard, tripped, cancelled });
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

/// Stages that work in parts now: they share the budget.
pub(super) fn n_in_parts() -> usize {
    let state = WATCHER.state();
    state.watched.iter().filter(|each| each.limit() >= each.hard).count()
}

impl Watched {
    fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    fn is_ending(&self) -> bool {
        self.tripped.load(Ordering::Relaxed) || self.cancelled.load(Ordering::Relaxed)
    }

    /// Pages of files are to be given back: they can be had again at any time.
    fn gives_back(&self, Resident { own, mapped }: Resident) -> bool {
        !self.cancelled.load(Ordering::Relaxed) && own + mapped > self.soft && mapped > self.soft / 8
    }
}

/// The stage that is to stop, if one is: of those that the process has outgrown one that can begin anew, the youngest, which loses least. What it holds may be
/// all that is too much: until it has ended, the others may go half of the way that is left to them.
fn to_stop(watched: &[Arc<Watched>], own: u64) -> Option<&Arc<Watched>> {
    let others_end = watched.iter().any(|each| each.tripped.load(Ordering::Relaxed));
    let limit = |each: &Watched| each.limit() + if others_end { each.hard.saturating_sub(each.limit()) / 2 } else { 0 };
    watched.iter().rev().filter(|each| !each.is_ending() && own > limit(each)).min_by_key(|each| each.limit())
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
            if let Some(stage) = to_stop(&state.watched, resident.own) {
                stage.tripped.store(true, Ordering::Relaxed);
                let (own, mapped) = (resident.own >> 20, resident.mapped >> 20);
                tracing::debug!("the process holds {own} MB of its own, and {mapped} MB of files");
            }
            let gives_back = state.watched.iter().any(|each| each.gives_back(resident));
            drop(state);
            if gives_back {
                mapped::give_back();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn watched(limit: u64, hard: u64) -> Arc<Watched> {
        let limit = Arc::new(AtomicU64::new(limit));
        Arc::new(Watched { limit, soft: 100, hard, tripped: Arc::default(), cancelled: Arc::default() })
    }

    /// Who is stopped one after another while the process holds so much.
    fn stopped(watched: &[Arc<Watched>], own: u64) -> Vec<usize> {
        let mut order = Vec::new();
        while let Some(stage) = to_stop(watched, own) {
            stage.tripped.store(true, Ordering::Relaxed);
            order.extend(watched.iter().position(|each| Arc::ptr_eq(each, stage)));
        }
        order
    }

    #[test]
    fn one_stage_is_stopped_for_what_several_hold() {
        let three = || [watched(150, 150), watched(100, 150), watched(100, 150)];
        assert_eq!(stopped(&three(), 100), [0; 0]);
        assert_eq!(stopped(&three(), 101), [2], "the youngest that can begin anew");
        assert_eq!(stopped(&three(), 126), [2, 1], "the next when that has not helped");
        assert_eq!(stopped(&three(), 151), [2, 1, 0], "all, before the machine does it");
    }

    #[test]
    fn a_stage_that_is_stopping_already_is_let_be() {
        let two = [watched(100, 150), watched(100, 150)];
        two[1].cancelled.store(true, Ordering::Relaxed);
        assert_eq!(stopped(&two, 1000), [0]);
    }
}
