import sys, polars as pl

rows, _, _, out = sys.argv[1:]
pl.scan_csv(rows).sort("amount", "id").sink_parquet(f"{out}/sorted.parquet")
