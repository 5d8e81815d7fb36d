//! Words about columns that findings share.

use crate::diagnostics::suggest;
use crate::executor::PortFields;
use pypeline_schema::fields::Field;

/// That no input has a column.
pub(super) fn no_column(name: &str) -> String {
    format!("there is no column `{name}`")
}

/// The nearest name, and all that are there.
pub(super) fn columns_help(name: &str, there: &[&str]) -> String {
    match suggest::nearest(name, there.iter().copied()) {
        Some(near) => format!("did you mean `{near}`? {}", there_are(there)),
        None => there_are(there),
    }
}

/// All columns by name.
pub(super) fn there_are(columns: &[&str]) -> String {
    if columns.is_empty() { "there are no columns".to_owned() } else { format!("columns: {}", suggest::list(columns)) }
}

/// The beginning of a text.
pub(super) fn short(sql: &str) -> String {
    let cut: String = sql.chars().take(60).collect();
    if cut.len() < sql.len() { format!("{cut}…") } else { cut }
}

/// A column's name with each of the inputs that have it.
pub(super) fn of_inputs(name: &str, inputs: &PortFields) -> Vec<String> {
    let has = |fields: &[Field]| fields.iter().any(|field| field.name == name);
    inputs.iter().filter(|(_, fields)| has(fields)).map(|(port, _)| format!("`{port}.{name}`")).collect()
}

/// Not every type is known.
pub(super) fn is_open(inputs: &PortFields) -> bool {
    inputs.values().flat_map(|fields| fields.iter()).any(|field| field.data_type.is_open())
}

/// The columns of all inputs.
pub(super) fn names_of(inputs: &PortFields) -> impl Iterator<Item = &str> {
    inputs.values().flat_map(|fields| fields.iter().map(|field| field.name.as_str()))
}
