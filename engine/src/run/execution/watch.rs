//! What must have ended by a certain time: attempts and nodes with a timeout, and attempts that were asked to stop.

use super::pass::{Attempt, lock};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// What is due.
#[derive(Clone)]
pub(super) enum Due {
    /// The attempt has taken longer than it may; so many seconds.
    Attempt(Arc<Attempt>, f64),
    /// A node of the attempt has.
    Node(Arc<Attempt>, usize, f64),
    /// The attempt was asked to stop, and its grace is over.
    Abandon(Arc<Attempt>),
}

/// Names an entry, so that it can be taken back.
pub(super) type Entry = (Instant, u64);

/// Times and what is due at them.
#[derive(Default)]
pub(in crate::run) struct Watch {
    entries: Mutex<(u64, BTreeMap<Entry, Due>)>,
    changed: Notify,
}

impl Watch {
    /// Remembers.
    pub(super) fn add(&self, after: Duration, due: Due) -> Option<Entry> {
        let at = Instant::now().checked_add(after)?;
        let mut entries = lock(&self.entries);
        entries.0 += 1;
        let entry = (at, entries.0);
        let is_next = entries.1.keys().next().is_none_or(|first| entry < *first);
        entries.1.insert(entry, due);
        drop(entries);
        if is_next {
            self.changed.notify_one();
        }
        Some(entry)
    }

    /// Forgets.
    pub(super) fn remove(&self, entry: Option<Entry>) {
        if let Some(entry) = entry {
            lock(&self.entries).1.remove(&entry);
        }
    }

    /// Forgets everything: the run is over.
    pub(super) fn clear(&self) {
        lock(&self.entries).1.clear();
    }

    /// All that is due now.
    pub(super) fn due(&self) -> Vec<Due> {
        let mut entries = lock(&self.entries);
        let later = entries.1.split_off(&(Instant::now(), u64::MAX));
        std::mem::replace(&mut entries.1, later).into_values().collect()
    }

    /// Ends when something may be due.
    pub(super) async fn wait(&self) {
        let next = lock(&self.entries).1.keys().next().map(|(at, _)| *at);
        match next {
            Some(at) => tokio::select! {
                () = tokio::time::sleep_until(at.into()) => {}
                () = self.changed.notified() => {}
            },
            None => self.changed.notified().await,
        }
    }
}
