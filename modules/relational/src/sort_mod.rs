//! `sort_mod`: rows in order.

use crate::order::{self, Order};
use pypeline_sdk::lowering::select;
use pypeline_sdk::prelude::*;

/// What to order by.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SortConfig {
    /// Columns, the first one first: a name (ascending, NULL last), or `{column: name, descending: true, nulls: first, as: number}`, where
    /// `as: number` or `as: text` says how values are compared; NaN is larger than any number
    by: Vec<Order>,
    /// Only so many rows, the first ones in this order
    #[serde(default)]
    #[schemars(range(min = 1))]
    rows: Option<u64>,
}

pub struct Sort;

impl Module for Sort {
    type Config = SortConfig;
    const MANIFEST: Manifest = Manifest::transform("sort_mod")
        .category("Rows")
        .description("Puts rows in order")
        .globals(&["row_count"])
        .lowers();

    fn lower(config: &SortConfig, _: &Ports) -> Result<Lowering> {
        if config.by.is_empty() {
            let error = Error::config("there is nothing to order by").with("key", "by");
            return Err(error.help("name at least one column: `by: [name]`"));
        }
        let limit = config.rows.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
        Ok(select("output", format!("SELECT * FROM input ORDER BY {}{limit}", order::list("by", &config.by)?)))
    }
}
