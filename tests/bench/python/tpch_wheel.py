import sys, polars as pl

tables, query, out = sys.argv[1:]
names = ["lineitem", "orders", "part", "partsupp", "customer", "supplier", "nation", "region"]
context = pl.SQLContext({name: pl.scan_parquet(f"{tables}/{name}.parquet") for name in names})
context.execute(query).sink_parquet(f"{out}/answer.parquet")
