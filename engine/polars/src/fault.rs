//! Polars' errors in our words: class, one sentence, what to do, and whose fault it is.

use crate::writer;
use polars::prelude::PolarsError;
use pypeline_engine::diagnostics::suggest;
use pypeline_engine::executor::{ColumnsFault, Refusal, Stage, Work};
use pypeline_schema::fault::{Fault, FaultKind};
use std::sync::Arc;

/// What an error says when it only means that the run is stopping.
pub(crate) const CANCELLED: &str = "pype: the run is stopping";

/// What a stage says that no way of working in parts could hold.
pub(crate) const OUTGROWN: &str = "this needs more memory than the run may take";

/// A fault of a table's writer, wrapped so that it can cross Polars and come out whole.
#[derive(Debug)]
struct TableFault(Fault);

impl std::fmt::Display for TableFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for TableFault {}

/// A table's fault as an error that Polars carries.
pub(crate) fn from_table(fault: Fault) -> PolarsError {
    PolarsError::IO { error: Arc::new(std::io::Error::other(TableFault(fault))), msg: None }
}

pub(crate) fn root(mut error: &PolarsError) -> &PolarsError {
    loop {
        match error {
            PolarsError::Context { error: inner, .. } | PolarsError::ExprContext { error: inner, .. } => error = inner,
            _ => return error,
        }
    }
}

/// A Polars error as a fault.
pub(crate) fn translate(error: &PolarsError) -> Fault {
    let error = root(error);
    if let PolarsError::IO { error, .. } = error
        && let Some(table) = error.get_ref().and_then(|inner| inner.downcast_ref::<TableFault>())
    {
        return table.0.clone();
    }
    let text = clean(&error.to_string());
    if text.contains(CANCELLED) {
        return Fault::new(FaultKind::Cancelled, "the run is stopping");
    }
    if text.contains(OUTGROWN) {
        let help = "give the run more by `--memory-limit` or `settings.memory_limit`, or less to hold at once: fewer rows or columns";
        return Fault::new(FaultKind::Memory, text).help(help);
    }
    if text.contains("expanded paths were empty") {
        return Fault::new(FaultKind::Io, "no file matches the pattern")
            .help("relative paths start at the project's root folder");
    }
    if let Some(wrong) = of_our_writer(&text) {
        return Fault::new(FaultKind::Io, wrong);
    }
    match error {
        PolarsError::IO { error, .. } => Fault::new(FaultKind::Io, text_of_io(error, &text)),
        PolarsError::NoData(_) => Fault::new(FaultKind::Data, "the input has no data, not even a header")
            .help("a file without rows still needs its header"),
        PolarsError::ColumnNotFound(_)
        | PolarsError::SchemaFieldNotFound(_)
        | PolarsError::SchemaMismatch(_)
        | PolarsError::ShapeMismatch(_)
        | PolarsError::Duplicate(_)
        | PolarsError::StructFieldNotFound(_) => Fault::new(FaultKind::Data, text),
        PolarsError::SQLInterface(_) | PolarsError::SQLSyntax(_) => Fault::new(FaultKind::Config, text),
        PolarsError::ComputeError(_) if text.contains("could not parse") => {
            let help =
                "declare the column's type under `columns`, raise `infer_rows`, or name the text in `null_values`";
            Fault::new(FaultKind::Data, text).help(help)
        }
        PolarsError::ComputeError(_) if text.contains("utf-8") || text.contains("utf8") => {
            Fault::new(FaultKind::Data, text)
                .help("use `encoding: utf-8-lossy`, or convert the file: iconv -f … -t UTF-8")
        }
        _ => Fault::new(FaultKind::Data, text),
    }
}

/// What our own writer has said, whatever Polars has put around it.
fn of_our_writer(text: &str) -> Option<String> {
    let (_, rest) = text.split_once(writer::CANNOT_WRITE)?;
    let (file, why) = rest.split_once('`')?;
    let is_full = why.contains("No space left");
    let said = format!("{}{file}`", writer::CANNOT_WRITE);
    Some(if is_full { format!("the disk is full: {said}") } else { said + why })
}

fn text_of_io(error: &std::io::Error, text: &str) -> String {
    match error.kind() {
        std::io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        std::io::ErrorKind::InvalidFilename => "a value is too long for the name of a folder".to_owned(),
        _ => text.to_owned(),
    }
}

/// Polars adds plans, hints for Python and blank lines: the first paragraph is for people.
fn clean(text: &str) -> String {
    let first = text.split("\n\n").next().unwrap_or(text);
    let text = first.split_whitespace().collect::<Vec<_>>().join(" ");
    text.trim_end_matches('.').to_owned()
}

/// An error of a SELECT over known columns: a wrong name gets the nearest right one.
pub(crate) fn at_node(error: &PolarsError, columns: &[String]) -> Fault {
    *refusal(error, columns).fault
}

/// The same, with what is in the way.
pub(crate) fn refusal(error: &PolarsError, columns: &[String]) -> ColumnsFault {
    let fault = translate(error);
    let names: Vec<&str> = columns.iter().map(String::as_str).collect();
    let (error, text) = (root(error), root(error).to_string());
    let unknown = (matches!(error, PolarsError::ColumnNotFound(_)) || text.contains("unable to find column"))
        .then(|| quoted(&text))
        .flatten()
        .filter(|name| !names.contains(&name.as_str()));
    let (what, fault) = match (unknown, error) {
        (Some(name), _) => {
            let message = format!("there is no column `{name}`");
            let fault = Fault::new(FaultKind::Config, message).help(suggest::help(&name, "columns", &names));
            (Refusal::UnknownColumn(name), fault)
        }
        (None, PolarsError::Duplicate(_)) => (quoted(&text).map_or(Refusal::Other, Refusal::Duplicate), fault),
        (None, PolarsError::SQLInterface(_) | PolarsError::SQLSyntax(_)) => (Refusal::Sql, fault),
        (None, PolarsError::IO { .. } | PolarsError::NoData(_)) => (Refusal::Other, fault),
        (None, _) => (Refusal::Type, fault),
    };
    ColumnsFault { what, fault: Box::new(fault) }
}

/// The first name in quotes, else the whole text where it is a single word.
fn quoted(text: &str) -> Option<String> {
    let quote = text.find(['"', '`', '\'']);
    match quote {
        Some(start) => {
            let mark = text.get(start..)?.chars().next()?;
            let rest = text.get(start + 1..)?;
            Some(rest.get(..rest.find(mark)?)?.to_owned())
        }
        None => (!text.contains(' ')).then(|| text.to_owned()),
    }
}

/// The node that must have caused a fault: the stage's only scan, its only sink, or its only SELECT. Where several may have,
/// none is named.
pub(crate) fn culprit(stage: &Stage, fault: &Fault) -> Option<String> {
    let reading = ["could not parse", "utf-8", "utf8", "more fields", "quote", "schema mismatch in file"];
    let only = |test: &dyn Fn(&Work) -> bool| {
        let mut nodes = stage.nodes.iter().filter(|node| test(&node.work));
        let node = nodes.next()?;
        nodes.next().is_none().then(|| node.id.clone())
    };
    let writing = ["disk is full", "for the name of a folder", "two values would have the folder"];
    if writing.iter().any(|text| fault.message.contains(text)) {
        return only(&|work| matches!(work, Work::Write { .. }));
    }
    if reading.iter().any(|text| fault.message.contains(text)) {
        return only(&|work| matches!(work, Work::Scan(_)));
    }
    // Neither reading nor writing: an expression.
    only(&|work| matches!(work, Work::Select(_)))
}
