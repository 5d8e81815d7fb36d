//! Whatever is done in parts gives the rows that it gives in one: values, NULLs, types, and order where there is one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use arrow_array::{Array, Float64Array, Int64Array, RecordBatch, StringViewArray};
use arrow_schema::{DataType, Field, Schema};
use pypeline_engine::artifacts::{Artifact, ArtifactStore, Held, Policy};
use pypeline_engine::executor::{Executor, LinkSource, LinkTarget, Memory, Stage, StageLink, StageNode, Work};
use pypeline_polars::PolarsExecutor;
use pypeline_schema::lowering::Operation;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// A generator of numbers that anybody can repeat (Knuth's MMIX).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }
}

/// Rows with keys (NULLs among them), texts, and numbers with NaN and both zeros.
fn table(n_rows: usize, n_keys: u64, seed: u64) -> Arc<Artifact> {
    let mut numbers = Numbers(seed);
    let schema = Arc::new(Schema::new(vec![
        Field::new("id", DataType::Int64, true),
        Field::new("k", DataType::Int64, true),
        Field::new("t", DataType::Utf8View, true),
        Field::new("x", DataType::Float64, true),
    ]));
    let mut batches = Vec::new();
    for from in (0..n_rows).step_by(1000) {
        let n = 1000.min(n_rows - from);
        let mut or_null = |value: i64| (!numbers.next().is_multiple_of(17)).then_some(value);
        let ids: Int64Array = (from..from + n).map(|id| Some(id as i64)).collect();
        let keys: Int64Array = (0..n).map(|at| or_null(at as i64)).collect();
        let keys: Int64Array = keys.iter().map(|key| key.map(|_| (numbers.next() % n_keys) as i64)).collect();
        let texts: StringViewArray = (0..n)
            .map(|_| match numbers.next() % 11 {
                0 => None,
                1 => Some(String::new()),
                other => Some(format!(
                    "a text that is longer than the twelve bytes of a view {}",
                    numbers.next() % (other * 50)
                )),
            })
            .collect();
        let floats: Float64Array = (0..n)
            .map(|_| match numbers.next() % 13 {
                0 => None,
                1 => Some(f64::NAN),
                2 => Some(-0.0),
                3 => Some(0.0),
                other => Some(other as f64 * 0.25 - (numbers.next() % 100) as f64),
            })
            .collect();
        let columns: Vec<Arc<dyn Array>> = vec![Arc::new(ids), Arc::new(keys), Arc::new(texts), Arc::new(floats)];
        batches.push(RecordBatch::try_new(Arc::clone(&schema), columns).unwrap());
    }
    Arc::new(Artifact::Memory { schema, batches, held: Held::default() })
}

/// The rows of one SELECT, as lines; and what the links have counted.
fn run(sql: &str, inputs: &[(&str, Arc<Artifact>)], soft: Option<u64>) -> (Schema, Vec<String>, Vec<u64>) {
    let store = Arc::new(ArtifactStore::new(Policy::memory(), &std::env::temp_dir()));
    let writer = Arc::new(store.writer());
    let link =
        |name: &str, from: LinkSource, to: LinkTarget| StageLink { name: name.into(), from, to, rows: Arc::default() };
    let mut links: Vec<StageLink> = inputs
        .iter()
        .map(|(port, table)| link(port, LinkSource::Table(Arc::clone(table)), LinkTarget::Port(0, (*port).to_owned())))
        .collect();
    links.push(link("out", LinkSource::Port(0, "output".into()), LinkTarget::Table(Arc::clone(&writer))));
    let work = Work::Select([("output".to_owned(), Operation::Select(sql.to_owned()))].into());
    let memory = soft.map(|soft| Memory { soft, hard: u64::MAX, store: Arc::clone(&store), outgrown: Arc::default() });
    let nodes = vec![StageNode { id: "node".into(), work }];
    let stage = Stage { nodes, links, cancelled: Arc::default(), memory };
    PolarsExecutor.run(&stage).unwrap_or_else(|fault| panic!("{sql}: {:?}", fault.fault));
    let counts = stage.links.iter().map(|link| link.rows.load(Ordering::Relaxed)).collect();
    drop(stage);
    let artifact = writer.finish().unwrap();
    let schema = (**artifact.schema()).clone();
    let mut rows = Vec::new();
    for batch in artifact.to_stream().unwrap() {
        let batch = batch.unwrap();
        let options = arrow_cast::display::FormatOptions::default().with_null("NULL");
        let columns: Vec<_> = batch
            .columns()
            .iter()
            .map(|column| arrow_cast::display::ArrayFormatter::try_new(column, &options).unwrap())
            .collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join("|"));
        }
    }
    if let Ok(folder) = store.folder() {
        let left = std::fs::read_dir(folder).unwrap().count();
        assert!(left <= 1, "{sql}: {left} files are left");
    }
    (schema, rows, counts)
}

