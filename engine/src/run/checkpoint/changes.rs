//! What is no longer as the run had it: the flow, its plugins, its values, the files that it has read. And which sub flows that
//! concerns.

use super::begin;
use super::unfinished::JOURNAL;
use crate::run::dependencies::Dependencies;
use crate::run::job::Job;
use pypeline_schema::checkpoint::{FileSeen, Frozen, Held, Record};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Changed files that are told one by one.
const FILES: usize = 100;

/// All changes.
#[derive(Debug, Default)]
pub(in crate::run) struct Changes {
    /// A line for each.
    pub lines: Vec<String>,
    /// Sub flows whose work they make stale, with all that hang on them.
    pub affected: BTreeSet<usize>,
}

impl Changes {
    /// Names of the sub flows that are affected.
    pub(in crate::run) fn names(&self, job: &Job) -> Vec<String> {
        let name = |at: &usize| job.metadata.sub_flows.get(*at).map(|sub_flow| sub_flow.name.clone());
        self.affected.iter().filter_map(name).collect()
    }

    /// Compares what a run was given with what it would be given now, and the files that it has read with those that are there.
    pub(in crate::run) fn find(
        before: &Frozen,
        now: &Frozen,
        job: &Job,
        links: &Dependencies,
        folder: &Path,
    ) -> std::io::Result<Self> {
        let mut changes = Self::default();
        let mut touched = BTreeSet::new();
        changes.flow(before, now, job, &mut touched);
        let sections = [("context.", &before.context, &now.context), ("params.", &before.params, &now.params)];
        for (prefix, before, now) in sections.into_iter().chain([("env.", &before.env, &now.env)]) {
            for name in different(before, now) {
                let shown = |values: &BTreeMap<String, Held>| values.get(&name).map_or("nothing".to_owned(), show);
                changes.lines.push(format!("{prefix}{name}: {} -> {}", shown(before), shown(now)));
                touched.extend(links.users_of(&format!("{prefix}{name}")));
            }
        }
        if !pypeline_disk::faults::planted("ignore-changed-inputs") {
            changes.inputs(folder, job, &mut touched)?;
        }
        changes.affected = links.downstream(touched);
        Ok(changes)
    }

    fn flow(&mut self, before: &Frozen, now: &Frozen, job: &Job, touched: &mut BTreeSet<usize>) {
        let known = self.lines.len();
        if before.job != now.job {
            self.lines.push(format!("the flow's name: {} -> {}", before.job, now.job));
        }
        for name in different(&before.sub_flows, &now.sub_flows) {
            let what = match (before.sub_flows.contains_key(&name), now.sub_flows.contains_key(&name)) {
                (true, true) => "has been changed",
                (false, _) => "is new",
                (_, false) => "is gone",
            };
            self.lines.push(format!("the sub flow `{name}` {what}"));
            touched.extend(job.metadata.sub_flows.iter().position(|sub_flow| sub_flow.name == name));
        }
        for library in different(&before.plugins, &now.plugins) {
            let shown = |plugins: &BTreeMap<String, String>| {
                plugins.get(&library).map_or("nothing", |hash| hash.get(..12).unwrap_or(hash)).to_owned()
            };
            self.lines.push(format!("the plugin {library}: {} -> {}", shown(&before.plugins), shown(&now.plugins)));
            let nodes = job.dag.nodes.iter().enumerate().filter(|(_, node)| node.library == library);
            touched.extend(nodes.map(|(node, _)| job.index.sub_flow_of(node)));
        }
        if self.lines.len() == known && before.fingerprint != now.fingerprint {
            self.lines.push("the flow's settings, descriptions or declarations have been changed".to_owned());
        }
        if before.pype != now.pype {
            self.lines.push(format!("pype {} -> {}", before.pype, now.pype));
        }
    }

    /// Files that landed sub flows have read. What the run itself has written since is no change, and what is gone was done
    /// with: many flows move a file away once they have it.
    fn inputs(&mut self, folder: &Path, job: &Job, touched: &mut BTreeSet<usize>) -> std::io::Result<()> {
        let mut changed: BTreeMap<String, (FileSeen, FileSeen, String)> = BTreeMap::new();
        begin::each_record(&folder.join(JOURNAL), |record| {
            let Record::Landed(landed) = record else { return };
            for seen in landed.inputs {
                match file_seen(Path::new(&seen.path)) {
                    Some(now) if now != seen && changed.len() < FILES => {
                        changed.insert(seen.path.clone(), (seen, now, landed.sub_flow.clone()));
                    }
                    _ => drop(changed.remove(&seen.path)),
                }
            }
        })?;
        if changed.is_empty() {
            return Ok(());
        }
        begin::each_record(&folder.join(JOURNAL), |record| {
            if let Record::Landed(landed) = record {
                for seen in landed.outputs {
                    changed.retain(|_, (_, now, _)| *now != seen);
                }
            }
        })?;
        for (path, (then, now, sub_flow)) in changed {
            let size = match then.length == now.length {
                true => format!("{} bytes as before, but written anew", now.length),
                false => format!("{} bytes -> {}", then.length, now.length),
            };
            self.lines.push(format!("the file `{path}`, which `{sub_flow}` has read: {size}"));
            touched.extend(job.metadata.sub_flows.iter().position(|known| known.name == sub_flow));
        }
        Ok(())
    }
}

/// A file as it is now; none where there is none.
pub(in crate::run) fn file_seen(path: &Path) -> Option<FileSeen> {
    use std::os::unix::fs::MetadataExt;
    let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
    let changed = found.mtime().saturating_mul(1_000_000_000).saturating_add(found.mtime_nsec());
    Some(FileSeen { path: path.display().to_string(), length: found.len(), changed })
}

fn show(held: &Held) -> String {
    match held {
        Held::Value(value) => value.to_string(),
        Held::Secret(place) if place.is_empty() => "a secret".to_owned(),
        Held::Secret(place) => place.clone(),
    }
}

/// Names whose values differ.
fn different<V: PartialEq>(before: &BTreeMap<String, V>, now: &BTreeMap<String, V>) -> Vec<String> {
    let names: BTreeSet<&String> = before.keys().chain(now.keys()).collect();
    names.into_iter().filter(|name| before.get(*name) != now.get(*name)).cloned().collect()
}
