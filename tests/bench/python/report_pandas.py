import sys, pandas as pd

rows, customers, out = sys.argv[1:]
table = pd.read_csv(rows, engine="pyarrow")
table["customer"] = table["id"] % 100_000
table["year"] = pd.to_datetime(table["date"]).dt.year
table["gross"] = table["amount"] * 1.19
joined = table.merge(pd.read_parquet(customers), on="customer")
joined[joined["gross"] > 107_100].to_parquet(f"{out}/large.parquet", compression="zstd", index=False)
totals = joined.groupby(["country", "segment", "year"], sort=False, as_index=False).agg(
    orders=("id", "size"), revenue=("gross", "sum"), score=("score", "mean"), highest=("amount", "max")
)
totals.sort_values("revenue", ascending=False).to_csv(f"{out}/totals.csv", index=False)
