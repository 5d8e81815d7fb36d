import sys, pandas as pd

rows, _, _, out = sys.argv[1:]
table = pd.read_csv(rows, engine="pyarrow")
table.sort_values(["amount", "id"]).to_parquet(f"{out}/sorted.parquet", compression="zstd", index=False)
