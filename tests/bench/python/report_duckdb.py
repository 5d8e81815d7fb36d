import sys, duckdb

rows, customers, out = (path.replace("'", "''") for path in sys.argv[1:])
duckdb.execute(f"""
    CREATE TEMP TABLE joined AS
    SELECT *
    FROM (SELECT *, id % 100000 AS customer, year(date) AS year, amount * 1.19::DOUBLE AS gross FROM read_csv('{rows}'))
    JOIN '{customers}' USING (customer);
    COPY (SELECT * FROM joined WHERE gross > 107100) TO '{out}/large.parquet' (FORMAT parquet, COMPRESSION zstd);
    COPY (
        SELECT country, segment, year, count(*) AS orders, sum(gross) AS revenue, avg(score) AS score, max(amount) AS highest
        FROM joined GROUP BY ALL ORDER BY revenue DESC
    ) TO '{out}/totals.csv';
""")
