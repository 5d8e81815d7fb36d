//! YAML to job folder: load, plan, output, in that order, nothing else.

mod load;
mod output;
mod plan;

use crate::diagnostics::Diagnostics;
use crate::job_folder::JobFolder;
use crate::plugins::Plugins;
use crate::project::Project;
use crate::registry::{Registry, RegistryError};
use load::Loaded;
pub use output::{Job, WriteError};
use plan::Plan;
use pypeline_schema::manifest::Effect;
use std::path::{Path, PathBuf};

/// Why a build did not come to an end; findings about the flow are no such thing.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The job folder cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// What a validation found.
pub struct Checked {
    /// All findings.
    pub diagnostics: Diagnostics,
    /// Numbers of nodes and sub flows, for the verdict.
    pub counts: (usize, usize),
}

/// What a build made.
pub struct Built {
    /// All findings.
    pub diagnostics: Diagnostics,
    /// The job folder; none if there were errors.
    pub folder: Option<PathBuf>,
    /// Numbers of nodes and sub flows.
    pub counts: (usize, usize),
    /// What each node does to the world outside, by ids in the nodes' order; nothing if there were errors.
    pub effects: Vec<(String, Effect)>,
}

/// Checks a flow and writes nothing.
pub fn validate(project: &Project, flow: &Path) -> Result<Checked, BuildError> {
    let (diagnostics, prepared) = prepare(project, flow)?;
    let counts = prepared.map_or((0, 0), |(loaded, plan)| (loaded.document.nodes.len(), plan.sub_flows.len()));
    Ok(Checked { diagnostics, counts })
}

/// A flow built in memory.
pub struct Planned {
    /// All findings.
    pub diagnostics: Diagnostics,
    /// What the job folder would hold; none if there were errors.
    pub job: Option<Job>,
    /// Numbers of nodes and sub flows.
    pub counts: (usize, usize),
}

/// Checks a flow and, if it has no errors, gives its job without writing it.
///
/// # Errors
/// The registry cannot be read.
pub fn plan_job(project: &Project, flow: &Path) -> Result<Planned, BuildError> {
    let (diagnostics, prepared) = prepare(project, flow)?;
    let counts = prepared.as_ref().map_or((0, 0), |(loaded, plan)| (loaded.document.nodes.len(), plan.sub_flows.len()));
    let info = prepared.as_ref().and_then(|(loaded, _)| loaded.document.flow.clone());
    let job = match (prepared, info) {
        (Some((loaded, plan)), Some(info)) if !diagnostics.has_errors() => Some(output::job(loaded, plan, info)),
        _ => None,
    };
    Ok(Planned { diagnostics, job, counts })
}

/// Checks a flow and, if it has no errors, writes its job folder: `out`, or `<root>/jobs/<name>`.
pub fn build(project: &Project, flow: &Path, out: Option<&Path>) -> Result<Built, BuildError> {
    let Planned { diagnostics, job, counts } = plan_job(project, flow)?;
    let Some(job) = job else {
        return Ok(Built { diagnostics, folder: None, counts, effects: Vec::new() });
    };
    let name = &job.dag.flow.name;
    let path = out.map_or_else(|| project.jobs().join(name), Path::to_path_buf);
    let folder = JobFolder::new(path, name);
    output::write(&folder, &diagnostics.text, &job)?;
    let effects = job.dag.nodes.into_iter().map(|node| (node.id, node.effect)).collect();
    Ok(Built { diagnostics, folder: Some(folder.path().to_path_buf()), counts, effects })
}

fn prepare(project: &Project, flow: &Path) -> Result<(Diagnostics, Option<(Loaded, Plan)>), BuildError> {
    let registry = Registry::open(project)?;
    let (mut diagnostics, loaded) = load::load(flow, &mut Plugins::of(project), &registry);
    let planned = loaded.map(|loaded| {
        let plan = plan::plan(&loaded, &mut diagnostics);
        (loaded, plan)
    });
    Ok((diagnostics, planned))
}
