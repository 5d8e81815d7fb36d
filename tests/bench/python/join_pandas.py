import sys, pandas as pd

rows, notes, _, out = sys.argv[1:]
table = pd.read_csv(rows, engine="pyarrow").merge(pd.read_csv(notes, engine="pyarrow"), on="id")
table.to_parquet(f"{out}/joined.parquet", compression="zstd", index=False)
