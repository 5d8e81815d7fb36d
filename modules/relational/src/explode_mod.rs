//! `explode_mod`: one row for each item of a list, or of a text with separators.

use crate::columns::ColumnName;
use pypeline_sdk::lowering::{Derived, Operator, With, operator};
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// What to take apart.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplodeConfig {
    /// The column: a list, or with `separator` a text. In each row one item takes its place; all other columns are repeated
    column: ColumnName,
    /// What stands between the items of a text
    #[serde(default)]
    separator: Option<String>,
    /// Take blanks off both ends of each item of a text
    #[serde(default)]
    trim: bool,
    /// Rows whose list is empty or NULL, or whose text is NULL, stay, as one row with NULL; else they are left out. An empty text is one empty
    /// item, and is left out with them
    #[serde(default = "yes")]
    keep_empty: bool,
}

fn yes() -> bool {
    true
}

pub struct Explode;

impl Module for Explode {
    type Config = ExplodeConfig;
    const MANIFEST: Manifest = Manifest::transform("explode_mod")
        .category("Rows")
        .description("Makes a row of each item of a list, or of a text with separators")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &ExplodeConfig, _: &Ports) -> Result<Lowering> {
        let column = config.column.sql();
        let wrong = |what: &str, key: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        let (items, is_full) = match config.separator.as_deref() {
            Some("") => return wrong("the separator is empty", "separator", "e.g. `;`"),
            Some(separator) => {
                let items = format!("unnest(string_to_array({column}, {}))", sql::literal(separator));
                (items, format!("{column} <> ''"))
            }
            None if config.trim => {
                return wrong("only items of a text have blanks to take off", "trim", "give `separator`, or no `trim`");
            }
            None => (format!("unnest({column})"), format!("array_length({column}) > 0")),
        };
        let expression = if config.trim { format!("trim({items})") } else { items };
        let columns = vec![Derived { name: config.column.as_str().to_owned(), expression }];
        let condition = (!config.keep_empty).then_some(is_full);
        Ok(operator("output", Operator::With(With { columns, condition })))
    }
}
