//! `loop_source`: the items of a loop. An ITERATE link takes them one at a time, a data link as a table.

use crate::batches::{self, BATCH};
use crate::json_rows::{Row, table};
use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use pypeline_sdk::columns;
use pypeline_sdk::lowering::{Column, ColumnType, Items};
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::{Map, Value};
use std::sync::Arc;

/// The column of items that are no mappings.
const VALUE: &str = "value";

/// Exactly one of `items`, `from` with `to`, and `while`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LoopConfig {
    /// The items: single values, or mappings
    #[serde(default)]
    items: Option<Vec<Value>>,
    /// First item of a range of whole numbers
    #[serde(default)]
    from: Option<i64>,
    /// Last item of the range, where a step meets it
    #[serde(default)]
    to: Option<i64>,
    /// Distance between the items of a range, below 0 to count down; 1 if it is not given
    #[serde(default)]
    step: Option<i64>,
    /// Bare expression without braces; the items are 0, 1, 2, … as long as it holds
    #[serde(default, rename = "while")]
    condition: Option<String>,
    /// Most items of a `while`; one more is a failure
    #[serde(default)]
    max: Option<u64>,
}

pub struct Loop(Items);

impl Module for Loop {
    type Config = LoopConfig;
    const MANIFEST: Manifest = Manifest::source("loop_source")
        .category("Control")
        .description("Gives the items of a loop: a list, a range of numbers, or as many as a condition wants")
        .globals(&["row_count"])
        .packages(&["arrow"])
        .list_port("data")
        .lowers_or_runs()
        .service();

    fn lower(config: &LoopConfig, ports: &Ports) -> Result<Lowering> {
        let items = items(config)?;
        if !ports.is_linked("data") {
            return Ok(Lowering::Service(Service::Items(items)));
        }
        has_table(&items).map(|()| Lowering::Run)
    }

    fn columns(config: &LoopConfig, _: &Columns) -> Result<Columns> {
        Ok(match items(config)? {
            Items::Values(values) => Columns::unknown().with_schema("data", &table_of(&values)?.schema()),
            Items::Range { .. } => {
                let value = columns::Field::new(VALUE, columns::DataType::Int64);
                Columns::unknown().with("data", [value])
            }
            Items::While { .. } => Columns::unknown(),
        })
    }

    fn create(config: LoopConfig) -> Result<Self> {
        let items = items(&config)?;
        has_table(&items).map(|()| Self(items))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let mut output = io.output("data")?;
        let mut rows = 0;
        match &self.0 {
            Items::Values(values) => {
                let table = table_of(values)?;
                batches::send(&mut output, &table).await?;
                rows = table.num_rows();
            }
            Items::Range { from, to, step } => {
                let schema = Arc::new(Schema::new(vec![Field::new(VALUE, DataType::Int64, true)]));
                output.open(&schema)?;
                // A range may be longer than any memory: its batches are made as they are sent.
                let mut numbers = range(*from, *to, *step).peekable();
                while numbers.peek().is_some() {
                    if io.context.is_cancelled() {
                        return Err(Error::cancelled());
                    }
                    let column: Int64Array = numbers.by_ref().take(BATCH).map(Some).collect();
                    rows += column.len();
                    output.send(RecordBatch::try_new(schema.clone(), vec![Arc::new(column)])?).await?;
                }
            }
            while_loop @ Items::While { .. } => has_table(while_loop)?,
        }
        io.context.set_global("row_count", &rows)
    }
}

/// The one kind of items that is configured.
fn items(config: &LoopConfig) -> Result<Items> {
    let LoopConfig { items, from, to, step, condition, max } = config;
    let is_range = from.is_some() || to.is_some() || step.is_some();
    if condition.is_none() && max.is_some() {
        return wrong("max", "`max` belongs to `while` alone");
    }
    match (items, is_range, condition) {
        (Some(values), false, None) => values_of(values),
        (None, true, None) => match (*from, *to, step.unwrap_or(1)) {
            (_, _, 0) => wrong("step", "`step` is 0: the range would never end"),
            (Some(from), Some(to), step) => Ok(Items::Range { from, to, step }),
            (None, ..) => wrong("from", "a range needs `from` beside `to`"),
            (_, None, _) => wrong("to", "a range needs `to` beside `from`"),
        },
        (None, false, Some(condition)) => match max {
            _ if condition.trim().is_empty() => wrong("while", "`while` is empty"),
            None | Some(0) => wrong("max", "`while` needs `max`, the most items that it may give, at least 1"),
            Some(max) => Ok(Items::While { condition: condition.clone(), max: *max }),
        },
        (None, false, None) => wrong("items", "one of `items`, `from` with `to`, and `while` must be given"),
        _ => wrong("items", "only one of `items`, `from` with `to`, and `while` can be given"),
    }
}

/// Items that a table could hold too: they are the same whichever link takes them.
fn values_of(values: &[Value]) -> Result<Items> {
    if values.iter().any(Value::is_array) {
        return wrong("items", "an item is a list: items are single values or mappings");
    }
    let is_single = |value: &Value| !value.is_object() && !value.is_null();
    if values.iter().any(Value::is_object) && values.iter().any(is_single) {
        return wrong("items", "some items are mappings and others single values");
    }
    Ok(Items::Values(values.to_vec()))
}

fn wrong<T>(key: &str, text: &str) -> Result<T> {
    Err(Error::config(text).with("key", key))
}

/// How many items a `while` gives is known only when all that hangs on it has run.
fn has_table(items: &Items) -> Result<()> {
    match items {
        Items::While { .. } => Err(Error::config("a while loop gives its items to an iterate link alone")
            .with("key", "while")
            .help("take the data link away, or give `items` or a range")),
        Items::Range { .. } | Items::Values(_) => Ok(()),
    }
}

/// A table of items: mappings as columns, single values in one.
fn table_of(items: &[Value]) -> Result<RecordBatch> {
    let are_mappings = items.iter().any(Value::is_object);
    let row = |item: &Value| match item {
        Value::Object(mapping) => Row::Mapping(mapping.clone()),
        Value::Null if are_mappings => Row::Mapping(Map::new()),
        value => Row::Mapping(Map::from_iter([(VALUE.to_owned(), value.clone())])),
    };
    let rows: Vec<Row> = items.iter().map(row).collect();
    let text = [Column { name: VALUE.to_owned(), data_type: ColumnType::String }];
    table(rows.is_empty().then_some(&text), &rows)
}

/// Ends before a number that is out of range too.
fn range(from: i64, to: i64, step: i64) -> impl Iterator<Item = i64> {
    let is_within = move |number: &i64| if step > 0 { *number <= to } else { *number >= to };
    std::iter::successors(Some(from), move |number| number.checked_add(step)).take_while(is_within)
}

#[cfg(test)]
mod tests;
