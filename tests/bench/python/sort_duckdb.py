import sys, duckdb

rows, _, limit, out = (word.replace("'", "''") for word in sys.argv[1:])
duckdb.execute(f"""
    SET memory_limit = '{limit}';
    SET temp_directory = '{out}/temporary';
    COPY (FROM read_csv('{rows}') ORDER BY amount, id) TO '{out}/sorted.parquet' (FORMAT parquet, COMPRESSION zstd);
""")
