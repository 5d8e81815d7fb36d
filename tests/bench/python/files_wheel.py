import sys, polars as pl

folder, out = sys.argv[1:]
pl.scan_csv(f"{folder}/*.csv").sink_parquet(f"{out}/rows.parquet")
