//! The units of each sub flow and the plan of each stage, without reading a row: for `pype run --explain` and `pype dry-run`.

mod boundary;

use super::execution::wiring;
use super::frames::FrameData;
use super::job::Job;
use super::prepare::{self, SubFlowPlan, Unit};
use super::templater::Values;
use super::{RunError, RunOptions};
use crate::artifacts::{ArtifactStore, Policy};
use crate::executor::Executor;
use crate::memory::Budget;
use crate::project::Project;
use crate::template::Scope;
pub use boundary::Boundary;
use boundary::boundaries;
use serde::Serialize;
use std::fmt::Write;
use std::path::Path;
use std::sync::Arc;

/// What runs as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnitReport {
    /// From 1, in the order of beginning.
    pub number: u32,
    /// From 1: units of one wave run together.
    pub wave: usize,
    /// `stage`, `module` or `service`.
    pub kind: &'static str,
    /// Ids, in the order of their rows.
    pub nodes: Vec<String>,
    /// How rows come in from other units, and why these are others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reads: Vec<Boundary>,
    /// The executor's plan of a stage, if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<String>,
}

/// A sub flow in units, or why they are known only at run.
pub(super) type Units = Result<Vec<UnitReport>, Vec<String>>;

/// Text that shows how a job would run now.
pub fn explain(
    project: &Project,
    folder: &Path,
    options: &RunOptions,
    executor: &dyn Executor,
) -> Result<String, RunError> {
    let job = Job::open(project, folder)?;
    let values = Values::without_secrets(&job, options, project.root())?;
    let scope = values.scope_without_secrets(&FrameData::flow());
    let explainer = Explainer::new(&job, project, &scope, options.fuse, Some(executor));
    let settings = &job.metadata.settings;
    let mut out = format!("{}\n", Policy::of(settings, Budget::of(settings, options.memory_limit)).in_words());
    for (at, sub_flow) in job.metadata.sub_flows.iter().enumerate() {
        let _ = writeln!(out, "sub flow {}", sub_flow.name);
        match explainer.units(at) {
            Ok(units) => units.iter().for_each(|unit| in_words(&mut out, unit, executor.name())),
            Err(faults) => {
                for fault in faults {
                    let _ = writeln!(out, "  known only at run: {fault}");
                }
            }
        }
    }
    Ok(out)
}

fn in_words(out: &mut String, unit: &UnitReport, executor: &str) {
    let UnitReport { number, kind, nodes, plan, reads, .. } = unit;
    let nodes = nodes.join(", ");
    let _ = match *kind {
        "module" => writeln!(out, "  {number}. module {nodes} (runs by itself)"),
        "service" => writeln!(out, "  {number}. {nodes} (the engine itself)"),
        _ => writeln!(out, "  {number}. stage [{nodes}] on {executor}"),
    };
    for boundary in reads {
        let _ = writeln!(out, "     {}", boundary.in_words());
    }
    for line in plan.iter().flat_map(|plan| plan.lines()) {
        let _ = writeln!(out, "       {line}");
    }
}

/// Asks for the units of sub flows.
pub(super) struct Explainer<'a> {
    job: &'a Job,
    project: &'a Project,
    scope: &'a Scope,
    fuse: bool,
    /// For the plans of stages.
    executor: Option<&'a dyn Executor>,
    store: Arc<ArtifactStore>,
}

impl<'a> Explainer<'a> {
    pub(super) fn new(
        job: &'a Job,
        project: &'a Project,
        scope: &'a Scope,
        fuse: bool,
        executor: Option<&'a dyn Executor>,
    ) -> Self {
        let store = Arc::new(ArtifactStore::new(Policy::memory(), &std::env::temp_dir()));
        Self { job, project, scope, fuse, executor, store }
    }

    /// The units of a sub flow in the order of their waves.
    pub(super) fn units(&self, sub_flow: usize) -> Units {
        let plan = prepare::plan(self.job, self.project, sub_flow, self.scope, self.fuse)
            .map_err(|faults| faults.iter().map(|(_, fault)| fault.to_string()).collect::<Vec<_>>())?;
        let waves = (1..).zip(&plan.waves);
        let units = waves.flat_map(|(wave, units)| units.iter().map(move |(number, unit)| (wave, *number, unit)));
        Ok(units.map(|(wave, number, unit)| self.report(&plan, wave, number, unit)).collect())
    }

    fn report(&self, sub_flow: &SubFlowPlan, wave: usize, number: u32, unit: &Unit) -> UnitReport {
        let id = |node: &usize| self.job.dag.nodes.get(*node).map_or_else(String::new, |node| node.id.clone());
        let (kind, plan) = match unit {
            Unit::Module(_) => ("module", None),
            Unit::Service(_) => ("service", None),
            Unit::Stage(nodes) => ("stage", self.executor.map(|executor| self.plan(sub_flow, nodes, executor))),
        };
        let reads = boundaries(self.job, sub_flow, unit, self.fuse);
        UnitReport { number, wave, kind, nodes: unit.nodes().iter().map(id).collect(), reads, plan }
    }

    fn plan(&self, plan: &SubFlowPlan, nodes: &[usize], executor: &dyn Executor) -> String {
        match wiring::stage_for_explain(self.job, plan, nodes, &self.store) {
            Some(stage) => executor.explain(&stage).unwrap_or_else(|fault| fault.fault.to_string()),
            None => "it takes rows of another unit: its plan is known once their columns are".to_owned(),
        }
    }
}
