//! A query of TPC-H in the same SQL that the flow has, over the same Parquet files.

use super::frames::{collect, to_parquet};
use crate::Result;
use crate::data::tables::TABLES;
use polars::prelude::{LazyFrame, PlRefPath, ScanArgsParquet};
use polars::sql::SQLContext;
use std::path::Path;

pub fn run(tables: &Path, query: &str, out: &Path) -> Result<()> {
    let mut context = SQLContext::new();
    for name in TABLES {
        let path = PlRefPath::try_from_path(&tables.join(format!("{name}.parquet")))?;
        context.register(name, LazyFrame::scan_parquet(path, ScanArgsParquet::default())?);
    }
    collect(to_parquet(context.execute(query)?, &out.join("answer.parquet"))?)
}
