import sys, duckdb

rows, out = (path.replace("'", "''") for path in sys.argv[1:])
duckdb.execute(f"""
    COPY (SELECT * FROM read_csv('{rows}') WHERE age > 18) TO '{out}/kept.parquet' (FORMAT parquet, COMPRESSION zstd)
""")
