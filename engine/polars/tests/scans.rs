//! Scans of whole Parquet files, whose links are counted by footers: they hear of a stop all the same, and tell how far they are.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use pypeline_engine::artifacts::{Artifact, ArtifactStore, Policy};
use pypeline_engine::executor::{Executor, LinkSource, LinkTarget, Stage, StageFault, StageLink, StageNode, Work};
use pypeline_polars::PolarsExecutor;
use pypeline_schema::fault::FaultKind;
use pypeline_schema::lowering::{Operation, Scan, ScanFormat};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const ROWS: i64 = 300_000;

/// A file of numbers from 0, which goes with the table.
fn file(store: &Arc<ArtifactStore>) -> (Artifact, String) {
    let schema = Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]));
    let writer = store.writer();
    writer.open(Arc::clone(&schema)).unwrap();
    let numbers = Arc::new(Int64Array::from_iter_values(0..ROWS));
    writer.write(RecordBatch::try_new(schema, vec![numbers]).unwrap()).unwrap();
    let table = writer.finish().unwrap();
    let path = table.uri();
    (table, path)
}

/// The rows on the scan's link, and on the one behind it.
fn run(select: &str, n_reads: usize, cancelled: bool) -> (Vec<u64>, Result<(), StageFault>) {
    let store = Arc::new(ArtifactStore::new(Policy::streaming(), &std::env::temp_dir()));
    let (_table, path) = file(&store);
    let scan = Scan {
        paths: vec![path],
        format: ScanFormat::Parquet,
        columns: None,
        limit: None,
        hive_partitioning: Some(false),
    };
    let link = |from, to| StageLink { name: String::new(), from, to, rows: Arc::default() };
    let mut nodes = vec![StageNode { id: "scan".to_owned(), work: Work::Scan(scan) }];
    let mut links = Vec::new();
    for at in 1..=n_reads {
        let work = Work::Select([("output".to_owned(), Operation::Select(select.to_owned()))].into());
        nodes.push(StageNode { id: format!("select {at}"), work });
        links.push(link(LinkSource::Port(0, "data".to_owned()), LinkTarget::Port(at, "input".to_owned())));
        links.push(link(LinkSource::Port(at, "output".to_owned()), LinkTarget::Table(Arc::new(store.writer()))));
    }
    let stage = Stage { nodes, links, cancelled: Arc::new(AtomicBool::new(cancelled)), memory: None };
    let ended = PolarsExecutor.run(&stage);
    (stage.links.iter().map(|link| link.rows.load(Ordering::Relaxed)).collect(), ended)
}

#[test]
fn a_stop_is_heard_before_everything_is_read() {
    for select in ["SELECT n FROM input", "SELECT max(n) AS n FROM input", "SELECT n FROM input ORDER BY n DESC"] {
        let (counted, ended) = run(select, 1, true);
        assert_eq!(ended.expect_err(select).fault.kind, FaultKind::Cancelled, "{select}");
        assert_eq!(counted[0], 0, "{select}");
    }
}

#[test]
fn a_link_says_what_has_passed_when_its_stage_fails() {
    let fails_late = format!("SELECT CAST(n + {} AS INT) AS n FROM input", i64::from(i32::MAX) - ROWS / 2);
    let (counted, ended) = run(&fails_late, 1, false);
    assert_eq!(ended.unwrap_err().fault.kind, FaultKind::Data);
    assert!((1..=ROWS as u64).contains(&counted[0]), "{counted:?}");
}

#[test]
fn all_rows_of_the_files_are_on_the_link_however_few_are_read() {
    let all = ROWS as u64;
    assert_eq!(run("SELECT n FROM input WHERE n >= 10", 1, false).0, [all, all - 10]);
    assert_eq!(run("SELECT count(*) AS n FROM input", 1, false).0, [all, 1]);
    assert_eq!(run("SELECT a.n FROM input a JOIN input b ON a.n = b.n + 1", 1, false).0, [all, all - 1]);
    assert_eq!(run("SELECT n FROM input WHERE n < 7", 2, false).0, [all, 7, all, 7]);
}
