//! Sub flows that need not run: what they left is in the run's checkpoints, and nothing that they hang on has run since.

use super::Shared;
use super::workers::blocking;
use crate::artifacts::Artifact;
use crate::run::checkpoint::{Found, Resumed};
use crate::run::frames::{ANEW, FrameData};
use crate::run::keys;
use crate::run::prepare::NodeFault;
use crate::scheduling::Outcome;
use pypeline_schema::checkpoint::{FailedSubFlow, KeptTable, Landed};
use pypeline_schema::event::Event;
use pypeline_schema::valve::Condition;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// How a restored sub flow had ended.
type Restored = (Outcome, Vec<NodeFault>);

/// Tables of a record, read.
struct Tables {
    lists: Vec<Arc<Artifact>>,
    caches: Vec<Arc<Artifact>>,
    returned: Vec<Arc<Artifact>>,
}

impl Shared {
    /// Takes a sub flow from its checkpoint; none if it is to run.
    pub(super) fn restore(&self, sub_flow: usize, frame: &Arc<FrameData>) -> Option<Restored> {
        let resumed = self.checkpoints.resumed()?;
        let restored = self.restored(resumed, sub_flow, frame);
        frame.mark(sub_flow, restored.as_ref().map_or(ANEW, |(_, mark)| *mark));
        restored.map(|(restored, _)| restored)
    }

    fn restored(&self, resumed: &Resumed, sub_flow: usize, frame: &Arc<FrameData>) -> Option<(Restored, u64)> {
        let key = keys::sub_flow(&frame.key, self.sub_flow_name(sub_flow));
        match resumed.find(&key)? {
            Found::Landed(landed, at) if self.last_mark(sub_flow, frame) < at => {
                self.take(sub_flow, frame, *landed)?;
                Some(((Outcome::Succeeded, Vec::new()), at))
            }
            Found::Failed(failed, at) if self.last_mark(sub_flow, frame) < at => {
                if !self.was_handled(resumed, sub_flow, frame) {
                    return None;
                }
                let faults = self.take_failed(sub_flow, frame, *failed);
                Some(((Outcome::Failed, faults), at))
            }
            Found::Landed(..) | Found::Failed(..) => None,
        }
    }

    /// A sub flow that is skipped carries on what was before it.
    pub(super) fn mark_skipped(&self, sub_flow: usize, frame: &FrameData) {
        if self.checkpoints.resumed().is_some() {
            frame.mark(sub_flow, self.last_mark(sub_flow, frame));
        }
    }

    /// The last place in the journal of all that a sub flow hangs on.
    fn last_mark(&self, sub_flow: usize, frame: &FrameData) -> u64 {
        let mark = |on: &usize| frame.mark_of(*on, |scope| self.dependencies.is_in(*on, scope));
        self.dependencies.of(sub_flow).iter().map(mark).max().unwrap_or_default()
    }

    /// What the sub flow left becomes visible again. None, and nothing done, if its rows are damaged.
    fn take(&self, sub_flow: usize, frame: &Arc<FrameData>, landed: Landed) -> Option<()> {
        let restore = |table: &[KeptTable]| match table.iter().any(|part| matches!(part, KeptTable::File { .. })) {
            true => blocking(|| self.checkpoints.restore(table)),
            false => self.checkpoints.restore(table),
        };
        let read = |table: &Vec<KeptTable>| match restore(table) {
            Ok(table) => Some(Arc::new(table)),
            Err(why) => {
                let name = self.sub_flow_name(sub_flow);
                tracing::warn!("the checkpoint of sub flow {name} is damaged ({why}): it runs again");
                self.checkpoints.set_aside(table);
                None
            }
        };
        let tables = Tables {
            lists: landed.lists.iter().map(|list| read(&list.table)).collect::<Option<_>>()?,
            caches: landed.caches.iter().map(|cache| read(&cache.table)).collect::<Option<_>>()?,
            returned: landed.returned.iter().map(|returned| read(&returned.table)).collect::<Option<_>>()?,
        };
        self.count(sub_flow, &landed);
        if !pypeline_disk::faults::planted("restore-without-globals") {
            frame.set(landed.globals);
        }
        for (list, table) in landed.lists.into_iter().zip(tables.lists) {
            let Some(node) = self.job.index.node(&list.node) else { continue };
            let loops = self.job.index.loops_over.get(&(node, list.port.clone())).copied().unwrap_or(1);
            frame.set_list(node, list.port, table, loops);
        }
        for (node, items) in landed.lazy_lists {
            self.job.index.node(&node).into_iter().for_each(|node| frame.set_items(node, items.clone()));
        }
        for (cache, table) in landed.caches.into_iter().zip(tables.caches) {
            let holder = self.job.metadata.caches.get(&cache.name).copied().flatten();
            frame.keep(&cache.name, holder, cache.mode, table);
        }
        for (returned, table) in landed.returned.into_iter().zip(tables.returned) {
            self.return_rows(returned.name, table);
        }
        if !landed.context.is_empty() {
            self.values.load_context(landed.context);
        }
        self.tell_restored(sub_flow, frame);
        self.ledger.restored(&self.job, sub_flow, &landed.items);
        Some(())
    }

