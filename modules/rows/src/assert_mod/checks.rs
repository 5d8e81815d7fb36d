//! What is asserted of rows, one check at a time: which rows break it, how many they are, and the first of them as texts.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, Schema};
use pypeline_sdk::prelude::*;
use pypeline_sdk::serde_json::Value;
use std::collections::HashSet;
use std::fmt::{self, Display};
use std::hash::{DefaultHasher, Hash, Hasher};

/// What must hold.
pub enum Rule {
    /// The column is not NULL.
    NotNull(String),
    /// The columns together have a value once.
    Unique { columns: Vec<String>, most: usize },
    /// The column has one of these values.
    Accepted { column: String, texts: HashSet<String>, numbers: Vec<f64> },
    /// The column has a value between these.
    Range { column: String, min: Option<Bound>, max: Option<Bound> },
}

/// The end of a range.
#[derive(Debug)]
pub enum Bound {
    /// Compared as numbers.
    Number(f64),
    /// Compared as texts, as days and times are that are written as ISO 8601 has them.
    Text(String),
}

impl Rule {
    pub fn not_null(column: &str) -> Self {
        Self::NotNull(column.to_owned())
    }

    pub fn unique(columns: &[&str], most: usize) -> Self {
        Self::Unique { columns: columns.iter().map(|&column| column.to_owned()).collect(), most }
    }

    pub fn accepted(column: &str, values: &[Value], key: &str) -> Result<Self> {
        let (mut texts, mut numbers) = (HashSet::new(), Vec::new());
        for value in values {
            match value {
                Value::String(text) => drop(texts.insert(text.clone())),
                Value::Bool(truth) => drop(texts.insert(truth.to_string())),
                Value::Number(number) => numbers.extend(number.as_f64()),
                _ => {
                    let error = Error::config(format!("`{value}` is no value of a column")).with("key", key);
                    return Err(error.help("write texts, numbers, true or false"));
                }
            }
        }
        if values.is_empty() {
            let error = Error::config(format!("no value of `{column}` is accepted")).with("key", key);
            return Err(error.help("name the values"));
        }
        Ok(Self::Accepted { column: column.to_owned(), texts, numbers })
    }

    pub fn range(column: &str, min: Option<&Value>, max: Option<&Value>, key: &str) -> Result<Self> {
        let bound = |value: Option<&Value>| match value {
            None => Ok(None),
            Some(Value::Number(number)) => Ok(number.as_f64().map(Bound::Number)),
            Some(Value::String(text)) => Ok(Some(Bound::Text(text.clone()))),
            Some(other) => {
                let error = Error::config(format!("`{other}` is no end of a range")).with("key", key);
                Err(error.help("write a number or a text"))
            }
        };
        let (min, max) = (bound(min)?, bound(max)?);
        if min.is_none() && max.is_none() {
            let error = Error::config(format!("the range of `{column}` has no end")).with("key", key);
            return Err(error.help("give `min`, `max`, or both"));
        }
        Ok(Self::Range { column: column.to_owned(), min, max })
    }

    fn columns(&self) -> Vec<&str> {
        match self {
            Self::Unique { columns, .. } => columns.iter().map(String::as_str).collect(),
            Self::NotNull(column) | Self::Accepted { column, .. } | Self::Range { column, .. } => vec![column],
        }
    }
}

impl Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNull(column) => write!(f, "`{column}` is NULL"),
            Self::Unique { columns, .. } => write!(f, "`{}` has been there before", columns.join("`, `")),
            Self::Accepted { column, .. } => write!(f, "`{column}` is none of the accepted values"),
            Self::Range { column, min, max } => {
                write!(f, "`{column}` is not ")?;
                match (min, max) {
                    (Some(min), Some(max)) => write!(f, "from {min} to {max}"),
                    (Some(min), None) => write!(f, "at least {min}"),
                    (None, Some(max)) => write!(f, "at most {max}"),
                    (None, None) => write!(f, "in its range"),
                }
            }
        }
    }
}

impl Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A rule over the columns of an input, and what has broken it.
pub struct Check {
    pub rule: Rule,
    /// Rows that break it.
    pub broken: u64,
    /// Names of all columns.
    pub names: Vec<String>,
    /// The first rows that break it: number, and a text for each column.
    pub shown: Vec<Vec<Option<String>>>,
    show: usize,
    places: Vec<usize>,
    seen: HashSet<u128>,
}

