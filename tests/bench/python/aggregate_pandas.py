import sys, pandas as pd

rows, _, _, out = sys.argv[1:]
table = pd.read_csv(rows, engine="pyarrow", dtype_backend="pyarrow")
groups = table.groupby("comment", sort=False, as_index=False)
groups = groups.agg(orders=("id", "size"), total=("amount", "sum"), first_id=("id", "min"))
groups.to_parquet(f"{out}/groups.parquet", compression="zstd", index=False)
