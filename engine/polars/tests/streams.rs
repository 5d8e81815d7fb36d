//! Rows that stream into a stage and out of it: all of them, once, in order, whatever the stage does with them; and every way to end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::disallowed_methods)]

use arrow_array::{Int64Array, RecordBatch};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use pypeline_engine::artifacts::{ArtifactStore, Policy};
use pypeline_engine::executor::{
    Executor, LinkSource, LinkTarget, Memory, Stage, StageFault, StageLink, StageNode, Work,
};
use pypeline_engine::streams::Stream;
use pypeline_polars::PolarsExecutor;
use pypeline_schema::fault::FaultKind;
use pypeline_schema::lowering::Operation;
use std::sync::Arc;
use std::sync::atomic::Ordering;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, true)]))
}

fn batch(from: i64, rows: i64) -> RecordBatch {
    RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from_iter_values(from..from + rows))]).unwrap()
}

/// A stage of one SELECT between two streams.
fn stage(select: &str, input: &Arc<Stream>, output: &Arc<Stream>) -> Stage {
    let store = Arc::new(ArtifactStore::new(Policy::memory(), &std::env::temp_dir()));
    let link = |from, to| StageLink { name: String::new(), from, to, rows: Arc::default() };
    let select = Work::Select([("output".to_owned(), Operation::Select(select.to_owned()))].into());
    Stage {
        nodes: vec![StageNode { id: "only".to_owned(), work: select }],
        links: vec![
            link(LinkSource::Stream(Arc::clone(input)), LinkTarget::Port(0, "input".to_owned())),
            link(LinkSource::Port(0, "output".to_owned()), LinkTarget::Stream(Arc::clone(output))),
        ],
        cancelled: Arc::default(),
        memory: Some(Memory { soft: 4 << 30, hard: 6 << 30, store, outgrown: Arc::default() }),
    }
}

/// What comes out, how the stage has ended, and the rows that it has counted on its output.
fn run(select: &str, batches: Vec<RecordBatch>) -> (Vec<i64>, Result<(), StageFault>, u64) {
    let (input, output) = (Arc::new(Stream::default()), Arc::new(Stream::default()));
    input.open(schema()).unwrap();
    let stage = stage(select, &input, &output);
    let (writer, reader) = (Arc::clone(&input), Arc::clone(&output));
    let written = std::thread::spawn(move || {
        batches.into_iter().for_each(|batch| writer.send_blocking(batch).unwrap());
        writer.finish().unwrap();
    });
    let read = std::thread::spawn(move || {
        let mut found = Vec::new();
        while let Ok(Some(batch)) = reader.receive_blocking() {
            let numbers = batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap();
            found.extend(numbers.values().iter().copied());
        }
        found
    });
    let ended = PolarsExecutor.run(&stage);
    match &ended {
        Ok(()) => {
            input.leave();
            output.finish().unwrap();
        }
        Err(_) => {
            input.break_off();
            output.break_off();
        }
    }
    let counted = stage.links[1].rows.load(Ordering::Relaxed);
    // A writer whose reader has failed hears of it.
    let is_written = written.join();
    assert!(is_written.is_ok() || ended.is_err());
    (read.join().unwrap(), ended, counted)
}

/// Batches of all sizes, none and one row among them.
fn batches(n: usize, largest: i64) -> (Vec<RecordBatch>, Vec<i64>) {
    let (mut all, mut from) = (Vec::new(), 0);
    for at in 0..n as i64 {
        let rows = (at * 7_919) % (largest + 1);
        all.push(batch(from, rows));
        from += rows;
    }
    (all, (0..from).collect())
}

#[test]
fn all_rows_come_through_in_order() {
    for (n, largest) in [(1, 5), (7, 1), (400, 3), (60, 100_000), (3_000, 40)] {
        let (batches, expected) = batches(n, largest);
        let (found, ended, counted) = run("SELECT n FROM input", batches);
        ended.unwrap();
        assert!(found == expected, "{n} batches of at most {largest} rows: {} of {}", found.len(), expected.len());
        assert_eq!(counted, expected.len() as u64);
    }
}

#[test]
fn more_batches_than_are_dealt_out_one_by_one_come_through() {
    let batches: Vec<RecordBatch> = (0..30_000).map(|n| batch(n, 1)).collect();
    let (found, ended, _) = run("SELECT n FROM input", batches);
    ended.unwrap();
    assert!(found == (0..30_000).collect::<Vec<_>>());
}

#[test]
fn a_stream_without_rows_gives_none() {
    for batches in [Vec::new(), vec![batch(0, 0)]] {
        let (found, ended, _) = run("SELECT n FROM input", batches);
        ended.unwrap();
        assert!(found.is_empty());
    }
}

#[test]
fn rows_are_worked_on_as_they_pass() {
    let (batches, all) = batches(60, 50_000);
    let (found, ended, _) = run("SELECT n * 2 AS n FROM input WHERE n % 3 = 0", batches);
    ended.unwrap();
    assert!(found == all.iter().filter(|n| *n % 3 == 0).map(|n| n * 2).collect::<Vec<_>>());
}