impl Check {
    pub fn new(rule: Rule, schema: &Schema, show: usize) -> Result<Self> {
        let mut places = Vec::new();
        for name in rule.columns() {
            let Some((place, field)) = schema.column_with_name(name) else {
                return Err(Error::config(format!("there is no column `{name}`")));
            };
            let needs_numbers = match &rule {
                Rule::Range { min, max, .. } => {
                    matches!(min, Some(Bound::Number(_))) || matches!(max, Some(Bound::Number(_)))
                }
                Rule::Accepted { numbers, .. } => !numbers.is_empty(),
                Rule::NotNull(_) | Rule::Unique { .. } => false,
            };
            if needs_numbers && !is_number(field.data_type()) {
                let error = Error::config(format!("`{name}` is {}, and is compared with a number", field.data_type()));
                return Err(error.help("put quotes around it, or make the column a number before, with `cast_mod`"));
            }
            places.push(place);
        }
        let names = schema.fields().iter().map(|field| field.name().clone()).collect();
        Ok(Self { rule, broken: 0, names, shown: Vec::new(), show, places, seen: HashSet::new() })
    }

    /// Looks at more rows; `before` have been looked at.
    pub fn look(&mut self, batch: &RecordBatch, before: u64) -> Result<()> {
        let bad = self.bad(batch)?;
        self.broken += bad.len() as u64;
        let options = FormatOptions::default();
        for row in bad.into_iter().take(self.show - self.shown.len()) {
            let mut cells = vec![Some((before + row as u64 + 1).to_string())];
            for column in batch.columns() {
                let text = ArrayFormatter::try_new(column.as_ref(), &options)?.value(row).try_to_string()?;
                cells.push(column.is_valid(row).then_some(text));
            }
            self.shown.push(cells);
        }
        Ok(())
    }

    /// The rows that break the rule.
    fn bad(&mut self, batch: &RecordBatch) -> Result<Vec<usize>> {
        let all = 0..batch.num_rows();
        let columns: Vec<&dyn Array> = self.places.iter().map(|place| batch.column(*place).as_ref()).collect();
        let Some(first) = columns.first() else { return Ok(Vec::new()) };
        let options = FormatOptions::default();
        match &self.rule {
            Rule::NotNull(_) => Ok(all.filter(|row| first.is_null(*row)).collect()),
            Rule::Unique { most, .. } => {
                let texts = columns.iter().map(|column| ArrayFormatter::try_new(*column, &options));
                let texts: Vec<ArrayFormatter<'_>> = texts.collect::<std::result::Result<_, _>>()?;
                let mut bad = Vec::new();
                for row in all {
                    let mut key = Vec::with_capacity(columns.len());
                    for (column, text) in columns.iter().zip(&texts) {
                        key.push(if column.is_null(row) { None } else { Some(text.value(row).try_to_string()?) });
                    }
                    if !self.seen.insert(hash(&key)) {
                        bad.push(row);
                    } else if self.seen.len() > *most {
                        let error = Error::data(format!("there are more than {most} different keys to keep in mind"));
                        let help = "raise `max_keys`, or let `unique_mod` find them, and assert `max_rows: 0` of its port `duplicate`";
                        return Err(error.help(help));
                    }
                }
                Ok(bad)
            }
            Rule::Accepted { texts, numbers, .. } => {
                let values = numbers_of(*first);
                let shown = ArrayFormatter::try_new(*first, &options)?;
                let mut bad = Vec::new();
                for row in all.filter(|row| first.is_valid(*row)) {
                    let is_number =
                        values.as_ref().and_then(|values| values.get(row)).is_some_and(|value| numbers.contains(value));
                    if !is_number && !texts.contains(&shown.value(row).try_to_string()?) {
                        bad.push(row);
                    }
                }
                Ok(bad)
            }
            Rule::Range { min, max, .. } => {
                let values = numbers_of(*first);
                let shown = ArrayFormatter::try_new(*first, &options)?;
                let mut bad = Vec::new();
                for row in all.filter(|row| first.is_valid(*row)) {
                    let number = values.as_ref().and_then(|values| values.get(row)).copied();
                    let text = shown.value(row).try_to_string()?;
                    let is_in = |bound: &Option<Bound>, from_below: bool| match (bound, number) {
                        (None, _) => true,
                        // NaN is in no range.
                        (Some(Bound::Number(bound)), Some(number)) if from_below => number >= *bound,
                        (Some(Bound::Number(bound)), Some(number)) => number <= *bound,
                        (Some(Bound::Number(_)), None) => false,
                        (Some(Bound::Text(bound)), _) if from_below => text >= *bound,
                        (Some(Bound::Text(bound)), _) => text <= *bound,
                    };
                    if !is_in(min, true) || !is_in(max, false) {
                        bad.push(row);
                    }
                }
                Ok(bad)
            }
        }
    }
}

