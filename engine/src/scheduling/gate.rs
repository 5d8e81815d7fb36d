//! A gate: what a sub flow does once the last of its incoming links is resolved, and which group of branches it belongs to.

use super::state::{Chain, Member};
use super::{Group, Join, Resolution, Skipped};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What to do with the sub flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decision {
    Run,
    Skip(Skipped),
}

/// Links that are still open questions, and the answer per source sub flow.
#[derive(Debug, Clone)]
pub(super) struct Gate {
    join: Join,
    waiting: u32,
    by_source: BTreeMap<usize, Resolution>,
    /// Where the links were resolved, if within parallel groups.
    from: Vec<Arc<Member>>,
    /// An `error` or `always` link has opened: what is below runs also after a halt.
    is_exempt: bool,
    /// Failures that are handled if the sub flow succeeds.
    handles: Vec<Group>,
}

/// What a link brings to its gate.
pub(super) struct Arrival {
    pub source: usize,
    pub resolution: Resolution,
    pub chain: Chain,
    pub is_exempt: bool,
    pub handles: Vec<Group>,
}

/// What comes of a gate.
pub(super) struct Opening {
    pub decision: Decision,
    /// The parallel group around all who fed the gate, if the last was not behind the others but beside one of them.
    pub beside: Chain,
    pub is_exempt: bool,
    pub handles: Vec<Group>,
}

impl Gate {
    pub(super) fn new(join: Join, links: u32) -> Self {
        Self {
            join,
            waiting: links,
            by_source: BTreeMap::new(),
            from: Vec::new(),
            is_exempt: false,
            handles: Vec::new(),
        }
    }

    /// Takes one link's end; the opening comes with the last. Links of one source count as one: opened if any of them
    /// opened, else blocked if any was.
    pub(super) fn resolve(&mut self, arrival: Arrival) -> Option<Opening> {
        let known = self.by_source.entry(arrival.source).or_insert(arrival.resolution);
        *known = stronger(*known, arrival.resolution);
        self.is_exempt |= arrival.is_exempt;
        self.handles.extend(arrival.handles);
        self.waiting = self.waiting.checked_sub(1)?;
        if self.waiting > 0 {
            self.from.extend(arrival.chain);
            return None;
        }
        let last = arrival.chain;
        let forks = self.from.iter().filter_map(|other| Member::fork(other, last.as_ref()?));
        let beside = forks.min_by_key(|member| member.depth);
        Some(Opening {
            decision: decide(self.join, self.by_source.values().copied()),
            beside,
            is_exempt: self.is_exempt,
            handles: std::mem::take(&mut self.handles),
        })
    }
}

/// Of two ends of links of one source, the one that counts.
pub(super) fn stronger(a: Resolution, b: Resolution) -> Resolution {
    let rank = |resolution: Resolution| match resolution {
        Resolution::NotChosen => 0,
        Resolution::Blocked => 1,
        Resolution::Opened => 2,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// The decision over the ends of all sources.
pub(super) fn decide(join: Join, sources: impl Iterator<Item = Resolution> + Clone) -> Decision {
    let any = |wanted: Resolution| sources.clone().any(|found| found == wanted);
    let blocked = any(Resolution::Blocked);
    let runs = match join {
        Join::Clean => any(Resolution::Opened) && !blocked,
        Join::All => !blocked && !any(Resolution::NotChosen),
        Join::Any => any(Resolution::Opened),
    };
    match (runs, blocked) {
        (true, _) => Decision::Run,
        (false, true) => Decision::Skip(Skipped::Blocked),
        (false, false) => Decision::Skip(Skipped::NotChosen),
    }
}
