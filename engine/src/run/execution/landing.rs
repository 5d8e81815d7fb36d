//! The end of a sub flow that has succeeded, in this order: what others need of it is written down beside, its files take their
//! names, its record lands, and only then does anybody see what it has made.

use super::pass::{Attempt, Work, lock};
use super::publish;
use super::services::Kept;
use super::{items, outputs};
use crate::run::checkpoint::Unkept;
use crate::run::frames;
use crate::run::keys;
use crate::run::prepare::NodeFault;
use crate::run::report::counts;
use pypeline_disk::faults;
use pypeline_schema::checkpoint::{self as record, Begun, FailedSubFlow, KeptCache, KeptList, Landed, Record};
use pypeline_schema::event::Event;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::manifest::Effect;
use pypeline_schema::settings::Durability;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

/// Everything has succeeded: it lands, and rows and globals become everybody's.
pub(super) async fn land(work: &Work) -> Result<(), Vec<NodeFault>> {
    let attempt = &work.attempt;
    let (shared, pass) = (&attempt.shared, &attempt.pass);
    let blame = shared.nodes(pass.sub_flow).first().copied().unwrap_or_default();
    let publications = std::mem::take(&mut *lock(&attempt.publications));
    note_items(work);
    check_counts(work)?;
    for ready in work.plan.prepared.iter().filter(|ready| ready.lowering.is_some()) {
        set_counts(attempt, ready.node);
    }
    let staged = super::workers::blocking(|| stage(work));
    let mut landed = staged.map_err(|fault| vec![(blame, fault)])?;
    if faults::planted("land-before-publish") {
        write(attempt, landed.clone(), BTreeSet::new()).await.map_err(|fault| vec![(blame, fault)])?;
    }
    let mut folders = BTreeSet::new();
    if publications.is_empty() {
        if !attempt.begin_publishing() {
            return Err(Vec::new());
        }
    } else {
        let outputs;
        (outputs, folders) = outputs::publish_files(attempt, publications).await?;
        if let Some(landed) = &mut landed {
            landed.outputs = outputs;
        }
    }
    write(attempt, landed, folders).await.map_err(|fault| vec![(blame, fault)])?;
    attempt.add_rows();
    for kept in std::mem::take(&mut *lock(&attempt.kept)) {
        kept.publish(attempt);
    }
    show_lists(work);
    attempt.commit_globals();
    Ok(())
}

