//! What `pype graph`, `pype dry-run` and `pype lineage` look at: a job folder, or a flow that is built in memory.

use super::{flow, project_of};
use crate::args::Global;
use crate::exit::Failure;
use crate::render;
use pypeline_engine::build::{self, Options};
use pypeline_engine::job_folder::JobFolder;
use pypeline_engine::project::Project;
use pypeline_engine::run::{RunError, job};
use pypeline_polars::PolarsExecutor;
use pypeline_schema::dag::DagFile;
use pypeline_schema::execution_metadata::ExecutionMetadata;
use std::path::Path;

/// A job, written or not.
pub(super) struct Subject {
    pub project: Project,
    /// Where its files are, or would be.
    pub folder: JobFolder,
    pub dag: DagFile,
    pub metadata: ExecutionMetadata,
}

/// Reads a job folder, or builds a flow. A flow with errors is told of, and gives the exit code.
pub(super) fn find(global: &Global, path: &Path) -> Result<Result<Subject, u8>, Failure> {
    if path.is_dir() {
        let project = Project::locate_job(global.project.as_deref(), path);
        let (folder, dag, metadata) = job::read_files(path).map_err(RunError::from)?;
        return Ok(Ok(Subject { project, folder, dag, metadata }));
    }
    let project = project_of(global, path);
    let options = Options { executor: Some(&PolarsExecutor), ..Options::default() };
    let planned = build::plan_job(&project, path, None, &options)?;
    let Some(job) = planned.job else {
        return Ok(Err(flow::report(global, path, &planned.diagnostics, planned.counts, None)));
    };
    render::diagnostics(&planned.diagnostics);
    let name = &job.dag.flow.name;
    let folder = JobFolder::new(project.jobs().join(name), name);
    Ok(Ok(Subject { project, folder, dag: job.dag, metadata: job.metadata }))
}
