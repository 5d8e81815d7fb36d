//! A table out of rows as a flow has them: lists of values, or mappings of names to values.

use crate::json_columns::{array, infer, quoted};
use arrow_array::RecordBatch;
use arrow_schema::{Field, Schema};
use pypeline_sdk::lowering::Column;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// A row as written.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Row {
    /// One value per column
    Values(Vec<Value>),
    /// Values by column; what is missing is NULL
    Mapping(Map<String, Value>),
}

/// The rows with the columns that are declared, or else with those that the mappings have, in the order in which they come
/// up, and of the types that their values have.
pub fn table(declared: Option<&[Column]>, rows: &[Row]) -> Result<RecordBatch> {
    let mut names: Vec<&str> = declared.unwrap_or_default().iter().map(|column| column.name.as_str()).collect();
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, name) in names.iter().enumerate() {
        if places.insert(name, at).is_some() {
            return Err(wrong_columns(format!("column `{name}` is declared twice")));
        }
    }
    let mut cells: Vec<Vec<&Value>> = vec![Vec::new(); names.len()];
    for (row, at) in rows.iter().zip(0_usize..) {
        match row {
            Row::Values(_) if declared.is_none() => {
                return Err(wrong_columns(format!("row {} is a list, and `columns` does not say of what", at + 1)));
            }
            Row::Values(values) if values.len() != names.len() => {
                let (values, columns) = (values.len(), names.len());
                let text = format!("row {} has another number of values than there are columns", at + 1);
                return Err(Error::config(text).with("values", values).with("columns", columns));
            }
            Row::Values(values) => {
                for (column, value) in cells.iter_mut().zip(values) {
                    // A mapping before may have left the column short.
                    column.resize(at, &Value::Null);
                    column.push(value);
                }
            }
            Row::Mapping(mapping) => {
                for (name, value) in mapping {
                    let place = match places.get(name.as_str()) {
                        Some(place) => *place,
                        None if declared.is_some() => {
                            let text = format!("row {} has a value for `{name}`, which is no column", at + 1);
                            return Err(Error::config(text).with("value", quoted(value)).help("add it to `columns`"));
                        }
                        None => {
                            names.push(name);
                            cells.push(Vec::new());
                            *places.entry(name).or_insert(names.len() - 1)
                        }
                    };
                    if let Some(column) = cells.get_mut(place) {
                        column.resize(at, &Value::Null);
                        column.push(value);
                    }
                }
            }
        }
    }
    if names.is_empty() {
        return Err(wrong_columns("the table has no column".to_owned()));
    }
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for ((name, mut cells), at) in names.into_iter().zip(cells).zip(0_usize..) {
        cells.resize(rows.len(), &Value::Null);
        let kind = match declared.and_then(|columns| columns.get(at)) {
            Some(column) => column.data_type,
            None => infer(name, &cells)?,
        };
        let array = array(name, kind, &cells)?;
        fields.push(Field::new(name, array.data_type().clone(), true));
        arrays.push(array);
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

fn wrong_columns(text: String) -> Error {
    Error::config(text).with("key", "columns").help("`columns: [{name: id, type: int}, …]`")
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_cast::pretty::pretty_format_batches;
    use pypeline_sdk::serde_json::{from_value, json};

    fn of(columns: Value, rows: Value) -> Result<String> {
        let columns: Option<Vec<Column>> = from_value(columns).unwrap();
        let rows: Vec<Row> = from_value(rows).unwrap();
        let table = table(columns.as_deref(), &rows)?;
        let schema = table.schema();
        let types: Vec<String> = schema.fields().iter().map(|field| field.data_type().to_string()).collect();
        Ok(format!("{}\n{}", types.join(", "), pretty_format_batches(&[table])?))
    }

    #[test]
    fn declared_columns_take_lists_and_mappings() {
        let names =
            [("id", "int"), ("day", "date"), ("at", "datetime"), ("from", "time"), ("rate", "float"), ("x", "string")];
        let columns: Vec<Value> = names.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
        let rows = json!([[1, "2026-11-21", "2026-11-21T10:30:00.25", "10:30:00", 2, "a"], {"x": "b", "id": 2}, {}, [4, null, null, null, 0.5, "d"]]);
        let expected = "\
Int64, Date32, Timestamp(µs), Time64(ns), Float64, Utf8View
+----+------------+-------------------------+----------+------+---+
| id | day        | at                      | from     | rate | x |
+----+------------+-------------------------+----------+------+---+
| 1  | 2026-11-21 | 2026-11-21T10:30:00.250 | 10:30:00 | 2.0  | a |
| 2  |            |                         |          |      | b |
|    |            |                         |          |      |   |
| 4  |            |                         |          | 0.5  | d |
+----+------------+-------------------------+----------+------+---+";
        assert_eq!(of(json!(columns), rows).unwrap(), expected);
    }

    #[test]
    fn mappings_bring_their_columns() {
        let rows = json!([{"b": 1}, {}, {"a": true, "c": null}, {"b": 2.5}]);
        let expected = "\
Float64, Boolean, Utf8View
+-----+------+---+
| b   | a    | c |
+-----+------+---+
| 1.0 |      |   |
|     |      |   |
|     | true |   |
| 2.5 |      |   |
+-----+------+---+";
        assert_eq!(of(json!(null), rows).unwrap(), expected);
    }

    #[test]
    fn no_rows_keep_their_columns() {
        assert!(of(json!([{"name": "id", "type": "int"}]), json!([])).unwrap().contains("| id |"));
    }

    #[test]
    fn rows_that_do_not_fit_are_named() {
        let text = |columns, rows| of(columns, rows).unwrap_err().into_fault().message;
        let id = || json!([{"name": "id", "type": "int"}]);
        assert_eq!(text(json!(null), json!([{"a": 1}, [1]])), "row 2 is a list, and `columns` does not say of what");
        assert_eq!(text(id(), json!([[1], [1, 2]])), "row 2 has another number of values than there are columns");
        assert_eq!(text(id(), json!([{"Id": 1}])), "row 1 has a value for `Id`, which is no column");
        assert_eq!(text(json!([id()[0], id()[0]]), json!([])), "column `id` is declared twice");
        assert_eq!(text(json!(null), json!([{}])), "the table has no column");
        assert_eq!(text(id(), json!([[1], ["1"]])), "column `id`, row 2: not of type `int`");
    }
}
