//! The configuration of `map_mod`.

use crate::expression::Expression;
use pypeline_sdk::prelude::*;
use std::collections::BTreeMap;

/// Rows of the input, with what lookups know of them, to outputs.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MapConfig {
    /// Tables in which rows are looked up, by name: each is an input port, and its columns are `name.column` in expressions
    #[serde(default)]
    pub lookups: BTreeMap<String, Lookup>,
    /// Values that several expressions use, by name: `var.name` in expressions. One may use others
    #[serde(default)]
    #[schemars(extend("x-table" = "var"))]
    pub variables: BTreeMap<String, Expression>,
    /// Output ports by name. A row goes to every output whose filter holds
    pub outputs: BTreeMap<String, Output>,
}

/// A table in which rows are looked up.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Lookup {
    /// Columns of this table, and for each the expression over `input`, variables and other lookups that it must be equal to. NULL is equal to nothing
    #[serde(default)]
    pub on: BTreeMap<String, Expression>,
    /// Which of the rows that are found: `unique` and `last`: the last one; `first`: the first one; `all`: each, so that a row of the input becomes
    /// several; `cross`: every row of the table, without `on`
    #[serde(default)]
    pub r#match: Match,
    /// What becomes of a row for which none is found: `left`: it goes on, with NULLs; `inner`: it goes to outputs with `catch: unmatched` alone
    #[serde(default)]
    pub join: Join,
    /// Only rows of this table for which this holds: a condition over its own columns, e.g. `customers.active`
    #[serde(default)]
    pub filter: Option<Expression>,
}

/// Which of the rows that are found.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The last one: for keys that are there once
    #[default]
    Unique,
    /// The first one
    First,
    /// The last one
    Last,
    /// Each of them
    All,
    /// Every row of the table
    Cross,
}

/// What becomes of a row for which none is found.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Join {
    /// It goes on, with NULLs
    #[default]
    Left,
    /// It goes to outputs with `catch: unmatched` alone
    Inner,
}

/// An output port.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Output {
    /// Names, and for each an SQL expression, as a list with one name per item, whose order is that of the columns, or as a mapping, whose columns come
    /// in the order of their names. `"*"`, alone or as an item of the list, stands for all columns of the input
    pub columns: Columns,
    /// Only rows for which this holds
    #[serde(default)]
    pub filter: Option<Expression>,
    /// Rows that others do not take: `rejected`: those for which no filter of an output without `catch` holds; `unmatched`: those for which a lookup with
    /// `join: inner` finds nothing
    #[serde(default)]
    pub catch: Option<Catch>,
}

/// Rows that others do not take.
#[derive(Deserialize, JsonSchema, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Catch {
    /// No filter of an output without `catch` holds
    Rejected,
    /// A lookup with `join: inner` finds nothing
    Unmatched,
}

/// The columns of an output.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Columns {
    /// All columns of the input
    All(Star),
    /// By name
    Mapping(BTreeMap<String, Expression>),
    /// In this order
    List(Vec<Item>),
}

/// An item of a list of columns.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Item {
    /// All columns of the input
    All(Star),
    /// One name with its expression
    One(BTreeMap<String, Expression>),
}

/// `"*"`.
#[derive(Deserialize, JsonSchema, Clone, Copy)]
pub enum Star {
    /// All columns of the input
    #[serde(rename = "*")]
    All,
}
