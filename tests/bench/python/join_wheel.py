import sys, polars as pl

rows, notes, _, out = sys.argv[1:]
pl.scan_csv(rows).join(pl.scan_csv(notes), on="id").sink_parquet(f"{out}/joined.parquet")
