//! SELECTs of all forms that can be followed, and some that cannot.

use super::*;

fn shown(sql: &str) -> Option<(Vec<String>, String)> {
    let inputs = [("input", vec!["a", "b", "c"]), ("right", vec!["a", "d"])].into();
    let traced = trace(sql, &inputs)?;
    let words = |sources: &Sources| {
        let words = sources.iter().map(|(port, column, how)| format!("{port}.{column}:{}", how.as_str()));
        words.collect::<Vec<_>>().join(" ")
    };
    let columns = traced.columns.iter().map(|(name, sources)| format!("{name}={}", words(sources)));
    Some((columns.collect(), words(&traced.rows)))
}

#[test]
fn columns_are_followed_to_the_inputs() {
    let cases = [
        (
            "SELECT * FROM input WHERE a > 1",
            "a=input.a:identity, b=input.b:identity, c=input.c:identity",
            "input.a:filter",
        ),
        (
            "SELECT b AS x, a + c AS y, 1 AS z FROM input",
            "x=input.b:identity, y=input.a:transformation input.c:transformation, z=",
            "",
        ),
        (
            "SELECT a, sum(b) AS s FROM input GROUP BY a HAVING sum(c) > 1",
            "a=input.a:identity, s=input.b:aggregation",
            "input.a:group input.c:filter",
        ),
        (
            "SELECT l.b, r.d FROM input AS l LEFT JOIN right AS r ON l.a = r.a",
            "b=input.b:identity, d=right.d:identity",
            "input.a:join right.a:join",
        ),
        (
            "SELECT * FROM input JOIN right USING (a)",
            "a=input.a:identity, b=input.b:identity, c=input.c:identity, d=right.d:identity",
            "input.a:join right.a:join",
        ),
        ("SELECT * EXCLUDE (a) RENAME (b AS q) FROM input", "q=input.b:identity, c=input.c:identity", ""),
        ("SELECT b FROM input SEMI JOIN right ON input.a = right.a", "b=input.b:identity", "input.a:join right.a:join"),
        (
            "WITH t AS (SELECT a, upper(b) AS u FROM input WHERE c > 0) SELECT u || 'x' AS v FROM t ORDER BY a LIMIT 3",
            "v=input.b:transformation",
            "input.a:order input.c:filter",
        ),
        ("SELECT a FROM input UNION ALL SELECT d FROM right", "a=input.a:identity right.d:identity", ""),
        ("SELECT DISTINCT a FROM input ORDER BY a", "a=input.a:identity", "input.a:group"),
        ("SELECT s + 1 AS t FROM (SELECT sum(a) AS s FROM input) q", "t=input.a:aggregation", ""),
    ];
    for (sql, columns, rows) in cases {
        let (found, found_rows) = shown(sql).unwrap_or_else(|| panic!("given up: {sql}"));
        assert_eq!((found.join(", ").as_str(), found_rows.as_str()), (columns, rows), "{sql}");
    }
}

#[test]
fn what_cannot_be_followed_is_given_up() {
    for sql in [
        "SELECT a FROM input WHERE b IN (SELECT d FROM right)",
        "SELECT * FROM input NATURAL JOIN right",
        "SELECT missing FROM input",
        "SELECT a FROM elsewhere",
        "DELETE FROM input",
        "SELECT",
    ] {
        assert!(shown(sql).is_none(), "{sql}");
    }
}
