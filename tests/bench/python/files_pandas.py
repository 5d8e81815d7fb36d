import sys, glob, pandas as pd

folder, out = sys.argv[1:]
tables = (pd.read_csv(path) for path in sorted(glob.glob(f"{folder}/*.csv")))
pd.concat(tables, ignore_index=True).to_parquet(f"{out}/rows.parquet", compression="zstd", index=False)
