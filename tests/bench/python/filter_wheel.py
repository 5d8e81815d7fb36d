import sys, polars as pl

rows, out = sys.argv[1:]
pl.scan_csv(rows).filter(pl.col("age") > 18).sink_parquet(f"{out}/kept.parquet")
