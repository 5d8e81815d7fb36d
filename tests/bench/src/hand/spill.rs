//! Sort, aggregate and join of more rows than the memory of the limited contenders holds. Polars takes what it needs.

use super::frames::{collect, csv, to_parquet};
use crate::Result;
use polars::prelude::{JoinArgs, JoinType, SortMultipleOptions, col, len};
use std::path::Path;

pub fn sort(rows: &Path, out: &Path) -> Result<()> {
    let sorted = csv(rows)?.sort(["amount", "id"], SortMultipleOptions::default());
    collect(to_parquet(sorted, &out.join("sorted.parquet"))?)
}

pub fn aggregate(rows: &Path, out: &Path) -> Result<()> {
    let groups = csv(rows)?.group_by([col("comment")]).agg([
        len().alias("orders"),
        col("amount").sum().alias("total"),
        col("id").min().alias("first_id"),
    ]);
    collect(to_parquet(groups, &out.join("groups.parquet"))?)
}

pub fn join(rows: &Path, notes: &Path, out: &Path) -> Result<()> {
    let joined = csv(rows)?.join(csv(notes)?, [col("id")], [col("id")], JoinArgs::new(JoinType::Inner));
    collect(to_parquet(joined, &out.join("joined.parquet"))?)
}
