//! A small output, compared value by value: rows that an ORDER BY does not tell apart may stand in any order.

use super::key::Key;
use super::print::{numbers, texts};
use crate::Result;
use polars::prelude::DataFrame;
use std::cmp::Ordering;

/// What two engines may differ by in sums and averages.
const TOLERANCE: f64 = 1e-6;

/// A value: all numbers are alike.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Null,
    Number(f64),
    Text(String),
}

/// All rows.
#[derive(Debug, PartialEq)]
pub struct Whole {
    columns: Vec<String>,
    rows: Vec<Vec<Value>>,
    keys: Vec<usize>,
}

impl Whole {
    /// The rows of a table, in order by some columns.
    pub fn of(table: DataFrame, order: &[Key]) -> Result<Self> {
        let columns: Vec<String> = table.get_column_names().iter().map(|name| name.to_string()).collect();
        let mut rows: Vec<Vec<Value>> = vec![Vec::with_capacity(columns.len()); table.height()];
        for column in table.columns() {
            let values: Vec<Value> = if column.dtype().is_numeric() {
                numbers(column)?.into_iter().map(|value| value.map_or(Value::Null, Value::Number)).collect()
            } else {
                let texts = texts(column)?;
                texts
                    .str()?
                    .iter()
                    .map(|value| value.map_or(Value::Null, |text| Value::Text(text.to_owned())))
                    .collect()
            };
            for (row, value) in rows.iter_mut().zip(values) {
                row.push(value);
            }
        }
        let place = |key: &Key| columns.iter().position(|column| column == key.column);
        let keys = order.iter().map(|key| place(key).ok_or_else(|| format!("there is no column `{}`", key.column)));
        Ok(Self { keys: keys.collect::<std::result::Result<_, _>>()?, columns, rows })
    }

    /// How many.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How it is not that one.
    pub fn difference(&self, wanted: &Self) -> Option<String> {
        if self.rows.len() != wanted.rows.len() {
            return Some(format!("{} rows, and not {}", self.rows.len(), wanted.rows.len()));
        }
        if self.columns != wanted.columns {
            return Some(format!("the columns {}, and not {}", self.columns.join(", "), wanted.columns.join(", ")));
        }
        for (at, (own, other)) in self.rows.iter().zip(&wanted.rows).enumerate() {
            let key =
                |row: &[Value]| self.keys.iter().map(|key| row.get(*key).cloned()).collect::<Option<Vec<Value>>>();
            if !alike(&key(own)?, &key(other)?) {
                return Some(format!("row {} is {own:?}, and not {other:?}", at + 1));
            }
        }
        let sorted = |rows: &[Vec<Value>]| {
            let mut rows = rows.to_vec();
            rows.sort_by(|a, b| compare(a, b));
            rows
        };
        let (own, other) = (sorted(&self.rows), sorted(&wanted.rows));
        let mut pairs = own.iter().zip(&other);
        let (own, other) = pairs.find(|(own, other)| !alike(own, other))?;
        Some(format!("there is a row {own:?}, and not {other:?}"))
    }
}

fn alike(own: &[Value], other: &[Value]) -> bool {
    own.len() == other.len()
        && own.iter().zip(other).all(|pair| match pair {
            (Value::Number(a), Value::Number(b)) => (a - b).abs() <= TOLERANCE * b.abs().max(1e-6),
            (a, b) => a == b,
        })
}

/// Texts first: numbers may differ by a little.
fn compare(a: &[Value], b: &[Value]) -> Ordering {
    let texts = |row: &[Value]| row.iter().filter(|value| matches!(value, Value::Text(_))).cloned().collect::<Vec<_>>();
    let by_value = |(a, b): (&Value, &Value)| match (a, b) {
        (Value::Number(a), Value::Number(b)) => a.total_cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Null, Value::Null) => Ordering::Equal,
        (Value::Null, _) | (Value::Number(_), Value::Text(_)) => Ordering::Less,
        _ => Ordering::Greater,
    };
    let (text_a, text_b) = (texts(a), texts(b));
    let order = text_a.iter().zip(&text_b).map(by_value).chain(a.iter().zip(b).map(by_value));
    order.fold(Ordering::Equal, Ordering::then)
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::df;

    const BY_TOTAL: &[Key] = &[Key { column: "total", descending: true }];

    fn whole(names: [&str; 3], totals: [f64; 3]) -> Whole {
        Whole::of(df!("name" => names, "total" => totals).unwrap(), BY_TOTAL).unwrap()
    }

    #[test]
    fn rows_of_equal_keys_may_change_places() {
        let wanted = whole(["a", "b", "c"], [3.0, 3.0, 1.0]);
        assert_eq!(whole(["b", "a", "c"], [3.0, 3.000_000_1, 1.0]).difference(&wanted), None);
        let integers = Whole::of(df!("name" => ["a", "b", "c"], "total" => [3, 3, 1]).unwrap(), BY_TOTAL).unwrap();
        assert_eq!(integers.difference(&wanted), None);
    }

    #[test]
    fn what_differs_is_found() {
        let wanted = whole(["a", "b", "c"], [3.0, 2.0, 1.0]);
        for (other, told) in [
            (whole(["b", "a", "c"], [2.0, 3.0, 1.0]), "row 1 is"),
            (whole(["a", "b", "c"], [3.0, 2.0, 1.1]), "row 3 is"),
            (whole(["b", "a", "c"], [3.0, 2.0, 1.0]), "there is a row"),
        ] {
            let told_now = other.difference(&wanted).unwrap();
            assert!(told_now.starts_with(told), "{told_now}");
        }
        let few = Whole::of(df!("name" => ["a"], "total" => [3.0]).unwrap(), BY_TOTAL).unwrap();
        assert_eq!(few.difference(&wanted).unwrap(), "1 rows, and not 3");
    }
}
