//! `pype validate` and `pype build`.

mod effects;

use super::project_of;
use crate::args::{BuildArgs, CheckArgs, FlowArgs, Global, LevelArg, Output};
use crate::exit::{Exit, Failure};
use crate::render;
pub(super) use effects::in_words as effects_in_words;
use pypeline_engine::build::{self, Options};
use pypeline_engine::diagnostics::Diagnostics;
use pypeline_engine::diagnostics::level::Level;
use pypeline_engine::diagnostics::render::verdict;
use pypeline_polars::PolarsExecutor;
use pypeline_schema::check_result::CheckResult;
use pypeline_schema::manifest::Effect;
use std::path::Path;

/// Checks a flow.
pub fn validate(global: &Global, args: &FlowArgs) -> Result<u8, Failure> {
    let options = options(&args.checks, &PolarsExecutor);
    let checked = build::validate(&project_of(global, &args.flow), &args.flow, &options)?;
    Ok(report(global, &args.flow, &checked.diagnostics, checked.counts, None))
}

/// Checks a flow and writes its job folder.
pub fn build(global: &Global, args: &BuildArgs) -> Result<u8, Failure> {
    let options = options(&args.checks, &PolarsExecutor);
    if options.level < Level::Modules {
        let message = "--level: a job is built from a flow whose modules were checked: `modules` or `columns`";
        return Err(Failure::new(Exit::Usage, message));
    }
    let built = build::build(&project_of(global, &args.flow), &args.flow, args.out.as_deref(), &options)?;
    let made = built.folder.as_deref().map(|folder| (folder, built.effects.as_slice()));
    Ok(report(global, &args.flow, &built.diagnostics, built.counts, made))
}

fn options<'a>(checks: &'a CheckArgs, executor: &'a PolarsExecutor) -> Options<'a> {
    let level = match checks.level {
        LevelArg::Yaml => Level::Yaml,
        LevelArg::Schema => Level::Schema,
        LevelArg::Graph => Level::Graph,
        LevelArg::Modules => Level::Modules,
        LevelArg::Columns => Level::Columns,
    };
    Options { level, context: checks.context.as_deref(), executor: Some(executor) }
}

pub(super) fn report(
    global: &Global,
    flow: &Path,
    diagnostics: &Diagnostics,
    counts: (usize, usize),
    made: Option<(&Path, &[(String, Effect)])>,
) -> u8 {
    let ok = !diagnostics.has_errors();
    let (errors, warnings) = diagnostics.counts();
    if global.output == Output::Json {
        let effects = |(_, effects): (&Path, &[(String, Effect)])| effects.iter().cloned().collect();
        render::json(&CheckResult {
            ok,
            errors,
            warnings,
            nodes: counts.0,
            sub_flows: counts.1,
            job_folder: made.map(|(folder, _)| folder.display().to_string()),
            effects: made.map(effects),
            diagnostics: diagnostics.records(),
        });
    } else {
        render::diagnostics(diagnostics);
        if let Some(codes) = codes(diagnostics) {
            render::talk(&format!("more on a code: pype explain {codes}"));
        }
        let found = verdict(diagnostics);
        let size = format!("{}, {}", render::count(counts.0, "node"), render::count(counts.1, "sub flow"));
        match (ok, made) {
            (true, Some((folder, effects))) => {
                render::line(&format!("built {} ({size}; {found})", folder.display()));
                effects_in_words(effects).into_iter().for_each(|line| render::line(&line));
            }
            (true, None) => render::line(&format!("{} is valid ({size}; {found})", flow.display())),
            (false, _) => render::line(&format!("{} is not valid: {found}", flow.display())),
        }
    }
    if ok { Exit::Success as u8 } else { Exit::Invalid as u8 }
}

/// The codes of the findings, the gravest first, as arguments of `pype explain`; none if nothing was found.
fn codes(diagnostics: &Diagnostics) -> Option<String> {
    const SHOWN: usize = 3;
    let mut found = diagnostics.sorted();
    found.sort_by_key(|item| item.severity());
    let mut codes: Vec<&str> = Vec::new();
    for item in found {
        if codes.len() < SHOWN && !codes.contains(&item.code.as_str()) {
            codes.push(item.code.as_str());
        }
    }
    (!codes.is_empty()).then(|| codes.join(" "))
}
