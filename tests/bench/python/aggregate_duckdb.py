import sys, duckdb

rows, _, limit, out = (word.replace("'", "''") for word in sys.argv[1:])
duckdb.execute(f"""
    SET memory_limit = '{limit}';
    SET temp_directory = '{out}/temporary';
    SET preserve_insertion_order = false;
    COPY (
        SELECT comment, count(*) AS orders, sum(amount) AS total, min(id) AS first_id FROM read_csv('{rows}') GROUP BY comment
    ) TO '{out}/groups.parquet' (FORMAT parquet, COMPRESSION zstd);
""")
