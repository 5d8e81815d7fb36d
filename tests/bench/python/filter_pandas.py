import sys, pandas as pd

rows, out = sys.argv[1:]
table = pd.read_csv(rows, engine="pyarrow", dtype_backend="pyarrow")
table[table["age"] > 18].to_parquet(f"{out}/kept.parquet", compression="zstd", index=False)
