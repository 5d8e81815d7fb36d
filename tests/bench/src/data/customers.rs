//! A small table to join: 95,000 customers of the 100,000 that orders name, in Parquet.

use crate::Result;
use crate::data::random::SplitMix64;
use polars::prelude::{Column, DataFrame, ParquetWriter};
use std::fs::File;
use std::path::{Path, PathBuf};

/// Numbers of customers that orders may have.
const NUMBERS: i64 = 100_000;
/// One of so many is nobody's.
const MISSING: i64 = 20;
const SEGMENTS: [&str; 5] = ["automobile", "building", "furniture", "household", "machinery"];
const COUNTRIES: [&str; 20] = [
    "Austria", "Belgium", "Brazil", "Canada", "Chile", "China", "Denmark", "Egypt", "Finland", "France", "Germany",
    "India", "Italy", "Japan", "Kenya", "Mexico", "Norway", "Peru", "Spain", "Sweden",
];

/// The file, made where it is not there. A file that is there is whole: it took its name at its end.
pub fn prepare(work: &Path) -> Result<PathBuf> {
    let path = work.join("customers.parquet");
    if !path.is_file() {
        let part = work.join("customers.parquet.part");
        ParquetWriter::new(File::create(&part)?).finish(&mut table()?)?;
        std::fs::rename(&part, &path)?;
    }
    Ok(path)
}

fn table() -> Result<DataFrame> {
    let mut random = SplitMix64(3);
    let numbers: Vec<i64> = (0..NUMBERS).filter(|number| number % MISSING != 0).collect();
    let mut one_of = |pool: &[&'static str]| -> Vec<&'static str> {
        let mut draw = || random.below(pool.len() as u64) as usize;
        numbers.iter().map(|_| pool.get(draw()).copied().unwrap_or_default()).collect()
    };
    let (segments, countries) = (one_of(&SEGMENTS), one_of(&COUNTRIES));
    let companies: Vec<String> = numbers.iter().map(|number| format!("Company {number:05}")).collect();
    let rows = numbers.len();
    let columns = vec![
        Column::new("customer".into(), numbers),
        Column::new("company".into(), companies),
        Column::new("segment".into(), segments),
        Column::new("country".into(), countries),
    ];
    Ok(DataFrame::new(rows, columns)?)
}
