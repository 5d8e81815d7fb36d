//! YAML to job folder: load, plan, columns, output, in that order, nothing else.

mod columns;
mod load;
mod output;
mod plan;

use crate::columns::{ContextError, context_values, scope};
use crate::diagnostics::Diagnostics;
use crate::diagnostics::level::Level;
use crate::executor::Executor;
use crate::job_folder::JobFolder;
use crate::plugins::Plugins;
use crate::project::Project;
use crate::registry::{Registry, RegistryError};
use load::Loaded;
pub use output::{Job, WriteError};
use plan::Plan;
use pypeline_schema::lineage::SinkLineage;
use pypeline_schema::manifest::Effect;
use std::path::{Path, PathBuf};

/// Why a build did not come to an end; findings about the flow are no such thing.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The registry cannot be read.
    #[error(transparent)]
    Registry(#[from] RegistryError),
    /// The context that was asked for cannot be read.
    #[error(transparent)]
    Context(#[from] ContextError),
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

/// How to check and build.
#[derive(Clone, Copy, Default)]
pub struct Options<'a> {
    /// How far to check.
    pub level: Level,
    /// The context whose values stand in for templates; else the default one.
    pub context: Option<&'a str>,
    /// Who plans what lowers; without one, columns are not looked at.
    pub executor: Option<&'a dyn Executor>,
}

/// Checks a flow and writes nothing.
pub fn validate(project: &Project, flow: &Path, options: &Options<'_>) -> Result<Checked, BuildError> {
    let (diagnostics, prepared) = prepare(project, flow, None, options)?;
    let counts = prepared.map_or((0, 0), |(loaded, plan, _)| (loaded.document.nodes.len(), plan.sub_flows.len()));
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

/// Checks a flow and, if it has no errors, gives its job without writing it. `out` is where it would be written.
///
/// # Errors
/// The registry cannot be read, or the context that was asked for.
pub fn plan_job(
    project: &Project,
    flow: &Path,
    out: Option<&Path>,
    options: &Options<'_>,
) -> Result<Planned, BuildError> {
    let (diagnostics, prepared) = prepare(project, flow, out, options)?;
    let counts =
        prepared.as_ref().map_or((0, 0), |(loaded, plan, _)| (loaded.document.nodes.len(), plan.sub_flows.len()));
    let info = prepared.as_ref().and_then(|(loaded, ..)| loaded.document.flow.clone());
    let job = match (prepared, info) {
        (Some((loaded, plan, lineage)), Some(info)) if !diagnostics.has_errors() => {
            let mut job = output::job(loaded, plan, info);
            job.metadata.lineage = lineage;
            Some(job)
        }
        _ => None,
    };
    Ok(Planned { diagnostics, job, counts })
}

/// Checks a flow and, if it has no errors, writes its job folder: `out`, or `<root>/jobs/<name>`.
pub fn build(project: &Project, flow: &Path, out: Option<&Path>, options: &Options<'_>) -> Result<Built, BuildError> {
    let Planned { diagnostics, job, counts } = plan_job(project, flow, out, options)?;
    let Some(job) = job else {
        return Ok(Built { diagnostics, folder: None, counts, effects: Vec::new() });
    };
    let folder = folder(project, &job.dag.flow.name, out);
    output::write(&folder, diagnostics.text(), &job)?;
    let effects = job.dag.nodes.into_iter().map(|node| (node.id, node.effect)).collect();
    Ok(Built { diagnostics, folder: Some(folder.path().to_path_buf()), counts, effects })
}

fn folder(project: &Project, name: &str, out: Option<&Path>) -> JobFolder {
    JobFolder::new(out.map_or_else(|| project.jobs().join(name), Path::to_path_buf), name)
}

type Prepared = (Diagnostics, Option<(Loaded, Plan, Vec<SinkLineage>)>);

fn prepare(project: &Project, flow: &Path, out: Option<&Path>, options: &Options<'_>) -> Result<Prepared, BuildError> {
    let registry = Registry::open(project)?;
    let (mut diagnostics, loaded) = load::load(flow, project.root(), &mut Plugins::of(project), &registry);
    let Some(loaded) = loaded else { return Ok((diagnostics, None)) };
    let plan = plan::plan(&loaded, &mut diagnostics);
    let mut lineage = Vec::new();
    if let (Level::Columns, Some(executor)) = (options.level, options.executor) {
        let folder = loaded.document.flow.as_ref().map(|info| folder(project, &info.name, out));
        let context = folder.map(|folder| context_values(&folder, options.context)).transpose()?.unwrap_or_default();
        let document = &loaded.document;
        let scope = scope(&document.context, &context, &document.params);
        lineage = columns::check(&loaded, &plan, project, &scope, executor, &mut diagnostics);
    }
    diagnostics.keep(options.level);
    Ok((diagnostics, Some((loaded, plan, lineage))))
}

#[cfg(test)]
mod hostile;
