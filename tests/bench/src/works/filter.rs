//! csv -> filter -> parquet; and the same with a module in the middle that gets every row in its own hands.

use super::plan::{Plan, Wanted, contender, pype};
use super::setting::Setting;
use crate::Result;
use crate::contenders::Kind;
use crate::data::rows;
use crate::hand::Program;
use crate::race::Race;

const KEPT: [Wanted; 1] = [Wanted { file: "kept.parquet", order: &[], whole: false }];

/// The filter.
pub fn races(setting: &Setting) -> Result<Vec<Race>> {
    let input = rows::prepare(&setting.work, setting.sizes.gb)?;
    setting.link("rows.csv", &input.path)?;
    let plan = Plan {
        name: "filter",
        about: format!("csv -> filter -> parquet: {}, {} of them kept", input.described(), input.kept),
        reference: Kind::Hand,
        rows: Some(input.kept),
        flow: include_str!("../../flows/filter.yaml").to_owned(),
        environment: Vec::new(),
        hand: Program::Filter,
        scripts: vec![
            (Kind::Wheel, include_str!("../../python/filter_wheel.py")),
            (Kind::Duckdb, include_str!("../../python/filter_duckdb.py")),
            (Kind::Pandas, include_str!("../../python/filter_pandas.py")),
        ],
        words: vec![input.path.into()],
        outputs: KEPT.into(),
    };
    Ok(vec![plan.race(setting)])
}

/// The filter by `pype` with the module and without, and by hand.
pub fn with_a_module(setting: &Setting) -> Result<Vec<Race>> {
    let mut races = races(setting)?;
    for race in &mut races {
        race.name = "module".to_owned();
        race.about = format!("csv -> filter -> a module that runs -> parquet, beside the filter alone: {}", race.about);
        race.contenders.retain(|contender| contender.kind.is_ours());
        if setting.kinds.contains(&Kind::Pype) {
            let job = pype(setting, "module", include_str!("../../flows/module.yaml"), &[]);
            let folder = setting.project().join("out/module");
            let with = contender(setting, "module", "pype with a module", Kind::Pype, job, folder, &KEPT);
            race.contenders.insert(0, with);
        }
    }
    Ok(races)
}
