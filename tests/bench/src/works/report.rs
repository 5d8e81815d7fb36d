//! csv -> derive -> join -> aggregate -> sort -> two sinks.

use super::plan::{Plan, Wanted};
use super::setting::Setting;
use crate::Result;
use crate::contenders::Kind;
use crate::data::{customers, rows};
use crate::hand::Program;
use crate::outputs::Key;
use crate::race::Race;

/// The report.
pub fn races(setting: &Setting) -> Result<Vec<Race>> {
    let input = rows::prepare(&setting.work, setting.sizes.gb)?;
    let customers = customers::prepare(&setting.work)?;
    setting.link("rows.csv", &input.path)?;
    setting.link("customers.parquet", &customers)?;
    let plan = Plan {
        name: "report",
        about: format!("csv -> derive -> join -> aggregate -> sort -> two files: {}", input.described()),
        reference: Kind::Hand,
        rows: None,
        flow: include_str!("../../flows/report.yaml").to_owned(),
        environment: Vec::new(),
        hand: Program::Report,
        scripts: vec![
            (Kind::Wheel, include_str!("../../python/report_wheel.py")),
            (Kind::Duckdb, include_str!("../../python/report_duckdb.py")),
            (Kind::Pandas, include_str!("../../python/report_pandas.py")),
        ],
        words: vec![input.path.into(), customers.into()],
        outputs: vec![
            Wanted { file: "large.parquet", order: &[], whole: false },
            Wanted { file: "totals.csv", order: &[Key { column: "revenue", descending: true }], whole: true },
        ],
    };
    Ok(vec![plan.race(setting)])
}
