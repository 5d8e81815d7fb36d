//! `pype dry-run`: what a run would do, in tables or as data.

use super::run::options;
use super::subject::{self, Subject};
use crate::args::{DryRunArgs, Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::executor::Executor;
use pypeline_engine::run::dry_run::{self, DryRun, FileUse, How, Needed, Standing, SubFlowReport};
use pypeline_engine::run::job::Job;
use pypeline_engine::run::{RunError, RunOptions};
use pypeline_polars::PolarsExecutor;
use pypeline_schema::execution_metadata::{ScopeKind, ScopeMetadata};

/// Shows what a run would do; 3 if it would not begin.
pub fn dry_run(global: &Global, args: &DryRunArgs) -> Result<u8, Failure> {
    let Subject { project, folder, dag, metadata } = match subject::find(global, &args.subject)? {
        Ok(subject) => subject,
        Err(exit) => return Ok(exit),
    };
    let options = RunOptions { fuse: !args.no_fuse, ..options(&args.values) };
    let job = Job::of(&project, folder, dag, metadata).map_err(RunError::from)?;
    let executor: Option<&dyn Executor> = if args.explain { Some(&PolarsExecutor) } else { None };
    let found = dry_run::dry_run(&job, &project, &options, executor);
    match global.output {
        Output::Json => render::json(&found),
        Output::Text => show(&found, args.explain),
    }
    for problem in &found.problems {
        render::error(problem);
    }
    Ok(if found.problems.is_empty() { Exit::Success as u8 } else { Exit::Invalid as u8 })
}

fn show(found: &DryRun, is_asked: bool) {
    render::line(&format!("{} would run {}", found.job, render::count(found.sub_flows.len(), "sub flow")));
    let rows = found.sub_flows.iter().map(|sub_flow| sub_flow_row(sub_flow, &found.scopes));
    render::table(&["order", "sub flow", "starts", "in", "waves", "runs as"], rows.collect());
    for sub_flow in found.sub_flows.iter().filter(|sub_flow| !sub_flow.unknown.is_empty()) {
        for why in &sub_flow.unknown {
            render::line(&format!("{}: known only at run: {why}", sub_flow.name));
        }
    }
    plans(found, is_asked);
    if !found.files.is_empty() {
        render::line("");
        render::table(&["node", "does", "path", "which is"], found.files.iter().map(file_row).collect());
    }
    if !found.needed.is_empty() {
        render::line("");
        render::table(&["", "needed", "has a value", "from"], found.needed.iter().map(needed_row).collect());
    }
    if let Some(line) = super::flow::effects_in_words(&found.effects) {
        render::line("");
        render::line(&line);
    }
}

/// The executor's plans, as `pype run --explain` shows them.
fn plans(found: &DryRun, is_asked: bool) {
    for sub_flow in &found.sub_flows {
        for unit in &sub_flow.units {
            if unit.plan.is_none() && (unit.reads.is_empty() || !is_asked) {
                continue;
            }
            render::line(&format!("\n{}, {} {} [{}]:", sub_flow.name, unit.kind, unit.number, unit.nodes.join(", ")));
            unit.reads.iter().for_each(|boundary| render::line(&format!("  {}", boundary.in_words())));
            let Some(plan) = &unit.plan else { continue };
            plan.lines().for_each(|line| render::line(&format!("  {line}")));
        }
    }
}

fn sub_flow_row(sub_flow: &SubFlowReport, scopes: &[ScopeMetadata]) -> Vec<String> {
    let around = std::iter::successors(sub_flow.scope, |scope| scopes.get(*scope)?.parent);
    let word = |scope: usize| match scopes.get(scope).map(|scope| scope.kind) {
        Some(ScopeKind::Iterate) => "loop",
        Some(ScopeKind::Start) => "background",
        None => "?",
    };
    let mut around: Vec<&str> = around.map(word).collect();
    around.reverse();
    let units = sub_flow.units.iter().map(|unit| match unit.kind {
        "stage" => format!("[{}]", unit.nodes.join(" ")),
        _ => unit.nodes.join(" "),
    });
    vec![
        sub_flow.place.map_or_else(|| "else".to_owned(), |place| place.to_string()),
        sub_flow.name.clone(),
        sub_flow.starts.in_words(),
        around.join(" > "),
        sub_flow.waves.len().to_string(),
        units.collect::<Vec<_>>().join(", "),
    ]
}

fn file_row(file: &FileUse) -> Vec<String> {
    let does = match file.how {
        Some(How::Reads) => "reads",
        Some(How::Replaces) => "replaces",
        Some(How::Appends) => "adds to",
        Some(How::Creates) => "creates",
        Some(How::Runs) => "runs",
        None => "",
    };
    let standing = match (file.standing, file.how) {
        (Standing::There, _) => "there",
        (Standing::Missing, Some(How::Reads | How::Runs)) => "missing",
        (Standing::Missing, _) => "new",
        (Standing::WrittenBefore, _) => "written before",
        (Standing::KnownAtRun, _) => "known at run",
    };
    let path = file.path.clone().or_else(|| file.why.clone()).unwrap_or_default();
    vec![file.node.clone(), does.to_owned(), path, standing.to_owned()]
}

fn needed_row(needed: &Needed) -> Vec<String> {
    let has_value = match needed.has_value {
        Some(true) => "yes",
        Some(false) => "no",
        None => "the vault knows",
    };
    let section = if needed.secret && needed.section != "secret" {
        format!("{} (secret)", needed.section)
    } else {
        needed.section.to_owned()
    };
    vec![section, needed.name.clone(), has_value.to_owned(), needed.from.clone().unwrap_or_default()]
}
