//! Watches what the process holds while stages run, and stops them before the machine has to.
//!
//! One thread looks for all stages: those of a loop may be over in a millisecond, and a thread for each would cost as much as they do.

use super::mapped;
use pypeline_engine::executor::Memory;
use pypeline_engine::memory::{Resident, machine_bytes, resident, tell_shortage};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Between two looks: a core fills some 50 MB in that time.
const PERIOD: Duration = Duration::from_millis(20);

/// The stage was stopped for its memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tripped {
    Yes,
    No,
}

/// A stage that begins while the process holds too much is not to blame for that: it is let be until that has become less, or for so long.
const GRACE: Duration = Duration::from_secs(1);

/// Share of the machine's memory above which no stage waits for another to end.
const CEILING: f64 = 0.95;

/// A stage that is watched until this is dropped.
pub(super) struct Guard(Arc<Watched>);

struct Watched {
    /// Bytes that only this process may hold; changes when the stage begins to work in parts.
    limit: AtomicU64,
    /// When it began to work.
    begun: Mutex<Instant>,
    /// The process has held less than the limit since then, or has had the time to.
    is_armed: AtomicBool,
    /// It holds nothing until others have ended.
    is_waiting: AtomicBool,
    /// Bytes of the process from which pages of files are given back.
    soft: u64,
    /// Bytes above which no stage may go, whether in parts or not.
    hard: u64,
    /// Set once the limit is passed; whoever makes rows looks at it.
    tripped: Arc<AtomicBool>,
    cancelled: Arc<AtomicBool>,
}

impl Guard {
    /// From now on; `limit` is in bytes that only this process holds.
    ///
    /// [`Memory::outgrown`] is set once the limit is passed; whoever makes rows looks at it.
    pub(super) fn watch(limit: u64, memory: &Memory, cancelled: &Arc<AtomicBool>) -> Self {
        let watched = Arc::new(Watched {
            limit: AtomicU64::new(limit),
            begun: Mutex::new(Instant::now()),
            is_armed: AtomicBool::new(false),
            is_waiting: AtomicBool::new(false),
            soft: memory.soft,
            hard: memory.hard,
            tripped: Arc::clone(&memory.outgrown),
            cancelled: Arc::clone(cancelled),
        });
        WATCHER.add(Arc::clone(&watched));
        Self(watched)
    }

    /// From now on the stage works in parts, which hold what they hold: the guard is for what goes wrong. `turn` waits until it may.
    pub(super) fn begin_parts<T>(&self, turn: impl FnOnce() -> T) -> T {
        self.0.is_waiting.store(true, Ordering::Relaxed);
        self.0.limit.store(self.0.hard, Ordering::Relaxed);
        let turn = turn();
        *self.0.begun.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
        self.0.is_armed.store(false, Ordering::Relaxed);
        self.0.is_waiting.store(false, Ordering::Relaxed);
        turn
    }

    /// The stage has ended.
    pub(super) fn end(&self) -> Tripped {
        if self.0.tripped.load(Ordering::Relaxed) { Tripped::Yes } else { Tripped::No }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        WATCHER.state().watched.retain(|other| !Arc::ptr_eq(other, &self.0));
    }
}

impl Watched {
    fn limit(&self) -> u64 {
        self.limit.load(Ordering::Relaxed)
    }

    fn is_tripped(&self) -> bool {
        self.tripped.load(Ordering::Relaxed)
    }

    /// It may be stopped for what the process holds.
    fn answers_for(&self, own: u64) -> bool {
        if self.is_waiting.load(Ordering::Relaxed) {
            return false;
        }
        let begun = *self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        if own <= self.limit() || begun.elapsed() > GRACE {
            self.is_armed.store(true, Ordering::Relaxed);
        }
        let is_ending = self.is_tripped() || self.cancelled.load(Ordering::Relaxed);
        !is_ending && self.is_armed.load(Ordering::Relaxed) && own > self.limit()
    }

