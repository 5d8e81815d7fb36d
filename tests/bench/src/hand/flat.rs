//! The filter, the report, and many small files.

use super::frames::{collect, csv, to_csv, to_parquet};
use crate::Result;
use polars::prelude::{
    DataType, Engine, JoinArgs, JoinType, LazyFrame, PlRefPath, ScanArgsParquet, SortMultipleOptions, col, len, lit,
};
use std::path::Path;

pub fn filter(rows: &Path, out: &Path) -> Result<()> {
    collect(to_parquet(csv(rows)?.filter(col("age").gt(lit(18))), &out.join("kept.parquet"))?)
}

pub fn report(rows: &Path, customers: &Path, out: &Path) -> Result<()> {
    let customers = LazyFrame::scan_parquet(PlRefPath::try_from_path(customers)?, ScanArgsParquet::default())?;
    let derived = csv(rows)?.with_columns([
        (col("id") % lit(100_000)).alias("customer"),
        col("date").str().slice(lit(0), lit(4)).cast(DataType::Int32).alias("year"),
        (col("amount") * lit(1.19)).alias("gross"),
    ]);
    let joined = derived.join(customers, [col("customer")], [col("customer")], JoinArgs::new(JoinType::Inner));
    let large = joined.clone().filter(col("gross").gt(lit(107_100)));
    let totals = joined
        .group_by([col("country"), col("segment"), col("year")])
        .agg([
            len().alias("orders"),
            col("gross").sum().alias("revenue"),
            col("score").mean(),
            col("amount").max().alias("highest"),
        ])
        .sort(["revenue"], SortMultipleOptions::default().with_order_descending(true));
    let sinks = [to_parquet(large, &out.join("large.parquet"))?, to_csv(totals, &out.join("totals.csv"))?];
    let optimizations = sinks.first().map(LazyFrame::get_current_optimizations).unwrap_or_default();
    let plans = sinks.into_iter().map(|sink| sink.logical_plan).collect();
    LazyFrame::collect_all_with_engine(plans, Engine::Streaming, optimizations)?;
    Ok(())
}

pub fn files(folder: &Path, out: &Path) -> Result<()> {
    collect(to_parquet(csv(&folder.join("*.csv"))?, &out.join("rows.parquet"))?)
}
