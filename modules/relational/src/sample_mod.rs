//! `sample_mod`: some of the rows.

use pypeline_sdk::lowering::{Operator, Sample, operator, select};
use pypeline_sdk::prelude::*;

/// Which rows: one of `rows` and `offset`, `share`, or `every`.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SampleConfig {
    /// The first so many rows
    #[serde(default)]
    rows: Option<u64>,
    /// Leave out so many rows before them; without `rows` all that follow
    #[serde(default)]
    offset: Option<u64>,
    /// About this share of the rows, above 0 and up to 1, e.g. `0.01`; the same rows of the same input each time
    #[serde(default)]
    share: Option<f64>,
    /// Every so many-th row, from the first
    #[serde(default)]
    every: Option<u64>,
    /// Another number gives other rows of `share`
    #[serde(default)]
    seed: Option<u64>,
}

pub struct SampleRows;

impl Module for SampleRows {
    type Config = SampleConfig;
    const MANIFEST: Manifest = Manifest::transform("sample_mod")
        .category("Rows")
        .description("Keeps some of the rows: the first, a share, or every n-th")
        .globals(&["row_count"])
        .parts_rows()
        .lowers();

    fn lower(config: &SampleConfig, _: &Ports) -> Result<Lowering> {
        let wrong = |what: &str, key: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        let is_head = config.rows.is_some() || config.offset.is_some();
        if config.seed.is_some() && config.share.is_none() {
            return wrong(
                "`seed` chooses among rows of a `share`, and there is none",
                "seed",
                "give `share`, or no `seed`",
            );
        }
        match (is_head, config.share, config.every) {
            (true, None, None) => {
                let rows = config.rows.map(|rows| format!(" LIMIT {rows}")).unwrap_or_default();
                let offset = config.offset.map(|offset| format!(" OFFSET {offset}")).unwrap_or_default();
                Ok(select("output", format!("SELECT * FROM input{rows}{offset}")))
            }
            (false, Some(share), None) => {
                let per_million = (share * 1_000_000.0).round();
                if !(1.0..=1_000_000.0).contains(&per_million) {
                    let help = "write a number from 0.000001 to 1";
                    return wrong(&format!("{share} is no share of the rows"), "share", help);
                }
                // It is in the range of the type, and a whole number.
                let per_million = per_million as u32;
                let seed = config.seed.unwrap_or_default();
                Ok(operator("output", Operator::Sample(Sample::Share { per_million, seed })))
            }
            (false, None, Some(0)) => wrong("every 0-th row is none", "every", "write 1 or more"),
            (false, None, Some(every)) => Ok(operator("output", Operator::Sample(Sample::Every(every)))),
            (false, None, None) => {
                wrong("it is not said which rows", "rows", "give `rows`, `offset`, `share` or `every`")
            }
            _ => wrong(
                "more than one way to choose rows is given",
                "rows",
                "give `rows` and `offset`, `share`, or `every`",
            ),
        }
    }
}
