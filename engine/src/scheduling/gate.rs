//! A gate: what a sub flow does once the last of its incoming links is resolved.

use super::{Outcome, Resolution};
use std::collections::BTreeMap;

/// How a gate decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Join {
    /// At least one link opened, none blocked.
    #[default]
    Clean,
    /// Every link opened.
    All,
    /// At least one link opened.
    Any,
}

/// What to do with the sub flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Run,
    Skip(Outcome),
}

/// Links that are still open questions, and the answer per source sub flow.
#[derive(Debug)]
pub(super) struct Gate {
    join: Join,
    waiting: usize,
    by_source: BTreeMap<usize, Resolution>,
}

impl Gate {
    pub(super) fn new(join: Join, links: usize) -> Self {
        Self { join, waiting: links, by_source: BTreeMap::new() }
    }

    /// Takes one link's end; the decision comes with the last. Links of one source count as one: opened if any of them
    /// opened, else blocked if any was.
    pub(super) fn resolve(&mut self, source: usize, resolution: Resolution) -> Option<Decision> {
        let rank = |resolution: Resolution| match resolution {
            Resolution::NotChosen => 0,
            Resolution::Blocked => 1,
            Resolution::Opened => 2,
        };
        let known = self.by_source.entry(source).or_insert(resolution);
        if rank(resolution) > rank(*known) {
            *known = resolution;
        }
        self.waiting = self.waiting.checked_sub(1)?;
        if self.waiting > 0 {
            return None;
        }
        let any = |wanted: Resolution| self.by_source.values().any(|found| *found == wanted);
        let blocked = any(Resolution::Blocked);
        let runs = match self.join {
            Join::Clean => any(Resolution::Opened) && !blocked,
            Join::All => !blocked && !any(Resolution::NotChosen),
            Join::Any => any(Resolution::Opened),
        };
        Some(match (runs, blocked) {
            (true, _) => Decision::Run,
            (false, true) => Decision::Skip(Outcome::Blocked),
            (false, false) => Decision::Skip(Outcome::NotChosen),
        })
    }
}