    /// Pages of files are to be given back: they can be had again at any time.
    fn gives_back(&self, Resident { own, mapped }: Resident) -> bool {
        !self.cancelled.load(Ordering::Relaxed) && own + mapped > self.soft && mapped > self.soft / 8
    }
}

/// The stage that is to stop, if one is: of those that the process has outgrown one that can begin anew, the youngest, which loses least. What it holds may be
/// all that is too much: until it has ended the others are let be, as far as the process may go at all.
fn to_stop(watched: &[Arc<Watched>], own: u64, machine: u64) -> Option<&Arc<Watched>> {
    let is_one_ending = watched.iter().any(|each| each.is_tripped());
    let most = |each: &Watched| (each.hard + each.hard / 2).min((machine as f64 * CEILING) as u64);
    let too_much = |each: &&Arc<Watched>| each.answers_for(own) && (!is_one_ending || own > most(each));
    watched.iter().rev().filter(too_much).min_by_key(|each| each.limit())
}

/// Memory is short where the process holds half of what a stage may.
fn is_short(watched: &[Arc<Watched>], own: u64) -> bool {
    watched.iter().any(|each| own > each.soft / 2)
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
            if is_short(&state.watched, resident.own) {
                tell_shortage();
            }
            if let Some(stage) = to_stop(&state.watched, resident.own, machine_bytes()) {
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

    const MACHINE: u64 = 200;

    fn watched(limit: u64, hard: u64) -> Arc<Watched> {
        Arc::new(Watched {
            limit: AtomicU64::new(limit),
            begun: Mutex::new(Instant::now()),
            is_armed: AtomicBool::new(true),
            is_waiting: AtomicBool::new(false),
            soft: 100,
            hard,
            tripped: Arc::default(),
            cancelled: Arc::default(),
        })
    }

    /// Who is stopped while the process holds so much, and those that are stopped go on holding it.
    fn stopped(watched: &[Arc<Watched>], own: u64) -> Vec<usize> {
        let mut order = Vec::new();
        while let Some(stage) = to_stop(watched, own, MACHINE) {
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
        assert_eq!(stopped(&three(), 190), [2], "it may hold all that is too much");
        assert_eq!(stopped(&three(), 191), [2, 1, 0], "all, before the machine does it");
    }

    #[test]
    fn the_next_is_stopped_when_the_first_has_ended() {
        let all = [watched(150, 150), watched(100, 150), watched(100, 150)];
        assert_eq!(stopped(&all, 120), [2]);
        assert_eq!(stopped(&all[..2], 120), [1]);
        assert_eq!(stopped(&all[..1], 151), [0]);
    }

    #[test]
    fn a_stage_that_is_stopping_already_is_let_be() {
        let two = [watched(100, 150), watched(100, 150)];
        two[1].cancelled.store(true, Ordering::Relaxed);
        assert_eq!(stopped(&two, 1000), [0]);
    }

    #[test]
    fn who_waits_for_another_to_end_holds_nothing() {
        let two = [watched(150, 150), watched(100, 150)];
        two[1].is_waiting.store(true, Ordering::Relaxed);
        assert_eq!(stopped(&two, 120), [0; 0]);
        assert_eq!(stopped(&two, 151), [0]);
    }

    #[test]
    fn memory_is_short_before_a_stage_is_stopped() {
        let two = [watched(150, 150), watched(100, 150)];
        assert_eq!([50, 51].map(|own| is_short(&two, own)), [false, true]);
        assert!(!is_short(&[], 200));
    }

    #[test]
    fn a_stage_does_not_answer_for_what_was_there_before_it() {
        let new = [watched(100, 150)];
        new[0].is_armed.store(false, Ordering::Relaxed);
        assert_eq!(stopped(&new, 180), [0; 0]);
        assert_eq!(stopped(&new, 90), [0; 0]);
        assert_eq!(stopped(&new, 101), [0], "it was less in between");
    }
}
