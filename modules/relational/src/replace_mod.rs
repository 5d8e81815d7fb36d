//! `replace_mod`: other texts in the place of some.

use crate::columns::{self, ColumnName};
use crate::patterns::Pattern;
use pypeline_sdk::lowering::{Derived, Operator, With, operator};
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// What to replace, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplaceConfig {
    /// The text columns
    columns: Vec<ColumnName>,
    /// What to look for and what to put in its place, one after the other: each sees what those before it have left
    replacements: Vec<Replacement>,
}

/// One replacement.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Replacement {
    /// What to look for
    search: String,
    /// What to put in its place; null makes the whole value NULL. With `match: regex`, `$1` or `${name}` is what a group meets, and `$$` a `$`
    replace: Replacing,
    /// Where it is looked for: `contains` (all places in a value), `exact` (the whole value), or `regex` (all places that the regular expression
    /// `search` meets)
    #[serde(default, rename = "match")]
    matching: Match,
    /// Small and capital letters are alike
    #[serde(default)]
    ignore_case: bool,
}

/// What comes in the place of a text.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Replacing {
    /// Another text
    Text(String),
    /// NULL in the place of the whole value
    Null(()),
}

/// Where a text is looked for.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// All places in a value.
    #[default]
    Contains,
    /// The whole value.
    Exact,
    /// All places that a regular expression meets.
    Regex,
}

pub struct Replace;

impl Module for Replace {
    type Config = ReplaceConfig;
    const MANIFEST: Manifest = Manifest::transform("replace_mod")
        .category("Columns")
        .description("Replaces texts within the values of columns")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &ReplaceConfig, _: &Ports) -> Result<Lowering> {
        columns::some("columns", &config.columns)?;
        if config.replacements.is_empty() {
            let error = Error::config("there is nothing to replace").with("key", "replacements");
            return Err(error.help("e.g. `replacements: [{search: \",\", replace: \".\"}]`"));
        }
        let derived = |column: &ColumnName| {
            let replaced = config.replacements.iter().enumerate().try_fold(column.sql(), |value, (at, replacement)| {
                one(&value, replacement, &format!("replacements/{at}/search"))
            });
            Ok(Derived { name: column.as_str().to_owned(), expression: replaced? })
        };
        let columns = config.columns.iter().map(derived).collect::<Result<_>>()?;
        Ok(operator("output", Operator::With(With { columns, condition: None })))
    }
}

/// The value with one text replaced.
fn one(value: &str, replacement: &Replacement, key: &str) -> Result<String> {
    let Replacement { search, replace, matching, ignore_case } = replacement;
    if search.is_empty() && *matching != Match::Exact {
        let error = Error::config("there is nothing to look for").with("key", key);
        return Err(error.help("write a text, or `match: exact` for values that are empty"));
    }
    let pattern = match matching {
        Match::Regex => {
            Pattern::parse(search, key)?;
            search.clone()
        }
        Match::Contains | Match::Exact => escaped(search),
    };
    let pattern = if *ignore_case { format!("(?i){pattern}") } else { pattern };
    let pattern = sql::literal(&if *matching == Match::Exact { format!("^(?:{pattern})$") } else { pattern });
    let is_met = format!("regexp_like({value}, {pattern})");
    let replace = match replace {
        Replacing::Text(text) => Some(text),
        Replacing::Null(()) => None,
    };
    Ok(match (replace, matching, ignore_case) {
        (None, Match::Exact, false) => format!("nullif({value}, {})", sql::literal(search)),
        (None, ..) => format!("CASE WHEN {is_met} THEN NULL ELSE {value} END"),
        (Some(text), Match::Exact, false) => {
            format!("CASE WHEN {value} = {} THEN {} ELSE {value} END", sql::literal(search), sql::literal(text))
        }
        (Some(text), Match::Exact, true) => format!("CASE WHEN {is_met} THEN {} ELSE {value} END", sql::literal(text)),
        (Some(text), Match::Contains, false) => {
            format!("replace({value}, {}, {})", sql::literal(search), sql::literal(text))
        }
        (Some(text), Match::Contains, true) => {
            format!("regexp_replace({value}, {pattern}, {})", sql::literal(&text.replace('$', "$$")))
        }
        (Some(text), Match::Regex, _) => format!("regexp_replace({value}, {pattern}, {})", sql::literal(text)),
    })
}

/// The text as a pattern that it alone meets.
fn escaped(text: &str) -> String {
    text.chars().map(|sign| if sign.is_ascii_punctuation() { format!("\\{sign}") } else { sign.to_string() }).collect()
}