fn is_number(data_type: &DataType) -> bool {
    numbers_of(&*arrow_array::new_empty_array(data_type)).is_some()
}

/// The column's values as numbers, if it is one of numbers; those of NULLs mean nothing. By hand: arrow's `cast` knows all pairs of types,
/// and would make this plugin twice as large.
fn numbers_of(column: &dyn Array) -> Option<Vec<f64>> {
    macro_rules! as_numbers {
        ($($kind:ident => $type:ty),*) => {
            match column.data_type() {
                $(DataType::$kind => {
                    Some(column.as_primitive::<$type>().values().iter().map(|value| *value as f64).collect())
                })*
                DataType::Decimal128(_, scale) => {
                    let unit = 10_f64.powi(i32::from(*scale));
                    Some(column.as_primitive::<Decimal128Type>().values().iter().map(|value| *value as f64 / unit).collect())
                }
                _ => None,
            }
        };
    }
    as_numbers!(
        Int8 => Int8Type, Int16 => Int16Type, Int32 => Int32Type, Int64 => Int64Type,
        UInt8 => UInt8Type, UInt16 => UInt16Type, UInt32 => UInt32Type, UInt64 => UInt64Type,
        Float32 => Float32Type, Float64 => Float64Type
    )
}

/// A number of 128 bits that stands for a key: that two have the same is not to be expected of any number of rows.
fn hash(key: &[Option<String>]) -> u128 {
    let half = |seed: u8| {
        let mut hasher = DefaultHasher::new();
        (seed, key).hash(&mut hasher);
        u128::from(hasher.finish())
    };
    half(0) << 64 | half(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Float64Array, Int64Array, StringViewArray};
    use pypeline_sdk::serde_json::json;
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let numbers = Int64Array::from(vec![Some(1), None, Some(3), Some(1)]);
        let texts: StringViewArray = [Some("a"), Some("b"), None, Some("a")].into_iter().collect();
        let floats = Float64Array::from(vec![0.5, f64::NAN, -1.0, 2.0]);
        let columns: [(&str, Arc<dyn Array>); 3] =
            [("n", Arc::new(numbers)), ("t", Arc::new(texts)), ("f", Arc::new(floats))];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    /// Number and rows that break a rule, of the same four rows twice.
    fn broken(rule: Rule) -> (u64, Vec<String>) {
        let batch = batch();
        let mut check = Check::new(rule, &batch.schema(), 3).unwrap();
        check.look(&batch, 0).unwrap();
        check.look(&batch, 4).unwrap();
        (check.broken, check.shown.iter().map(|row| row[0].clone().unwrap()).collect())
    }

    #[test]
    fn rows_that_break_a_rule_are_counted_and_the_first_are_shown() {
        let of = |rule: Rule, count: u64, rows: &[&str]| {
            let said = rule.to_string();
            assert_eq!(broken(rule), (count, rows.iter().map(|&row| row.to_owned()).collect()), "{said}");
        };
        of(Rule::not_null("n"), 2, &["2", "6"]);
        of(Rule::unique(&["n"], 10), 5, &["4", "5", "6"]);
        of(Rule::unique(&["n", "f"], 10), 4, &["5", "6", "7"]);
        of(Rule::accepted("t", &[json!("a")], "key").unwrap(), 2, &["2", "6"]);
        of(Rule::accepted("n", &[json!(1), json!(2)], "key").unwrap(), 2, &["3", "7"]);
        of(Rule::range("f", Some(&json!(0)), Some(&json!(1)), "key").unwrap(), 6, &["2", "3", "4"]);
        of(Rule::range("t", Some(&json!("b")), None, "key").unwrap(), 4, &["1", "4", "5"]);
    }

    #[test]
    fn too_many_keys_are_told() {
        let mut check = Check::new(Rule::unique(&["n"], 1), &batch().schema(), 3).unwrap();
        assert!(check.look(&batch(), 0).unwrap_err().into_fault().message.contains("more than 1 different keys"));
    }

    #[test]
    fn a_text_is_not_compared_with_a_number() {
        let rule = Rule::range("t", Some(&json!(1)), None, "key").unwrap();
        assert!(Check::new(rule, &batch().schema(), 3).is_err());
    }
}
