//! What one output port of a mod carries: a SELECT, or an operator for what SQL has no word for, or cannot say before the input's
//! columns are known.

use super::join::Join;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The rows of one output port. As JSON, a SELECT is a text, and an operator a mapping with its name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Operation {
    /// A SELECT over tables that are named after the input ports.
    Select(String),
    /// Anything else, over the node's only input port, or over those that it names.
    Operator(Operator),
}

/// What is done to the rows of one input.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Operator {
    /// Columns added, or put in the place of others.
    With(With),
    /// Columns into rows.
    Unpivot(Unpivot),
    /// Rows into columns that are named by values, where the values are known only from the rows.
    Pivot(Pivot),
    /// Some of the rows.
    Sample(Sample),
    /// The rows of two inputs side by side.
    Join(Join),
}

/// All columns of the input in their order, with new values where a column is named, and then the columns that it does not have.
/// Every expression is over the input's own columns.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct With {
    /// Names and expressions.
    pub columns: Vec<Derived>,
    /// Only the rows for which this holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// A column and what it holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Derived {
    /// Its name.
    pub name: String,
    /// An SQL expression.
    pub expression: String,
}

impl With {
    /// The same as a SELECT over a table with these columns.
    pub fn to_select(&self, table: &str, columns: &[&str]) -> String {
        let own = columns.iter().map(|column| {
            let derived = self.columns.iter().find(|derived| derived.name == *column);
            derived.map_or_else(|| quoted(column), Derived::to_item)
        });
        let new = self.columns.iter().filter(|derived| !columns.contains(&derived.name.as_str())).map(Derived::to_item);
        let items: Vec<String> = own.chain(new).collect();
        let condition = self.condition.iter().map(|condition| format!(" WHERE ({condition}\n)")).collect::<String>();
        format!("SELECT {} FROM {}{condition}", items.join(", "), quoted(table))
    }
}

impl Derived {
    // A line break ends a comment in the expression.
    fn to_item(&self) -> String {
        format!("({}\n) AS {}", self.expression, quoted(&self.name))
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// For each row and each of some columns a row, with the column's name and its value.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Unpivot {
    /// Columns that become rows; where none is given, all that are not in `keep`.
    pub columns: Vec<String>,
    /// Columns that each of these rows keeps; where none is given, all that are not in `columns`.
    pub keep: Vec<String>,
    /// Column of the names.
    pub name_column: String,
    /// Column of the values.
    pub value_column: String,
}

/// For each group of rows one row, with a column for each value of `on`, in the order of the values; the rows are read twice.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Pivot {
    /// Columns that name a group.
    pub keys: Vec<String>,
    /// Column whose values become columns; NULL becomes the column `null`.
    pub on: String,
    /// An SQL aggregate for each value column, e.g. `sum(amount)`; with several, a column's name is the value, `_` and `name`.
    pub values: Vec<Derived>,
    /// More values than so many are an error.
    pub max_columns: u32,
}

/// Some of the rows, always the same of the same rows in the same order.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sample {
    /// About so many of a million rows, each chosen by its number and the seed.
    Share {
        /// Rows of a million.
        per_million: u32,
        /// Another seed gives other rows.
        seed: u64,
    },
    /// Every so many-th row, from the first.
    Every(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_select_is_a_text_and_an_operator_a_mapping() {
        let select = Operation::Select("SELECT 1".to_owned());
        assert_eq!(serde_json::to_value(&select).unwrap(), serde_json::json!("SELECT 1"));
        let every = Operation::Operator(Operator::Sample(Sample::Every(3)));
        let json = serde_json::to_value(&every).unwrap();
        assert_eq!(json, serde_json::json!({"sample": {"every": 3}}));
        assert_eq!(serde_json::from_value::<Operation>(json).unwrap(), every);
    }

    #[test]
    fn columns_are_replaced_in_place_and_new_ones_follow() {
        let derived = |name: &str, expression: &str| Derived { name: name.into(), expression: expression.into() };
        let with = With { columns: vec![derived("new", "a + 1"), derived("b", "upper(b)")], condition: None };
        let wanted = "SELECT \"a\", (upper(b)\n) AS \"b\", (a + 1\n) AS \"new\" FROM \"input\"";
        assert_eq!(with.to_select("input", &["a", "b"]), wanted);
        let some = With { condition: Some("a > 0 -- why".into()), ..with };
        assert!(some.to_select("input", &["a", "b"]).ends_with(" WHERE (a > 0 -- why\n)"));
    }
}
