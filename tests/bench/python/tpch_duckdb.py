import sys, duckdb

tables, query, out = sys.argv[1:]
tables, out = tables.replace("'", "''"), out.replace("'", "''")
for name in ["lineitem", "orders", "part", "partsupp", "customer", "supplier", "nation", "region"]:
    duckdb.execute(f"CREATE VIEW {name} AS FROM '{tables}/{name}.parquet'")
duckdb.execute(f"COPY ({query}) TO '{out}/answer.parquet' (FORMAT parquet, COMPRESSION zstd)")
