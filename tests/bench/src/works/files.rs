//! Many small files of text into Parquet: each by itself in a loop by `pype`, and all as one scan by everybody.

use super::plan::{Plan, Wanted, contender, pype};
use super::setting::Setting;
use crate::Result;
use crate::contenders::Kind;
use crate::data::small;
use crate::hand::Program;
use crate::race::Race;

/// The loop, and the scan.
pub fn races(setting: &Setting) -> Result<Vec<Race>> {
    let files = setting.sizes.files;
    let folder = small::prepare(&setting.work, files)?;
    setting.link("small", &folder)?;
    let plan = Plan {
        name: "glob",
        about: format!("{files} csv files of {} rows, each by itself, and all as one scan", small::ROWS),
        reference: Kind::Hand,
        rows: Some(files * small::ROWS),
        flow: include_str!("../../flows/glob.yaml").to_owned(),
        environment: Vec::new(),
        hand: Program::Files,
        scripts: vec![
            (Kind::Wheel, include_str!("../../python/files_wheel.py")),
            (Kind::Duckdb, include_str!("../../python/files_duckdb.py")),
            (Kind::Pandas, include_str!("../../python/files_pandas.py")),
        ],
        words: vec![folder.into()],
        outputs: vec![Wanted { file: "rows.parquet", order: &[], whole: false }],
    };
    let mut race = plan.race(setting);
    race.name = "files".to_owned();
    if setting.kinds.contains(&Kind::Pype) {
        for contender in race.contenders.iter_mut().filter(|contender| contender.kind == Kind::Pype) {
            contender.name = "pype, one scan".to_owned();
        }
        let job = pype(setting, "files", include_str!("../../flows/files.yaml"), &[]);
        let outputs = [Wanted { file: "rows", order: &[], whole: false }];
        let folder = setting.project().join("out/files");
        let each = contender(setting, "files", "pype, each file", Kind::Pype, job, folder, &outputs);
        race.contenders.insert(0, each);
    }
    Ok(vec![race])
}