    fn count(&self, sub_flow: usize, landed: &Landed) {
        let links = self.job.index.links_of.get(sub_flow).into_iter().flatten();
        for (link, rows) in links.zip(&landed.rows) {
            if let Some(link) = self.links.get(*link) {
                link.rows.fetch_add(*rows, Ordering::Relaxed);
            }
        }
    }

    fn tell_restored(&self, sub_flow: usize, frame: &FrameData) {
        let name = || self.sub_flow_name(sub_flow).to_owned();
        self.journal.tell_if_loud(frame, || Event::Restored { sub_flow: name() });
        pypeline_disk::faults::mark(|| format!("restored {}", self.place(sub_flow, frame)));
    }

    /// A failure counts as done where the sub flow that handled it has landed: behind the failure itself, or behind a loop around.
    fn was_handled(&self, resumed: &Resumed, sub_flow: usize, frame: &FrameData) -> bool {
        self.handlers(sub_flow, frame)
            .into_iter()
            .any(|(handler, frame)| resumed.has_landed(&keys::sub_flow(&frame, self.sub_flow_name(handler))))
    }

    /// Sub flows that may handle a failure of this one, each with the key of its frame.
    pub(super) fn handlers(&self, sub_flow: usize, frame: &FrameData) -> Vec<(usize, keys::Key)> {
        let mut found = Vec::new();
        let mut source = Some(sub_flow);
        for around in frame.outwards() {
            let Some(from) = source else { break };
            for (at, link) in self.job.metadata.control.iter().enumerate() {
                let handles = matches!(self.job.index.conditions.get(at), Some(Condition::Error { handled: true }));
                if handles && self.sub_flow_name(from) == link.from {
                    found.extend(self.job.index.sub_flow(&link.to).map(|to| (to, around.key)));
                }
            }
            // Behind the item stands the loop: its list's sub flow, one frame further out.
            let scope = around.scope().and_then(|scope| self.job.metadata.scopes.get(scope));
            let link = scope.and_then(|scope| self.job.metadata.control.get(scope.link));
            source = link.and_then(|link| self.job.index.sub_flow(&link.from));
        }
        found
    }

    fn take_failed(&self, sub_flow: usize, frame: &FrameData, failed: FailedSubFlow) -> Vec<NodeFault> {
        frame.set(failed.globals);
        self.tell_restored(sub_flow, frame);
        self.ledger.restored(&self.job, sub_flow, &BTreeMap::new());
        let fault = |(node, fault): (String, _)| Some((self.job.index.node(&node)?, Box::new(fault)));
        failed.faults.into_iter().filter_map(fault).collect()
    }

    /// A sub flow and where it stands, for marks: `load@3/0`.
    pub(super) fn place(&self, sub_flow: usize, frame: &FrameData) -> String {
        let path: Vec<String> = frame.path().iter().map(u64::to_string).collect();
        format!("{}@{}", self.sub_flow_name(sub_flow), path.join("/"))
    }
}