/// Both ways; `ordered` where the order is promised.
fn same(sql: &str, inputs: &[(&str, Arc<Artifact>)], ordered: bool) {
    let (schema, mut whole, counted) = run(sql, inputs, None);
    for soft in [200_000, 3_000_000] {
        let (schema_in_parts, mut parts, counted_in_parts) = run(sql, inputs, Some(soft));
        assert_eq!(schema, schema_in_parts, "{sql}");
        assert_eq!(counted, counted_in_parts, "{sql}");
        if !ordered {
            whole.sort();
            parts.sort();
        }
        assert_eq!(whole.len(), parts.len(), "{sql}");
        let differing = whole.iter().zip(&parts).find(|(whole, part)| whole != part);
        assert_eq!(differing, None, "{sql}");
    }
}

#[test]
fn sorts() {
    let t = [("input", table(30_000, 500, 7))];
    // All columns are keys, so that there is one order only.
    for by in [
        "k, t, x, id",
        "t DESC, x, id",
        "x DESC NULLS LAST, id",
        "k NULLS FIRST, id DESC",
        "x NULLS LAST, t NULLS FIRST, id",
    ] {
        same(&format!("SELECT * FROM input ORDER BY {by}"), &t, true);
    }
    same("SELECT id FROM input ORDER BY upper(t), abs(x), id", &t, true);
    same("SELECT * FROM input WHERE id < 0 ORDER BY k", &t, true);
}

#[test]
fn groups() {
    for n_keys in [3, 20_000] {
        let t = [("input", table(30_000, n_keys, 11))];
        // Without signs, as either of the two zeros may stand for both.
        same("SELECT k, count(*) AS n, sum(id) AS s, min(t) AS a, max(abs(x)) AS b FROM input GROUP BY k", &t, false);
        same("SELECT k, t, count(DISTINCT id) AS n FROM input GROUP BY k, t", &t, false);
        same("SELECT abs(x) AS a, count(*) AS n FROM input GROUP BY abs(x)", &t, false);
        same("SELECT upper(t) AS u, k % 7 AS m, count(*) AS n FROM input GROUP BY upper(t), k % 7", &t, false);
        same("SELECT k, median(abs(x)) AS m FROM input GROUP BY k HAVING count(*) > 1", &t, false);
    }
}

#[test]
fn joins() {
    let t = [("a", table(20_000, 4_000, 3)), ("b", table(9_000, 4_000, 5))];
    for kind in ["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"] {
        same(&format!("SELECT a.id AS i, b.id AS j, a.k AS k, b.t AS t FROM a {kind} b ON a.k = b.k"), &t, false);
        same(&format!("SELECT a.id AS i, b.id AS j FROM a {kind} b ON a.k = b.k AND a.t = b.t"), &t, false);
    }
    same("SELECT a.id FROM a SEMI JOIN b ON a.k = b.k", &t, false);
    same("SELECT a.id FROM a ANTI JOIN b ON a.k = b.k", &t, false);
    same("SELECT a.id AS i, b.id AS j FROM a JOIN b ON a.k + 1 = b.k * 2", &t, false);
    same("SELECT a.k AS k, count(*) AS n FROM a JOIN b ON a.k = b.k GROUP BY a.k ORDER BY n DESC, k", &t, true);
}

#[test]
fn distinct_rows_and_windows() {
    let t = [("input", table(30_000, 2_000, 13))];
    same("SELECT DISTINCT k, t FROM input", &t, false);
    same("SELECT DISTINCT ON (k) k, id FROM input ORDER BY k, id", &t, true);
    same("SELECT id, row_number() OVER (PARTITION BY k ORDER BY id) AS n FROM input", &t, true);
    same("SELECT *, sum(id) OVER (PARTITION BY k) AS s, x * 2 AS y FROM input", &t, true);
    same("SELECT * FROM input QUALIFY row_number() OVER (PARTITION BY k ORDER BY id DESC) = 1", &t, true);
    same("SELECT id, lag(id) OVER (PARTITION BY t ORDER BY id) AS l FROM input", &t, true);
}

#[test]
fn one_plan_with_several_of_them() {
    let t = [("a", table(20_000, 3_000, 17)), ("b", table(20_000, 3_000, 19))];
    let sql = "WITH j AS (SELECT a.k AS k, a.x AS x, b.t AS t FROM a JOIN b ON a.id = b.id),
        g AS (SELECT k, t, count(*) AS n FROM j GROUP BY k, t)
        SELECT g1.k AS k, g1.n AS n, g2.n AS m, g1.t AS t FROM g g1 JOIN g g2 ON g1.k = g2.k AND g1.t = g2.t
        ORDER BY n DESC, m, t, k";
    same(sql, &t, true);
    same("SELECT k, n FROM (SELECT k, count(*) AS n FROM a GROUP BY k) ORDER BY n, k LIMIT 10", &t[..1], true);
}
