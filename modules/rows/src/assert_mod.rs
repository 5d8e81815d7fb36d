//! `assert_mod`: fails the sub flow where rows are not what they are said to be, and shows which are not; rows that are go on as they come.
//! Since files take their names when the whole sub flow has succeeded, what it has let through by then is nowhere to be seen.

mod checks;

use arrow_array::{ArrayRef, RecordBatch, StringArray};
use arrow_cast::pretty::pretty_format_batches;
use checks::{Check, Rule};
use pypeline_sdk::context::Level;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What must hold of the rows.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssertConfig {
    /// Columns that are never NULL
    #[serde(default)]
    not_null: Vec<ColumnName>,
    /// Columns whose values come once, NULL being one of them; a list in the list is columns that do so together, e.g. `[id, [order, line]]`
    #[serde(default)]
    unique: Vec<Key>,
    /// Columns, and for each the only values that it may have beside NULL
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"format": "column"}))]
    accepted: BTreeMap<String, Vec<Value>>,
    /// Columns, and for each its smallest and its largest value, numbers or texts such as dates: `{amount: {min: 0, max: 1000}}`
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"format": "column"}))]
    range: BTreeMap<String, Range>,
    /// Least number of rows
    #[serde(default)]
    min_rows: Option<u64>,
    /// Largest number of rows
    #[serde(default)]
    max_rows: Option<u64>,
    /// Rows to show for each check that does not hold
    #[serde(default = "ten")]
    show: usize,
    /// Most different keys that `unique` keeps in mind, each in about 40 bytes; with more the check fails and says so
    #[serde(default = "ten_million")]
    max_keys: usize,
}

/// The name of a column of the input
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "column"))]
pub struct ColumnName(String);

/// Columns whose values come once.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Key {
    /// One column
    One(ColumnName),
    /// Several together
    Several(Vec<ColumnName>),
}

/// The smallest and the largest value.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The smallest
    #[serde(default)]
    min: Option<Value>,
    /// The largest
    #[serde(default)]
    max: Option<Value>,
}

fn ten() -> usize {
    10
}

fn ten_million() -> usize {
    10_000_000
}

pub struct Assert(AssertConfig);

impl Module for Assert {
    type Config = AssertConfig;
    const MANIFEST: Manifest = Manifest::transform("assert_mod")
        .category("Rows")
        .description(
            "Fails where rows are not what they are said to be, and shows which; hands on all rows as they come",
        )
        .globals(&["row_count"])
        .packages(&["arrow"]);

    fn columns(config: &AssertConfig, inputs: &Columns) -> Result<Columns> {
        config.check()?;
        for (key, column) in config.named() {
            inputs.find("input", column, &key)?;
        }
        Ok(inputs.handed_on("input", "output"))
    }

    fn create(config: AssertConfig) -> Result<Self> {
        config.check()?;
        Ok(Self(config))
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let (mut input, mut output) = (io.input("input")?, io.output("output")?);
        let schema = input.schema()?;
        output.open(&schema)?;
        let rules = self.0.rules()?.into_iter();
        let mut checks = rules.map(|rule| Check::new(rule, &schema, self.0.show)).collect::<Result<Vec<_>>>()?;
        let mut rows = 0_u64;
        while let Some(batch) = input.next().await? {
            for check in &mut checks {
                check.look(&batch, rows)?;
            }
            rows += batch.num_rows() as u64;
            output.send(batch).await?;
        }
        io.context.set_global("row_count", &rows)?;
        let mut broken: Vec<String> = self.0.wrong_number(rows).into_iter().collect();
        for check in checks.iter().filter(|check| check.broken > 0) {
            let what = format!("{}: {} of {rows} rows", check.rule, check.broken);
            if !check.shown.is_empty() {
                io.context.log(Level::Error, &format!("{what}\n{}", table(check)?), &Value::Null);
            }
            broken.push(what);
        }
        match broken.len() {
            0 => Ok(()),
            1 => Err(refused(format!("what is asserted does not hold: {}", broken.concat()))),
            several => Err(refused(format!("{several} of the assertions do not hold: {}", broken.join("; ")))),
        }
    }
}

