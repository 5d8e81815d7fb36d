//! `filter_mod`: keeps the rows for which a condition holds, and hands on the others.

use pypeline_sdk::lowering::selects;
use pypeline_sdk::prelude::*;

/// Which rows to keep.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FilterConfig {
    /// SQL condition over the input's columns, e.g. `age > 18 AND city IS NOT NULL`
    #[schemars(extend("format" = "sql-expression"))]
    condition: String,
}

pub struct Filter;

impl Module for Filter {
    type Config = FilterConfig;
    const MANIFEST: Manifest = Manifest::transform("filter_mod")
        .category("Rows")
        .description("Keeps the rows for which a condition holds; port `reject` has the others")
        .outputs(&["output", "reject"])
        .globals(&["row_count", "reject_count"])
        .parts_rows()
        .lowers();

    // A line break ends a comment in the condition. `coalesce` and not `IS NOT TRUE`: a condition that is NULL rejects its row, and Polars' SQL drops such rows from
    // `IS NOT TRUE`.
    fn lower(config: &FilterConfig, _: &Ports) -> Result<Lowering> {
        let condition = config.condition.trim();
        if condition.is_empty() {
            return Err(Error::config("the condition is empty").with("key", "condition").help("e.g. `age > 18`"));
        }
        Ok(selects([
            ("output", format!("SELECT * FROM input WHERE ({condition}\n)")),
            ("reject", format!("SELECT * FROM input WHERE NOT coalesce(({condition}\n), FALSE)")),
        ]))
    }
}
