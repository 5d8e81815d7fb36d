//! `schema_check_mod`: rows that are as they should be, and on another port the others, with all that is wrong with each.

use crate::expression::scalar;
use crate::named::place;
use crate::patterns::Pattern;
use crate::rejects::{Doubt, OnError, parted};
use crate::types::Type;
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use pypeline_sdk::sql;
use std::collections::BTreeMap;

/// What rows have to be like.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SchemaCheckConfig {
    /// Columns, and for each what its values have to be: `{type: int, nullable: false, min: 0}`, `{max_length: 10}`, `{pattern: "^[A-Z]{2}$"}`,
    /// `{allowed: [open, paid]}`. A column that is not named may hold anything; NULL is checked by `nullable` alone. A column of the input keeps its type
    #[schemars(extend("propertyNames" = {"format": "column"}))]
    columns: BTreeMap<String, Rules>,
    /// What to do with a row that is not so: `reject` (it leaves by port `reject`, or fails the run where nobody reads that) or `fail`
    #[serde(default)]
    on_error: OnBreach,
}

/// What to do with a row that is not as it should be.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default)]
#[serde(rename_all = "lowercase")]
pub enum OnBreach {
    /// It leaves by port `reject`; where nobody reads that port, the run fails.
    #[default]
    Reject,
    /// The run fails.
    Fail,
}

/// What the values of a column have to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Each value can be read as this type, as `cast_mod` has them
    #[serde(default, rename = "type")]
    data_type: Option<String>,
    /// The form of a date, a datetime or a time, as `cast_mod` has it
    #[serde(default)]
    format: Option<String>,
    /// NULL is allowed
    #[serde(default = "yes")]
    nullable: bool,
    /// Least number of characters
    #[serde(default)]
    min_length: Option<u64>,
    /// Largest number of characters
    #[serde(default)]
    max_length: Option<u64>,
    /// A regular expression that the text meets; `^` and `$` bind it to both ends
    #[serde(default)]
    pattern: Option<String>,
    /// The smallest value: a number, or a text such as a date
    #[serde(default)]
    min: Option<Value>,
    /// The largest value: a number, or a text such as a date
    #[serde(default)]
    max: Option<Value>,
    /// The only values
    #[serde(default)]
    allowed: Option<Vec<Value>>,
}

fn yes() -> bool {
    true
}

pub struct SchemaCheck;

impl Module for SchemaCheck {
    type Config = SchemaCheckConfig;
    const MANIFEST: Manifest = Manifest::transform("schema_check_mod")
        .category("Rows")
        .description("Checks the values of columns; port `reject` has the rows that are not as they should be, and says all that is wrong with each")
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &SchemaCheckConfig, ports: &Ports) -> Result<Lowering> {
        let mut doubts = Vec::new();
        for (name, rules) in &config.columns {
            let found = doubts.len();
            rules.doubts(name, &mut doubts)?;
            if doubts.len() == found {
                let error = Error::config(format!("nothing is asked of `{name}`")).with("key", place("columns", name));
                return Err(error.help("e.g. `{nullable: false}`, or leave the column out"));
            }
        }
        if doubts.is_empty() {
            let error = Error::config("no column is checked").with("key", "columns");
            return Err(error.help("e.g. `columns: {id: {type: int, nullable: false}}`"));
        }
        let on_error = match config.on_error {
            OnBreach::Reject => OnError::Reject,
            OnBreach::Fail => OnError::Fail,
        };
        Ok(parted(on_error, ports, Vec::new(), &doubts))
    }
}

