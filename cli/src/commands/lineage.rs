//! `pype lineage`: which columns of sources the columns of sinks come from.

use super::subject::{self, Subject};
use crate::args::{Global, LineageArgs, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::columns::context_values;
use pypeline_engine::diagnostics::suggest;
use pypeline_engine::run::job::Job;
use pypeline_engine::run::{RunError, lineage as engine};
use pypeline_polars::PolarsExecutor;
use pypeline_schema::lineage::{ColumnLineage, LineageReport, Origin};

/// Shows the lineage of all sinks, of one, or of one column.
pub fn lineage(global: &Global, args: &LineageArgs) -> Result<u8, Failure> {
    let Subject { project, folder, dag, metadata } = match subject::find(global, &args.subject)? {
        Ok(subject) => subject,
        Err(exit) => return Ok(exit),
    };
    let context = context_values(&folder, args.context.as_deref()).map_err(|error| Failure::new(Exit::Usage, error))?;
    let job = Job::of(&project, folder, dag, metadata).map_err(RunError::from)?;
    let mut found = engine::lineage(&job, &project, &context, &PolarsExecutor);
    if let Some(column) = &args.column {
        found = only(found, column)?;
    }
    match global.output {
        Output::Json => render::json(&found),
        Output::Text => show(&found),
    }
    Ok(Exit::Success as u8)
}

/// What is asked for: a sink by its id, which may hold dots, or one of its columns.
fn only(mut found: LineageReport, wanted: &str) -> Result<LineageReport, Failure> {
    if found
        .unknown
        .iter()
        .any(|id| wanted == id || wanted.strip_prefix(id.as_str()).is_some_and(|rest| rest.starts_with('.')))
    {
        let message = format!("the columns of `{wanted}` are known only at run: declare those of its sources");
        return Err(Failure::new(Exit::Invalid, message));
    }
    if let Some(at) = found.sinks.iter().position(|sink| sink.node == wanted) {
        return Ok(LineageReport { sinks: vec![found.sinks.swap_remove(at)], unknown: Vec::new() });
    }
    let part = |node: &str| wanted.strip_prefix(node).and_then(|rest| rest.strip_prefix('.')).map(str::to_owned);
    for mut sink in found.sinks.iter().cloned() {
        let Some(name) = part(&sink.node) else { continue };
        let names: Vec<String> = sink.columns.iter().map(|column| column.name.clone()).collect();
        sink.columns.retain(|column| column.name == name);
        if sink.columns.is_empty() {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let help = suggest::help(&name, "columns", &names);
            return Err(Failure::new(Exit::Usage, format!("`{}` has no column `{name}`: {help}", sink.node)));
        }
        return Ok(LineageReport { sinks: vec![sink], unknown: Vec::new() });
    }
    let sinks: Vec<&str> = found.sinks.iter().map(|sink| sink.node.as_str()).collect();
    let help = suggest::help(wanted, "sinks", &sinks);
    Err(Failure::new(Exit::Usage, format!("there is no sink `{wanted}`: {help}")))
}

fn show(found: &LineageReport) {
    let rows = found.sinks.iter().flat_map(|sink| {
        let column = |column: &ColumnLineage| {
            vec![format!("{}.{}", sink.node, column.name), column.data_type.to_string(), origins(&column.from)]
        };
        sink.columns.iter().map(column).collect::<Vec<_>>()
    });
    let rows: Vec<Vec<String>> = rows.collect();
    if !rows.is_empty() {
        render::table(&["column", "type", "comes from"], rows);
    }
    for sink in found.sinks.iter().filter(|sink| !sink.rows.is_empty()) {
        render::line(&format!("rows of {} hang on: {}", sink.node, origins(&sink.rows)));
    }
    if !found.unknown.is_empty() {
        render::line(&format!("known only at run: {}", found.unknown.join(", ")));
    }
}

fn origins(origins: &[Origin]) -> String {
    let one = |origin: &Origin| format!("{}.{} ({})", origin.node, origin.column, origin.how.as_str());
    match origins {
        [] => "a constant".to_owned(),
        origins => origins.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}
