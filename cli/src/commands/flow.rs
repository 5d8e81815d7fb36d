//! `pype validate` and `pype build`.

mod effects;

use super::project_of;
use crate::args::{BuildArgs, FlowArgs, Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
pub(super) use effects::in_words as effects_in_words;
use pypeline_engine::build;
use pypeline_engine::diagnostics::Diagnostics;
use pypeline_engine::diagnostics::render::verdict;
use pypeline_schema::manifest::Effect;
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
    let made = built.folder.as_deref().map(|folder| (folder, built.effects.as_slice()));
    Ok(report(global, &args.flow, &built.diagnostics, built.counts, made))
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
        let mut result = json!({
            "ok": ok,
            "errors": errors,
            "warnings": warnings,
            "nodes": counts.0,
            "sub_flows": counts.1,
            "job_folder": made.map(|(folder, _)| folder),
            "diagnostics": diagnostics,
        });
        if let (Some((_, effects)), Some(result)) = (made, result.as_object_mut()) {
            let effects = effects.iter().map(|(node, effect)| (node.clone(), json!(effect)));
            result.insert("effects".to_owned(), effects.collect());
        }
        render::json(&result);
    } else {
        render::diagnostics(diagnostics);
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
