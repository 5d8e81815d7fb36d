//! `pype run --explain`: the units of each sub flow, and the plan of each stage, without reading a row.

use super::execution::wiring;
use super::frames::FrameData;
use super::job::Job;
use super::prepare::{self, Unit};
use super::templater::Values;
use super::{RunError, RunOptions};
use crate::artifacts::{ArtifactStore, Policy};
use crate::executor::Executor;
use crate::project::Project;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// Text that shows how a job would run now.
pub fn explain(
    project: &Project,
    folder: &Path,
    options: &RunOptions,
    executor: &dyn Executor,
) -> Result<String, RunError> {
    let job = Job::open(project, folder)?;
    let values = Values::without_secrets(&job, options, project.root())?;
    let store = Arc::new(ArtifactStore::new(Policy::memory(), &std::env::temp_dir()));
    let mut out = String::new();
    let scope = values.scope_without_secrets(&FrameData::flow());
    for (at, sub_flow) in job.metadata.sub_flows.iter().enumerate() {
        let _ = writeln!(out, "sub flow {}", sub_flow.name);
        let plan = match prepare::plan(&job, project, at, &scope, options.fuse) {
            Ok(plan) => plan,
            Err(faults) => {
                for (_, fault) in faults {
                    let _ = writeln!(out, "  known only at run: {fault}");
                }
                continue;
            }
        };
        let id = |node: &usize| job.dag.nodes.get(*node).map_or("", |node| node.id.as_str());
        for (number, unit) in plan.waves.iter().flatten() {
            match unit {
                Unit::Module(node) => {
                    let _ = writeln!(out, "  {}. module {} (runs by itself)", number, id(node));
                }
                Unit::Service(node) => {
                    let _ = writeln!(out, "  {}. {} (the engine itself)", number, id(node));
                }
                Unit::Stage(nodes) => {
                    let names: Vec<&str> = nodes.iter().map(id).collect();
                    let _ = writeln!(out, "  {}. stage [{}] on {}", number, names.join(", "), executor.name());
                    let plan = match wiring::stage_for_explain(&job, &plan, nodes, &store) {
                        Some(stage) => executor.explain(&stage).unwrap_or_else(|fault| fault.fault.to_string()),
                        None => "it takes tables of another stage: its plan is known once they are there".to_owned(),
                    };
                    for line in plan.lines() {
                        let _ = writeln!(out, "       {line}");
                    }
                }
            }
        }
    }
    Ok(out)
}
