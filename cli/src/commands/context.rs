//! `pype context`: what a run would begin with; secrets by their places.

use super::run::options;
use crate::args::{ContextArgs, Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::project::Project;
use pypeline_engine::run::context::{VariableReport, describe};
use pypeline_vault::VaultOfEnvironment;
use serde_json::Value;
use std::sync::Arc;

/// Shows the values of a job's variables.
pub fn context(global: &Global, args: &ContextArgs) -> Result<u8, Failure> {
    let project = Project::locate_job(global.project.as_deref(), &args.job);
    let check = if args.check { Some(Some(Arc::new(VaultOfEnvironment::default()) as _)) } else { None };
    let report = describe(&project, &args.job, &options(&args.values), check)?;
    let is_complete = report.problems.is_empty();
    if global.output == Output::Json {
        render::json(&report);
    } else {
        if report.variables.is_empty() {
            render::line(&format!("{} has no context variables and no parameters", report.job));
        } else {
            render::table(
                &["", "name", "type", "value", "from", "description"],
                report.variables.iter().map(row).collect(),
            );
        }
        for problem in &report.problems {
            render::error(problem);
        }
    }
    Ok(if is_complete { Exit::Success as u8 } else { Exit::Invalid as u8 })
}

fn row(variable: &VariableReport) -> Vec<String> {
    let value = match &variable.value {
        Some(Value::String(text)) => text.clone(),
        Some(value) => value.to_string(),
        None => "(none)".to_owned(),
    };
    let from = match (&variable.source, &variable.place) {
        (Some(source), Some(place)) => format!("{source}: {place}"),
        (source, place) => source.clone().or_else(|| place.clone()).unwrap_or_default(),
    };
    let name = if variable.used { variable.name.clone() } else { format!("{} (unused)", variable.name) };
    let description = variable.description.clone().unwrap_or_default();
    vec![variable.section.to_owned(), name, variable.type_name.clone().unwrap_or_default(), value, from, description]
}
