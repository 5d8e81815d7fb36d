//! Sort, an aggregate of many groups and a join, with a quarter of the data's size in memory where a contender has such a limit:
//! `pype` and DuckDB have one, the others take what they need.

use super::plan::{Plan, Wanted};
use super::setting::Setting;
use crate::Result;
use crate::contenders::Kind;
use crate::data::{notes, rows};
use crate::hand::Program;
use crate::outputs::Key;
use crate::race::Race;

/// What each of the three is.
struct Part {
    name: &'static str,
    about: &'static str,
    flow: &'static str,
    hand: Program,
    scripts: [(Kind, &'static str); 3],
    output: Wanted,
    /// It reads the second table too.
    joins: bool,
    /// It writes as many rows as it reads.
    keeps_rows: bool,
}

const BY_AMOUNT: &[Key] = &[Key { column: "amount", descending: false }, Key { column: "id", descending: false }];

const PARTS: [Part; 3] = [
    Part {
        name: "sort",
        about: "csv -> sort by two columns -> parquet",
        flow: include_str!("../../flows/sort.yaml"),
        hand: Program::Sort,
        scripts: [
            (Kind::Wheel, include_str!("../../python/sort_wheel.py")),
            (Kind::Duckdb, include_str!("../../python/sort_duckdb.py")),
            (Kind::Pandas, include_str!("../../python/sort_pandas.py")),
        ],
        output: Wanted { file: "sorted.parquet", order: BY_AMOUNT, whole: false },
        joins: false,
        keeps_rows: true,
    },
    Part {
        name: "aggregate",
        about: "csv -> nearly as many groups as rows -> parquet",
        flow: include_str!("../../flows/aggregate.yaml"),
        hand: Program::Aggregate,
        scripts: [
            (Kind::Wheel, include_str!("../../python/aggregate_wheel.py")),
            (Kind::Duckdb, include_str!("../../python/aggregate_duckdb.py")),
            (Kind::Pandas, include_str!("../../python/aggregate_pandas.py")),
        ],
        output: Wanted { file: "groups.parquet", order: &[], whole: false },
        joins: false,
        keeps_rows: false,
    },
    Part {
        name: "join",
        about: "csv, and a second csv with a note for each row in another order -> join -> parquet",
        flow: include_str!("../../flows/join.yaml"),
        hand: Program::Join,
        scripts: [
            (Kind::Wheel, include_str!("../../python/join_wheel.py")),
            (Kind::Duckdb, include_str!("../../python/join_duckdb.py")),
            (Kind::Pandas, include_str!("../../python/join_pandas.py")),
        ],
        output: Wanted { file: "joined.parquet", order: &[], whole: false },
        joins: true,
        keeps_rows: true,
    },
];

/// The least that `pype` takes, in MB; only where inputs are tiny it is more than a quarter of them.
const LEAST_FOR_PYPE: u64 = 68;
/// The least with which DuckDB begins to read a CSV file, in MB.
const LEAST_FOR_DUCKDB: u64 = 256;

/// The three.
pub fn races(setting: &Setting) -> Result<Vec<Race>> {
    let input = rows::prepare(&setting.work, setting.sizes.gb)?;
    let notes = notes::prepare(&setting.work, input.rows)?;
    setting.link("rows.csv", &input.path)?;
    setting.link("notes.csv", &notes)?;
    let mut races = Vec::new();
    for part in PARTS {
        let bytes = input.bytes + if part.joins { std::fs::metadata(&notes)?.len() } else { 0 };
        let memory = setting.sizes.memory.unwrap_or(bytes.div_ceil(4_000_000));
        let megabytes = |least: u64| format!("{}MB", memory.max(least));
        let plan = Plan {
            name: part.name,
            about: format!("{}, with {memory} MB of memory where that can be said: {}", part.about, input.described()),
            reference: Kind::Hand,
            rows: part.keeps_rows.then_some(input.rows),
            flow: part.flow.to_owned(),
            environment: vec![("MEMORY_LIMIT", megabytes(LEAST_FOR_PYPE))],
            hand: part.hand,
            scripts: part.scripts.into(),
            words: vec![input.path.clone().into(), notes.clone().into(), megabytes(LEAST_FOR_DUCKDB).into()],
            other_words: Vec::new(),
            outputs: vec![part.output],
        };
        races.push(plan.race(setting));
    }
    Ok(races)
}
