//! The files that a run reads and writes, as far as they are known before it.

use crate::project::Project;
use crate::run::job::Job;
use crate::run::prepare;
use crate::template::Scope;
use pypeline_schema::lowering::{Destination, Lowering, Service, WriteMode};
use serde::Serialize;
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// What a node does with a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// Rows are read from it.
    Reads,
    /// It is replaced in one step.
    Replaces,
    /// Rows are added to it.
    Appends,
    /// It is written, and may not be there yet.
    Creates,
    /// A job there is run.
    Runs,
}

/// How things stand at a path now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Something is there.
    There,
    /// Nothing is there: what is read is missing, what is written is new.
    Missing,
    /// Nothing is there yet: a sub flow before writes it.
    WrittenBefore,
    /// The path hangs on what only the run knows.
    KnownAtRun,
}

/// A path that a node uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FileUse {
    /// The node's id.
    pub node: String,
    /// What it does with it; none where that is known only at run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub how: Option<How>,
    /// From the project's root where it is in it; none where it is known only at run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// How things stand.
    pub standing: Standing,
    /// Why the path is known only at run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What the nodes of sub flows read and write, in this order.
pub(super) fn files(job: &Job, project: &Project, scope: &Scope, order: &[usize]) -> Vec<FileUse> {
    let mut found = Vec::new();
    let mut written: HashSet<PathBuf> = HashSet::new();
    for sub_flow in order {
        let mut new = Vec::new();
        for &at in job.index.nodes_of.get(*sub_flow).into_iter().flatten() {
            let Some(node) = job.dag.nodes.get(at).filter(|node| node.module.lowers) else { continue };
            let use_of = |how, path: Option<&Path>, standing, why: Option<String>| FileUse {
                node: node.id.clone(),
                how,
                path: path.map(|path| path.strip_prefix(project.root()).unwrap_or(path).display().to_string()),
                standing,
                why,
            };
            let prepared = match prepare::prepare(job, project, &[at], scope) {
                Ok(prepared) => prepared,
                Err(faults) => {
                    let why = faults.first().map(|(_, fault)| fault.to_string());
                    found.push(use_of(None, None, Standing::KnownAtRun, why));
                    continue;
                }
            };
            match prepared.into_iter().find_map(|prepared| prepared.lowering) {
                Some(Lowering::Scan(scan)) => {
                    for path in scan.paths.iter().map(Path::new) {
                        found.push(use_of(Some(How::Reads), Some(path), reading(path, &written), None));
                    }
                }
                Some(Lowering::Destination(destination)) => {
                    let path = PathBuf::from(&destination.path);
                    let standing = if path.exists() { Standing::There } else { Standing::Missing };
                    found.push(use_of(Some(writing(&destination)), Some(&path), standing, None));
                    new.push(path);
                }
                Some(Lowering::Service(Service::RunJob(child))) => {
                    let path = project.resolve(&child.job);
                    let standing = if path.is_dir() { Standing::There } else { Standing::Missing };
                    found.push(use_of(Some(How::Runs), Some(&path), standing, None));
                }
                _ => {}
            }
        }
        written.extend(new);
    }
    found
}

fn writing(destination: &Destination) -> How {
    match destination.mode {
        WriteMode::Overwrite => How::Replaces,
        WriteMode::Append => How::Appends,
        WriteMode::Error => How::Creates,
    }
}

/// A path that is read may be a pattern, or lie in what was written before.
fn reading(path: &Path, written: &HashSet<PathBuf>) -> Standing {
    let text = path.display().to_string();
    let is_pattern = text.contains(['*', '?', '[']);
    let pattern = glob::Pattern::new(&text).ok().filter(|_| is_pattern);
    let is_written = || match &pattern {
        Some(pattern) => written.iter().any(|path| pattern.matches_path(path)),
        None => path.ancestors().any(|around| written.contains(around)),
    };
    let is_there = path.exists() || (is_pattern && glob::glob(&text).is_ok_and(|mut found| found.next().is_some()));
    if is_there {
        Standing::There
    } else if is_written() {
        Standing::WrittenBefore
    } else {
        Standing::Missing
    }
}
