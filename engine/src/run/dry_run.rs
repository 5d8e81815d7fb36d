//! `pype dry-run`: what a run would do with these values, told beforehand: the order of sub flows and why, what is fused, what is read
//! and written, what is needed. Nothing is written and no row is read.

mod files;
mod order;
mod values;

use super::RunOptions;
use super::explain::{Explainer, UnitReport};
use super::frames::FrameData;
use super::job::Job;
use super::templater::Values;
use crate::executor::Executor;
use crate::project::Project;
pub use files::{FileUse, How, Standing};
pub use order::Start;
use pypeline_schema::execution_metadata::{ScopeMetadata, SubFlowMetadata};
use pypeline_schema::manifest::Effect;
use serde::Serialize;
use std::collections::HashMap;
pub use values::Needed;

/// What a run would do.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// The job's name.
    pub job: String,
    /// Sub flows in the order in which they start if every one succeeds, then those that start otherwise.
    pub sub_flows: Vec<SubFlowReport>,
    /// Loops, and what runs in the background.
    pub scopes: Vec<ScopeMetadata>,
    /// What is read and written, by nodes in that order.
    pub files: Vec<FileUse>,
    /// Nodes that change something outside the run.
    pub effects: Vec<(String, Effect)>,
    /// Variables, parameters, secrets and the environment that templates use.
    pub needed: Vec<Needed>,
    /// What keeps a run from beginning.
    pub problems: Vec<String>,
}

/// A sub flow in a run.
#[derive(Debug, Serialize)]
pub struct SubFlowReport {
    /// Its name.
    pub name: String,
    /// Its place in the static order, from 1; none where it starts only if something fails, or is not chosen otherwise.
    pub place: Option<usize>,
    /// When it starts.
    pub starts: Start,
    /// Index of its innermost scope.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<usize>,
    /// Nodes by wave.
    pub waves: Vec<Vec<String>>,
    /// What runs as one; as far as the build knew where `unknown` says why.
    pub units: Vec<UnitReport>,
    /// Why units are known only at run.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
}

/// Works out what a run would do. With an executor, its plan of each stage too.
pub fn dry_run(job: &Job, project: &Project, options: &RunOptions, executor: Option<&dyn Executor>) -> DryRun {
    let (values, gathered, problems) = Values::as_far_as_known(job, options, project.root());
    let scope = values.scope_without_secrets(&FrameData::flow());
    let explainer = Explainer::new(job, project, &scope, options.fuse, executor);
    let places: HashMap<&str, usize> = job.metadata.static_order.iter().map(String::as_str).zip(1_usize..).collect();
    let starts = order::starts(&job.metadata);
    let mut found = Vec::new();
    for (at, (sub_flow, starts)) in job.metadata.sub_flows.iter().zip(starts).enumerate() {
        let (units, unknown) = match explainer.units(at) {
            Ok(units) => (units, Vec::new()),
            Err(faults) => (as_built(job, sub_flow), faults),
        };
        let place = places.get(sub_flow.name.as_str()).copied();
        let (name, waves, scope) = (sub_flow.name.clone(), sub_flow.waves.clone(), sub_flow.scope);
        found.push((at, SubFlowReport { name, place, starts, scope, waves, units, unknown }));
    }
    // Those without a place come last, as they were declared.
    found.sort_by_key(|(at, report)| (report.place.unwrap_or(usize::MAX), *at));
    let order: Vec<usize> = found.iter().map(|(at, _)| *at).collect();
    let files = files::files(job, project, &scope, &order);
    let nodes = job.dag.nodes.iter().filter(|node| node.effect != Effect::Pure);
    DryRun {
        job: job.dag.flow.name.clone(),
        sub_flows: found.into_iter().map(|(_, report)| report).collect(),
        scopes: job.metadata.scopes.clone(),
        files,
        effects: nodes.map(|node| (node.id.clone(), node.effect)).collect(),
        needed: values::needed(job, &gathered, project.root()),
        problems: problems.iter().map(ToString::to_string).collect(),
    }
}

/// Units as the build saw them: what it could fuse, and all else by itself.
fn as_built(job: &Job, sub_flow: &SubFlowMetadata) -> Vec<UnitReport> {
    let mut number = 0;
    let mut told: HashMap<&str, usize> = HashMap::new();
    for (at, group) in sub_flow.fusable.iter().enumerate() {
        told.extend(group.iter().map(|id| (id.as_str(), at)));
    }
    let mut units: Vec<UnitReport> = Vec::new();
    let mut seen = vec![false; sub_flow.fusable.len()];
    for (wave, id) in (1..).zip(&sub_flow.waves).flat_map(|(wave, ids)| ids.iter().map(move |id| (wave, id))) {
        let is_service = |id: &str| {
            let node = job.index.node(id).and_then(|node| job.dag.nodes.get(node));
            node.is_some_and(|node| node.module.service)
        };
        let (kind, nodes) = match told.get(id.as_str()).and_then(|at| Some((at, sub_flow.fusable.get(*at)?))) {
            Some((at, _)) if std::mem::replace(seen.get_mut(*at).unwrap_or(&mut true), true) => continue,
            Some((_, group)) => ("stage", group.clone()),
            None => (if is_service(id) { "service" } else { "module" }, vec![id.clone()]),
        };
        number += 1;
        units.push(UnitReport { number, wave, kind, nodes, reads: Vec::new(), plan: None });
    }
    units
}
