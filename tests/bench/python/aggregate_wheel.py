import sys, polars as pl

rows, _, _, out = sys.argv[1:]
groups = pl.scan_csv(rows).group_by("comment")
groups = groups.agg(orders=pl.len(), total=pl.col("amount").sum(), first_id=pl.col("id").min())
groups.sink_parquet(f"{out}/groups.parquet")
