import sys, polars as pl

rows, customers, out = sys.argv[1:]
joined = (
    pl.scan_csv(rows)
    .with_columns(
        customer=pl.col("id") % 100_000,
        year=pl.col("date").str.slice(0, 4).cast(pl.Int32),
        gross=pl.col("amount") * 1.19,
    )
    .join(pl.scan_parquet(customers), on="customer")
)
large = joined.filter(pl.col("gross") > 107_100)
totals = (
    joined.group_by("country", "segment", "year")
    .agg(
        orders=pl.len(),
        revenue=pl.col("gross").sum(),
        score=pl.col("score").mean(),
        highest=pl.col("amount").max(),
    )
    .sort("revenue", descending=True)
)
pl.collect_all(
    [large.sink_parquet(f"{out}/large.parquet", lazy=True), totals.sink_csv(f"{out}/totals.csv", lazy=True)],
    engine="streaming",
)
