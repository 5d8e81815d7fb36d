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
pub use output::WriteError;
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

/// Checks a flow and, if it has no errors, writes its job folder: `out`, or `<root>/jobs/<name>`.
pub fn build(project: &Project, flow: &Path, out: Option<&Path>) -> Result<Built, BuildError> {
    let (diagnostics, prepared) = prepare(project, flow)?;
    let counts = prepared.as_ref().map_or((0, 0), |(loaded, plan)| (loaded.document.nodes.len(), plan.sub_flows.len()));
    let info = prepared.as_ref().and_then(|(loaded, _)| loaded.document.flow.clone());
    let (Some((loaded, plan)), Some(info), false) = (prepared, info, diagnostics.has_errors()) else {
        return Ok(Built { diagnostics, folder: None, counts, effects: Vec::new() });
    };
    let path = out.map_or_else(|| project.jobs().join(&info.name), Path::to_path_buf);
    let folder = JobFolder::new(path, &info.name);
    let job = output::job(&loaded, &plan, &info);
    output::write(&folder, diagnostics.text(), &job)?;
    let effects = job.dag.nodes.into_iter().map(|node| (node.id, node.effect)).collect();
    Ok(Built { diagnostics, folder: Some(folder.path().to_path_buf()), counts, effects })
}

fn prepare(project: &Project, flow: &Path) -> Result<(Diagnostics, Option<(Loaded, Plan)>), BuildError> {
    let registry = Registry::open(project)?;
    let (mut diagnostics, loaded) = load::load(flow, project.root(), &mut Plugins::of(project), &registry);
    let planned = loaded.map(|loaded| {
        let plan = plan::plan(&loaded, &mut diagnostics);
        (loaded, plan)
    });
    Ok((diagnostics, planned))
}

#[cfg(test)]
mod hostile;
