//! `regex_extract_mod`: what the groups of a regular expression meet as columns.

use crate::columns::ColumnName;
use crate::named;
use crate::patterns::Pattern;
use crate::rejects::{Doubt, OnError, on_error, parted};
use pypeline_sdk::lowering::Derived;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// What to look for.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RegexExtractConfig {
    /// The text column; it stays, unless a group has its name. Where it is NULL all groups are NULL
    column: ColumnName,
    /// A regular expression with groups, e.g. `(?<year>\d{4})-(?<month>\d\d)`; it may meet any part of the text, unless `^` and `$` bind it
    pattern: String,
    /// Names of the columns that the groups become, in the order of their opening parentheses; without it the groups' own names
    #[serde(default)]
    into: Option<Vec<String>>,
    /// What to do with a text that the expression does not meet: `reject` (the row leaves by port `reject`, or fails the run where nobody reads
    /// that), `null` (all groups are NULL) or `fail`
    #[serde(default, deserialize_with = "on_error")]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
}

pub struct RegexExtract;

impl Module for RegexExtract {
    type Config = RegexExtractConfig;
    const MANIFEST: Manifest = Manifest::transform("regex_extract_mod")
        .category("Columns")
        .description(
            "Makes columns of the groups of a regular expression; port `reject` has the rows that it does not meet",
        )
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &RegexExtractConfig, ports: &Ports) -> Result<Lowering> {
        let pattern = Pattern::parse(&config.pattern, "pattern")?;
        let wrong = |what: String, key: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        let groups = pattern.groups();
        if groups.is_empty() {
            return wrong("the pattern has no group".to_owned(), "pattern", "put parentheses around what you look for");
        }
        let columns: Vec<(usize, String)> = match &config.into {
            Some(names) if names.len() != groups.len() => {
                let what = format!("`into` has {} names, and the pattern {} groups", names.len(), groups.len());
                return wrong(what, "into", "name each group; `(?:…)` is none");
            }
            Some(names) => (1..).zip(names.iter().cloned()).collect(),
            None => (1..).zip(groups).filter_map(|(number, name)| Some((number, name.clone()?))).collect(),
        };
        if columns.is_empty() {
            let help = "name the columns under `into`, or the groups in the pattern: `(?<year>…)`";
            return wrong("no group has a name".to_owned(), "into", help);
        }
        named::once("into", columns.iter().map(|(_, name)| name.as_str()))?;
        let (text, literal) = (config.column.sql(), sql::literal(&config.pattern));
        let derived = |(number, name): &(usize, String)| Derived {
            name: name.clone(),
            expression: format!("regexp_extract({text}, {literal}, {number})"),
        };
        let doubt = Doubt::of_value(
            config.column.as_str(),
            format!("({text} IS NOT NULL AND NOT regexp_like({text}, {literal}))"),
            "does not match the pattern",
        );
        Ok(parted(config.on_error, ports, columns.iter().map(derived).collect(), &[doubt]))
    }
}