impl Rules {
    fn doubts(&self, name: &str, doubts: &mut Vec<Doubt>) -> Result<()> {
        let column = sql::identifier(name);
        let text = format!("CAST({column} AS VARCHAR)");
        let key = |part: &str| format!("{}/{part}", place("columns", name));
        let mut add =
            |condition: String, what: &str| doubts.push(Doubt::of_value(name, format!("({condition})"), what));
        if !self.nullable {
            add(format!("{column} IS NULL"), "may not be NULL");
        }
        let value = match &self.data_type {
            Some(data_type) => {
                let read =
                    Type::parse(data_type, &key("type"))?.read(&column, self.format.as_deref(), &key("format"))?;
                add(format!("{column} IS NOT NULL AND {read} IS NULL"), &format!("is no {data_type}"));
                read
            }
            None if self.format.is_some() => {
                let error = Error::config("a format is that of a type").with("key", key("format"));
                return Err(error.help("give `type: date`, `datetime` or `time` too"));
            }
            None => column,
        };
        if let Some(least) = self.min_length {
            add(format!("length({text}) < {least}"), &format!("has fewer than {least} characters"));
        }
        if let Some(most) = self.max_length {
            add(format!("length({text}) > {most}"), &format!("has more than {most} characters"));
        }
        if let Some(pattern) = &self.pattern {
            Pattern::parse(pattern, &key("pattern"))?;
            add(format!("NOT regexp_like({text}, {})", sql::literal(pattern)), &format!("does not match {pattern}"));
        }
        for (bound, part, sign, what) in [(&self.min, "min", "<", "less"), (&self.max, "max", ">", "more")] {
            let Some(bound) = bound else { continue };
            let literal = self.bound(bound, &key(part))?;
            let shown = bound.as_str().map_or_else(|| bound.to_string(), str::to_owned);
            add(format!("{value} {sign} {literal}"), &format!("is {what} than {shown}"));
        }
        if let Some(allowed) = &self.allowed {
            let condition = self.not_among(allowed, &value, &text, &key("allowed"))?;
            add(condition, "is none of the allowed values");
        }
        Ok(())
    }

    /// A bound as SQL, of the column's type where that is a day or a time.
    fn bound(&self, bound: &Value, key: &str) -> Result<String> {
        let wrong = |help: &str| Err(Error::config(format!("`{bound}` is no bound")).with("key", key).help(help));
        let data_type = self.data_type.as_deref().map(|name| Type::parse(name, key)).transpose()?;
        match (bound, data_type) {
            (Value::Number(number), None | Some(Type::Number(_) | Type::Decimal { .. })) => Ok(number.to_string()),
            (Value::String(text), Some(data_type @ (Type::Date | Type::Datetime | Type::Time))) => {
                data_type.read(&sql::literal(text), None, key)
            }
            (Value::String(text), None | Some(Type::Text)) => Ok(sql::literal(text)),
            (Value::Number(_) | Value::String(_), _) => wrong("write one of the column's type"),
            _ => wrong("write a number or a text"),
        }
    }

    fn not_among(&self, allowed: &[Value], value: &str, text: &str, key: &str) -> Result<String> {
        let literals: Option<Vec<String>> = allowed.iter().map(scalar).collect();
        let wrong = |what: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        let literals = match literals {
            Some(literals) if !literals.is_empty() => literals.join(", "),
            Some(_) => return wrong("no value is allowed", "name at least one, or leave the column to `nullable`"),
            None => {
                return wrong(
                    "a list, a mapping or null is no allowed value",
                    "write texts, numbers, true or false; `nullable` says it for NULL",
                );
            }
        };
        let is_number = |value: &Value| value.is_number();
        let of_text = |value: &Value| value.is_string() || value.is_boolean();
        if allowed.iter().all(is_number) {
            return Ok(format!("{value} NOT IN ({literals})"));
        }
        if allowed.iter().all(of_text) {
            let texts = allowed.iter().map(|value| sql::literal(value.as_str().unwrap_or(&value.to_string())));
            return Ok(format!("{text} NOT IN ({})", texts.collect::<Vec<_>>().join(", ")));
        }
        wrong("the allowed values are both numbers and texts", "put quotes around all of them, or around none")
    }
}