#[test]
fn a_stage_that_wants_only_the_first_rows_ends_early() {
    let (batches, _) = batches(300, 50_000);
    let (found, ended, _) = run("SELECT n FROM input LIMIT 10", batches);
    ended.unwrap();
    assert_eq!(found, (0..10).collect::<Vec<_>>());
}

#[test]
fn what_holds_its_rows_takes_them_in_first() {
    let (batches, all) = batches(40, 20_000);
    let (found, ended, _) = run("SELECT n FROM input ORDER BY n DESC", batches);
    ended.unwrap();
    assert!(found == all.into_iter().rev().collect::<Vec<_>>());
}

#[test]
fn rows_that_are_read_twice_come_whole_to_both_places() {
    let (batches, all) = batches(20, 1_000);
    let (mut found, ended, _) = run("SELECT n FROM input UNION ALL SELECT n FROM input", batches);
    ended.unwrap();
    found.sort_unstable();
    let twice: Vec<i64> = all.iter().flat_map(|n| [*n, *n]).collect();
    assert!(found == twice, "{} of {}", found.len(), twice.len());
}

#[test]
fn a_failure_over_the_rows_ends_the_stage() {
    let (mut batches, _) = batches(30, 1_000);
    batches.push(batch(i64::MAX - 1, 1));
    let (_, ended, _) = run("SELECT CAST(CAST(n AS INT) AS BIGINT) AS n FROM input", batches);
    let fault = ended.unwrap_err();
    assert_eq!(fault.fault.kind, FaultKind::Data, "{fault:?}");
}

#[test]
fn the_node_that_fails_over_what_has_streamed_in_is_named() {
    let select = |id: &str, text: &str| StageNode {
        id: id.to_owned(),
        work: Work::Select([("output".to_owned(), Operation::Select(text.to_owned()))].into()),
    };
    for (failing, expected) in [(0, "first"), (1, "second"), (2, "third")] {
        let (input, output) = (Arc::new(Stream::default()), Arc::new(Stream::default()));
        input.open(schema()).unwrap();
        let mut stage = stage("", &input, &output);
        let text = |at| if at == failing { "SELECT CAST(n AS INT) AS n FROM input" } else { "SELECT n FROM input" };
        stage.nodes = vec![select("first", text(0)), select("second", text(1)), select("third", text(2))];
        let last = stage.links.pop().unwrap();
        for at in 0..2 {
            let (from, to) = (LinkSource::Port(at, "output".to_owned()), LinkTarget::Port(at + 1, "input".to_owned()));
            stage.links.push(StageLink { name: String::new(), from, to, rows: Arc::default() });
        }
        stage.links.push(StageLink { from: LinkSource::Port(2, "output".to_owned()), ..last });
        let writer = Arc::clone(&input);
        let written = std::thread::spawn(move || {
            let (mut batches, _) = batches(40, 30_000);
            batches.push(batch(i64::MAX - 1, 1));
            batches.into_iter().for_each(|batch| writer.send_blocking(batch).unwrap());
            writer.finish().unwrap();
        });
        let reader = Arc::clone(&output);
        let read = std::thread::spawn(move || while let Ok(Some(_)) = reader.receive_blocking() {});
        let fault = PolarsExecutor.run(&stage).unwrap_err();
        assert_eq!(fault.node.as_deref(), Some(expected), "{fault:?}");
        output.break_off();
        input.leave();
        written.join().unwrap();
        read.join().unwrap();
    }
}

#[test]
fn a_writer_that_breaks_off_ends_the_stage() {
    let (input, output) = (Arc::new(Stream::default()), Arc::new(Stream::default()));
    input.open(schema()).unwrap();
    let stage = stage("SELECT n FROM input", &input, &output);
    let writer = Arc::clone(&input);
    let written = std::thread::spawn(move || {
        writer.send_blocking(batch(0, 10)).unwrap();
        writer.break_off();
    });
    let fault = PolarsExecutor.run(&stage).unwrap_err();
    assert_eq!(fault.fault.kind, FaultKind::Cancelled, "{fault:?}");
    written.join().unwrap();
}

/// Many stages behind one another, more than there are threads: none waits for one that cannot run.
#[test]
fn a_long_chain_of_stages_needs_no_thread_for_each() {
    let streams: Vec<Arc<Stream>> = (0..13).map(|_| Arc::new(Stream::default())).collect();
    streams[0].open(schema()).unwrap();
    let (batches, expected) = batches(50, 20_000);
    let first = Arc::clone(&streams[0]);
    let mut running = vec![std::thread::spawn(move || {
        batches.into_iter().for_each(|batch| first.send_blocking(batch).unwrap());
        first.finish().unwrap();
    })];
    for pair in streams.windows(2) {
        let (input, output) = (Arc::clone(&pair[0]), Arc::clone(&pair[1]));
        running.push(std::thread::spawn(move || {
            while input.schema().is_none() {
                std::thread::yield_now();
            }
            PolarsExecutor.run(&stage("SELECT n + 1 AS n FROM input", &input, &output)).unwrap();
            output.finish().unwrap();
        }));
    }
    let mut found = Vec::new();
    while let Some(batch) = streams[12].receive_blocking().unwrap() {
        found.extend(batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().values().iter().copied());
    }
    running.into_iter().for_each(|thread| thread.join().unwrap());
    assert!(found == expected.iter().map(|n| n + 12).collect::<Vec<_>>());
}
