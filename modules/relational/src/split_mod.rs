//! `split_mod`: the fields of a text with separators as columns.

use crate::columns::ColumnName;
use crate::named;
use crate::rejects::{Doubt, OnError, on_error, parted};
use pypeline_sdk::lowering::Derived;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// What to take apart.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SplitConfig {
    /// The text column; it stays, unless a field has its name. Where it is NULL all fields are NULL
    column: ColumnName,
    /// What stands between the fields
    separator: String,
    /// Names of the columns that the fields become, in their order
    into: Vec<String>,
    /// Take blanks off both ends of each field
    #[serde(default)]
    trim: bool,
    /// What to do with a text that has more or fewer fields: `reject` (the row leaves by port `reject`, or fails the run where nobody reads
    /// that), `null` (missing fields are NULL, and those too many are left out) or `fail`
    #[serde(default, deserialize_with = "on_error")]
    #[schemars(with = "Option<OnError>")]
    on_error: OnError,
}

pub struct Split;

impl Module for Split {
    type Config = SplitConfig;
    const MANIFEST: Manifest = Manifest::transform("split_mod")
        .category("Columns")
        .description(
            "Makes columns of the fields of a text; port `reject` has the rows with more or fewer fields, and says so",
        )
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &SplitConfig, ports: &Ports) -> Result<Lowering> {
        if config.separator.is_empty() {
            return Err(Error::config("the separator is empty").with("key", "separator").help("e.g. `;`"));
        }
        named::some("into", &config.into)?;
        let fields = format!("string_to_array({}, {})", config.column.sql(), sql::literal(&config.separator));
        let field = |(number, name): (usize, &String)| {
            let field = format!("array_get({fields}, {number})");
            let expression = if config.trim { format!("trim({field})") } else { field };
            Derived { name: name.clone(), expression }
        };
        let wanted = config.into.len();
        let doubt = Doubt::of_value(
            config.column.as_str(),
            format!("(array_length({fields}) <> {wanted})"),
            &format!("has not {wanted} fields"),
        );
        Ok(parted(config.on_error, ports, (1..).zip(&config.into).map(field).collect(), &[doubt]))
    }
}