fn refused(what: String) -> Error {
    Error::data(what).help("the log has the first rows in question")
}

impl AssertConfig {
    /// All columns that are named, each with its place.
    fn named(&self) -> Vec<(String, &str)> {
        let mut found: Vec<(String, &str)> = Vec::new();
        found
            .extend(self.not_null.iter().enumerate().map(|(at, column)| (format!("not_null/{at}"), column.0.as_str())));
        for (at, key) in self.unique.iter().enumerate() {
            match key {
                Key::One(column) => found.push((format!("unique/{at}"), &column.0)),
                Key::Several(columns) => {
                    let places = columns.iter().enumerate();
                    found.extend(places.map(|(inner, column)| (format!("unique/{at}/{inner}"), column.0.as_str())));
                }
            }
        }
        found.extend(self.accepted.keys().map(|column| (format!("accepted/{column}"), column.as_str())));
        found.extend(self.range.keys().map(|column| (format!("range/{column}"), column.as_str())));
        found
    }

    /// What is wrong with the configuration itself.
    fn check(&self) -> Result<()> {
        let rules = self.rules()?;
        if rules.is_empty() && self.min_rows.is_none() && self.max_rows.is_none() {
            let error = Error::config("nothing is asserted").with("key", "not_null");
            return Err(error.help("give `not_null`, `unique`, `accepted`, `range`, `min_rows` or `max_rows`"));
        }
        match (self.min_rows, self.max_rows) {
            (Some(min), Some(max)) if min > max => {
                let error = Error::config(format!("there cannot be at least {min} and at most {max} rows"));
                Err(error.with("key", "max_rows").help("write the smaller number under `min_rows`"))
            }
            _ => Ok(()),
        }
    }

    /// What each row, or all of them together, must be.
    fn rules(&self) -> Result<Vec<Rule>> {
        let mut rules: Vec<Rule> = self.not_null.iter().map(|column| Rule::not_null(&column.0)).collect();
        for (at, key) in self.unique.iter().enumerate() {
            let columns: Vec<&str> = match key {
                Key::One(column) => vec![&column.0],
                Key::Several(columns) => columns.iter().map(|column| column.0.as_str()).collect(),
            };
            if columns.is_empty() {
                let error = Error::config("a key has no column").with("key", format!("unique/{at}"));
                return Err(error.help("name its columns"));
            }
            rules.push(Rule::unique(&columns, self.max_keys));
        }
        for (column, values) in &self.accepted {
            rules.push(Rule::accepted(column, values, &format!("accepted/{column}"))?);
        }
        for (column, range) in &self.range {
            rules.push(Rule::range(column, range.min.as_ref(), range.max.as_ref(), &format!("range/{column}"))?);
        }
        Ok(rules)
    }

    fn wrong_number(&self, rows: u64) -> Option<String> {
        let (min, max) = (self.min_rows.unwrap_or(0), self.max_rows.unwrap_or(u64::MAX));
        match rows {
            few if few < min => Some(format!("there are {few} rows, fewer than {min}")),
            many if many > max => Some(format!("there are {many} rows, more than {max}")),
            _ => None,
        }
    }
}

/// The first rows in question, with their numbers.
fn table(check: &Check) -> Result<String> {
    let names = ["row".to_owned()].into_iter().chain(check.names.iter().cloned());
    let columns = names.enumerate().map(|(at, name)| {
        let cells: StringArray = check.shown.iter().map(|row| row.get(at).cloned().flatten()).collect();
        (name, Arc::new(cells) as ArrayRef, true)
    });
    Ok(pretty_format_batches(&[RecordBatch::try_from_iter_with_nullable(columns)?])?.to_string())
}