/// No node that only parts its rows has given more of them than it has taken.
fn check_counts(work: &Work) -> Result<(), Vec<NodeFault>> {
    let (attempt, job) = (&work.attempt, &work.attempt.shared.job);
    let check = |at: usize| {
        let node = job.dag.nodes.get(at).filter(|node| node.module.parts_rows)?;
        let found = counts(job, at, node, |link| attempt.counter(link).load(Ordering::Relaxed));
        let (taken, given) = found.excess(node)?;
        let fault = Fault::new(FaultKind::Contract, "it has given more rows than it has taken");
        Some((at, Box::new(fault.with("rows in", taken).with("rows out", given))))
    };
    let faults: Vec<NodeFault> = work.plan.prepared.iter().filter_map(|ready| check(ready.node)).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Hands the record over, and waits for it where somebody must: what is done to the world outside is done once as far as we can
/// tell.
async fn write(attempt: &Attempt, landed: Option<Landed>, folders: BTreeSet<PathBuf>) -> Result<(), Box<Fault>> {
    let (shared, pass) = (&attempt.shared, &attempt.pass);
    let checkpoints = &shared.checkpoints;
    if !checkpoints.is_on() {
        return sync(shared.job.metadata.settings.durability.unwrap_or_default(), folders);
    }
    let place = shared.place(pass.sub_flow, &pass.frame);
    let ticket = match landed {
        Some(landed) => checkpoints.land(landed, folders, &place)?,
        None => checkpoints.land_without_record(folders, &place),
    };
    if checkpoints.is_immediate() || shared.has_effects(pass.sub_flow) {
        checkpoints.wait_for(ticket).await?;
    }
    Ok(())
}

/// Without checkpoints nobody else brings folders to disk.
fn sync(durability: Durability, folders: BTreeSet<PathBuf>) -> Result<(), Box<Fault>> {
    for folder in folders.iter().filter(|_| durability == Durability::Power) {
        super::workers::blocking(|| pypeline_disk::sync_folder(folder)).map_err(|error| {
            let fault = Fault::new(FaultKind::Io, "the folder of an output cannot be brought to disk");
            Box::new(fault.with("path", folder.display()).caused_by(&error))
        })?;
    }
    Ok(())
}

/// The record, with all tables written down. None where a secret stands in one, or no record is kept.
fn stage(work: &Work) -> Result<Option<Landed>, Box<Fault>> {
    let attempt = &work.attempt;
    let (shared, pass) = (&attempt.shared, &attempt.pass);
    let checkpoints = &shared.checkpoints;
    if !checkpoints.is_on() {
        return Ok(None);
    }
    let items = lock(&attempt.nodes)
        .iter()
        .filter_map(|node| Some((shared.node_id(node.node).to_owned(), node.items?)))
        .collect();
    let mut landed = Landed {
        key: attempt.key(),
        sub_flow: shared.sub_flow_name(pass.sub_flow).to_owned(),
        iter: pass.frame.path(),
        globals: attempt.own_globals(),
        rows: attempt.counters.iter().map(|rows| rows.load(Ordering::Relaxed)).collect(),
        items,
        inputs: std::mem::take(&mut *lock(&attempt.inputs)),
        ..Landed::default()
    };
    match stage_tables(work, &mut landed) {
        Ok(()) => Ok(Some(landed)),
        Err(Unkept::Secret) => Ok(None),
        Err(Unkept::Fault(fault)) => Err(fault),
    }
}

fn stage_tables(work: &Work, landed: &mut Landed) -> Result<(), Unkept> {
    let attempt = &work.attempt;
    let checkpoints = &attempt.shared.checkpoints;
    for (node, ports) in lists(work) {
        let id = attempt.shared.node_id(node).to_owned();
        if let Some(items) = items::lazily(work.plan.of(node).and_then(|ready| ready.lowering.as_ref())) {
            landed.lazy_lists.insert(id, items.clone());
            continue;
        }
        for port in ports {
            let table = lock(&attempt.tables).get(&(node, port.clone())).cloned();
            if let Some(table) = table {
                landed.lists.push(KeptList { node: id.clone(), port: port.clone(), table: checkpoints.keep(&table)? });
            }
        }
    }
    for kept in lock(&attempt.kept).iter() {
        match kept {
            Kept::Cache { cache, mode, rows } => {
                let table = checkpoints.keep(rows)?;
                landed.caches.push(KeptCache { name: cache.clone(), mode: *mode, table });
            }
            Kept::Returned { name, rows } => {
                let table = checkpoints.keep(rows)?;
                landed.returned.push(KeptCache { name: name.clone(), mode: Default::default(), table });
            }
            Kept::Context(variables) => {
                let declared = &attempt.shared.job.metadata.context;
                if variables.keys().any(|name| declared.get(name).is_some_and(|variable| variable.secret)) {
                    return Err(Unkept::Secret);
                }
                landed.context.extend(variables.clone());
            }
        }
    }
    Ok(())
}

/// Nodes that give loops their items, each with its ports.
fn lists(work: &Work) -> impl Iterator<Item = (usize, &Vec<String>)> {
    let shared = &work.attempt.shared;
    let nodes = shared.nodes(work.attempt.pass.sub_flow).iter();
    nodes.filter_map(|node| Some((*node, shared.job.index.lists.get(*node).filter(|ports| !ports.is_empty())?)))
}

/// How many items its nodes give to loops, for reports.
fn note_items(work: &Work) {
    let attempt = &work.attempt;
    for (node, ports) in lists(work) {
        let lazily = items::lazily(work.plan.of(node).and_then(|ready| ready.lowering.as_ref()));
        let n = match lazily {
            Some(items) => items::count(items),
            None => {
                ports.iter().rev().find_map(|port| Some(lock(&attempt.tables).get(&(node, port.clone()))?.n_rows()))
            }
        };
        attempt.change_node(node, |node| node.items = n);
    }
}

/// The rows that loops go over stay in the frame.
fn show_lists(work: &Work) {
    let attempt = &work.attempt;
    for (node, ports) in lists(work) {
        if let Some(items) = items::lazily(work.plan.of(node).and_then(|ready| ready.lowering.as_ref())) {
            attempt.pass.frame.set_items(node, items.clone());
            continue;
        }
        for port in ports {
            let table = lock(&attempt.tables).remove(&(node, port.clone()));
            if let Some(table) = table {
                let loops = attempt.shared.job.index.loops_over.get(&(node, port.clone())).copied().unwrap_or(1);
                attempt.pass.frame.set_list(node, port.clone(), table, loops);
            }
        }
    }
}

/// A lowered node has no code of its own that could set its globals.
fn set_counts(attempt: &Attempt, at: usize) {
    let job = &attempt.shared.job;
    let Some(node) = job.dag.nodes.get(at) else { return };
    let found = counts(job, at, node, |link| attempt.counter(link).load(Ordering::Relaxed));
    let items = lock(&attempt.nodes).iter().find(|node| node.node == at).and_then(|node| node.items);
    for (name, value) in [("row_count", found.rows_out.or(items)), ("reject_count", found.rejected)] {
        if let Some(value) = value.filter(|_| node.module.globals.iter().any(|global| global == name)) {
            attempt.set_global(&node.id, name, Value::from(value));
        }
    }
}

impl Attempt {
    /// The key of its records.
    fn key(&self) -> String {
        keys::hex(&keys::sub_flow(&self.pass.frame.key, self.shared.sub_flow_name(self.pass.sub_flow)))
    }

    /// Files that rows were added to, perhaps, by attempts before it: of this process, or of one that died.
    pub(super) fn earlier_intents(&self) -> Vec<publish::Intent> {
        if faults::planted("append-twice") {
            return Vec::new();
        }
        let key = keys::sub_flow(&self.pass.frame.key, self.shared.sub_flow_name(self.pass.sub_flow));
        let before = self.shared.checkpoints.resumed().map(|resumed| resumed.intents(&key)).unwrap_or_default();
        let before = before.into_iter().map(|intent| publish::Intent {
            target: intent.target.into(),
            base: intent.base,
            inode: intent.inode,
            length: intent.length,
        });
        before.chain(self.pass.history().intents.iter().cloned()).collect()
    }

    /// Says which files rows are about to be added to, on a thread that may wait.
    pub(super) fn intend(&self, intents: Vec<publish::Intent>) -> Result<(), Box<Fault>> {
        self.pass.history().intents.extend(intents.iter().cloned());
        let record = |intent: publish::Intent| record::Intent {
            key: self.key(),
            target: intent.target.display().to_string(),
            base: intent.base,
            inode: intent.inode,
            length: intent.length,
        };
        let intents = intents.into_iter().map(record).collect();
        self.shared.pool.lanes().block_on(self.shared.checkpoints.intend(intents))
    }

    /// It begins. That is written down where somebody may have to know: of what is done to the world outside, and after a death.
    pub(super) fn note_begin(&self) {
        let (shared, pass) = (&self.shared, &self.pass);
        faults::mark(|| format!("begin {}", shared.place(pass.sub_flow, &pass.frame)));
        let has_effects = shared.has_effects(pass.sub_flow);
        let checkpoints = &shared.checkpoints;
        if !(has_effects || checkpoints.notes_begins()) || !checkpoints.is_on() {
            return;
        }
        let key = keys::sub_flow(&pass.frame.key, shared.sub_flow_name(pass.sub_flow));
        if has_effects && checkpoints.resumed().is_some_and(|resumed| resumed.has_begun(&key)) {
            let sub_flow = shared.sub_flow_name(pass.sub_flow).to_owned();
            let nodes = shared.effects(pass.sub_flow).map(|node| shared.node_id(node).to_owned()).collect::<Vec<_>>();
            tracing::warn!(
                replayed_effect = true,
                "sub flow {sub_flow} had begun when a process died over it, and begins again: {} may do twice what was done already",
                nodes.join(", ")
            );
            shared.journal.tell(&pass.frame, Event::EffectRepeated { sub_flow, nodes });
        }
        let begun = Begun {
            key: keys::hex(&key),
            sub_flow: shared.sub_flow_name(pass.sub_flow).to_owned(),
            iter: pass.frame.path(),
        };
        // A disk that refuses this refuses the record too, and then the sub flow fails.
        let _ = checkpoints.note(&Record::Begun(begun));
    }

    /// Its failure, where a link may handle it: handled, it is not to happen again when the run is resumed. And where it has
    /// effects: it has ended, and was not cut off in the middle of them.
    pub(super) fn note_failure(&self, faults: &[NodeFault]) {
        let (shared, pass) = (&self.shared, &self.pass);
        let is_wanted = || shared.has_effects(pass.sub_flow) || !shared.handlers(pass.sub_flow, &pass.frame).is_empty();
        if !shared.checkpoints.is_on() || !is_wanted() {
            return;
        }
        let (key, sub_flow) = (self.key(), shared.sub_flow_name(pass.sub_flow).to_owned());
        let (iter, globals) =
            (pass.frame.path(), self.own_globals().into_iter().chain(self.error_globals(faults)).collect());
        let record = if pypeline_disk::faults::planted("failed-is-landed") {
            Record::Landed(Box::new(Landed { key, sub_flow, iter, globals, ..Landed::default() }))
        } else {
            let fault = |(node, fault): &NodeFault| (shared.node_id(*node).to_owned(), (**fault).clone());
            let faults = faults.iter().map(fault).collect();
            Record::Failed(Box::new(FailedSubFlow { key, sub_flow, iter, globals, faults }))
        };
        if let Err(fault) = shared.checkpoints.note(&record) {
            tracing::warn!("a failure is not written down, and will happen again if the run is resumed: {fault}");
        }
    }

    /// What handlers may ask of the nodes that failed.
    pub(super) fn error_globals(&self, faults: &[NodeFault]) -> Vec<(String, Value)> {
        let of = |(node, fault): &NodeFault| {
            let id = self.shared.node_id(*node);
            let kind = serde_json::to_value(fault.kind).unwrap_or_default();
            let message = (frames::key(id, "error_message"), Value::from(fault.message.clone()));
            [message, (frames::key(id, "error_kind"), kind)]
        };
        faults.iter().flat_map(of).collect()
    }
}

impl super::Shared {
    /// Nodes of a sub flow whose effect may be repeated by another attempt.
    fn effects(&self, sub_flow: usize) -> impl Iterator<Item = usize> {
        let repeats =
            |node: &usize| self.job.dag.nodes.get(*node).is_some_and(|node| node.effect == Effect::AtLeastOnce);
        self.nodes(sub_flow).iter().copied().filter(repeats)
    }

    fn has_effects(&self, sub_flow: usize) -> bool {
        self.effects(sub_flow).next().is_some()
    }
}
