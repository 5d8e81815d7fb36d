import sys, duckdb

folder, out = (path.replace("'", "''") for path in sys.argv[1:])
duckdb.execute(f"COPY (FROM read_csv('{folder}/*.csv')) TO '{out}/rows.parquet' (FORMAT parquet, COMPRESSION zstd)")
