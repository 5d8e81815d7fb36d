import sys, duckdb

rows, notes, limit, out = (word.replace("'", "''") for word in sys.argv[1:])
duckdb.execute(f"""
    SET memory_limit = '{limit}';
    SET temp_directory = '{out}/temporary';
    SET preserve_insertion_order = false;
    COPY (FROM read_csv('{rows}') AS rows JOIN read_csv('{notes}') AS notes USING (id))
    TO '{out}/joined.parquet' (FORMAT parquet, COMPRESSION zstd);
""")
