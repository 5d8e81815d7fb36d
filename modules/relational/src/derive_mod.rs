//! `derive_mod`: new columns, or new values for those that are there, made of the others.

use crate::expression::Expression;
use crate::named::Named;
use pypeline_sdk::lowering::{Derived, Operator, With, operator};
use pypeline_sdk::prelude::*;

/// What to add.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeriveConfig {
    /// Names, and for each an SQL expression over the input's columns. A column that is there keeps its place and gets the new value;
    /// others follow all that are there, in the order of a list, or of the names in a mapping. Each expression sees the values of the input
    columns: Named<Expression>,
}

pub struct Derive;

impl Module for Derive {
    type Config = DeriveConfig;
    const MANIFEST: Manifest = Manifest::transform("derive_mod")
        .category("Columns")
        .description("Adds columns, or replaces values, by SQL expressions over the input's columns")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &DeriveConfig, _: &Ports) -> Result<Lowering> {
        let derived = |entry: crate::named::Entry<'_, Expression>| {
            Ok(Derived { name: entry.name.to_owned(), expression: entry.value.sql(&entry.key)?.to_owned() })
        };
        let columns = config.columns.entries("columns")?.into_iter().map(derived).collect::<Result<_>>()?;
        Ok(operator("output", Operator::With(With { columns, condition: None })))
    }
}
