//! `pype validate` and `pype build`.

use super::project_of;
use crate::args::{BuildArgs, FlowArgs, Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::build;
use pypeline_engine::diagnostics::Diagnostics;
use pypeline_engine::diagnostics::render::verdict;
use serde_json::json;
use std::path::Path;

/// Checks a flow.
pub fn validate(global: &Global, args: &FlowArgs) -> Result<u8, Failure> {
    let checked = build::validate(&project_of(global, &args.flow), &args.flow)?;
    Ok(report(global, &args.flow, &checked.diagnostics, checked.counts, None))
}

/// Checks a flow and writes its job folder.
pub fn build(global: &Global, args: &BuildArgs) -> Result<u8, Failure> {
    let built = build::build(&project_of(global, &args.flow), &args.flow, args.out.as_deref())?;
    Ok(report(global, &args.flow, &built.diagnostics, built.counts, built.folder.as_deref()))
}

fn report(
    global: &Global,
    flow: &Path,
    diagnostics: &Diagnostics,
    counts: (usize, usize),
    folder: Option<&Path>,
) -> u8 {
    let ok = !diagnostics.has_errors();
    let (errors, warnings) = diagnostics.counts();
    if global.output == Output::Json {
        let result = json!({
            "ok": ok,
            "errors": errors,
            "warnings": warnings,
            "nodes": counts.0,
            "sub_flows": counts.1,
            "job_folder": folder,
            "diagnostics": diagnostics,
        });
        render::json(&result);
    } else {
        render::diagnostics(diagnostics);
        let found = verdict(diagnostics);
        let size = format!("{}, {}", render::count(counts.0, "node"), render::count(counts.1, "sub flow"));
        match (ok, folder) {
            (true, Some(folder)) => render::line(&format!("built {} ({size}; {found})", folder.display())),
            (true, None) => render::line(&format!("{} is valid ({size}; {found})", flow.display())),
            (false, _) => render::line(&format!("{} is not valid: {found}", flow.display())),
        }
    }
    if ok { Exit::Success as u8 } else { Exit::Invalid as u8 }
}
