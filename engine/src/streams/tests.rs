//! A stream between two threads: order, ends of all kinds, and that the faster side waits.

use super::*;
use arrow_array::Int64Array;
use arrow_schema::{DataType, Field, Schema};
use std::sync::atomic::AtomicUsize;

fn schema() -> SchemaRef {
    Arc::new(Schema::new(vec![Field::new("n", DataType::Int64, false)]))
}

fn batch(n: i64) -> RecordBatch {
    RecordBatch::try_new(schema(), vec![Arc::new(Int64Array::from(vec![n]))]).unwrap()
}

fn number(batch: &RecordBatch) -> i64 {
    batch.column(0).as_any().downcast_ref::<Int64Array>().unwrap().value(0)
}

fn open() -> Arc<Stream> {
    let stream = Arc::new(Stream::default());
    stream.open(schema()).unwrap();
    stream
}

#[test]
fn all_rows_come_in_order_and_then_the_end() {
    let stream = open();
    let writer = Arc::clone(&stream);
    let written = std::thread::spawn(move || {
        (0..1_000).for_each(|n| writer.send_blocking(batch(n)).unwrap());
        writer.finish().unwrap();
    });
    let read: Vec<i64> = stream.reader(|| ()).unwrap().map(|batch| number(&batch.unwrap())).collect();
    written.join().unwrap();
    assert_eq!(read, (0..1_000).collect::<Vec<_>>());
    assert!(stream.receive_blocking().unwrap().is_none(), "the end stays the end");
}

#[test]
fn a_writer_without_a_reader_gets_as_far_as_there_is_room() {
    let stream = open();
    let (writer, sent) = (Arc::clone(&stream), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&sent);
    let written = std::thread::spawn(move || {
        for n in 0..100 {
            writer.send_blocking(batch(n)).unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        }
    });
    // Each batch that is taken makes room for one, and no more than that.
    for taken in 1..=50_usize {
        stream.receive_blocking().unwrap().unwrap();
        assert!(sent.load(Ordering::SeqCst) <= taken + BATCHES);
    }
    stream.leave();
    written.join().unwrap();
    assert_eq!(sent.load(Ordering::SeqCst), 100, "what nobody reads is let go");
}

#[test]
fn what_is_broken_off_is_an_error_on_both_sides() {
    let stream = open();
    stream.send_blocking(batch(1)).unwrap();
    stream.break_off();
    assert_eq!(stream.receive_blocking().unwrap_err().kind, FaultKind::Cancelled, "one row is not all of them");
    assert_eq!(stream.send_blocking(batch(2)).unwrap_err().kind, FaultKind::Cancelled);
    assert!(stream.finish().is_ok(), "whoever broke it says why");
}

#[test]
fn a_writer_that_waits_for_room_hears_that_its_reader_has_failed() {
    let stream = open();
    let writer = Arc::clone(&stream);
    let written = std::thread::spawn(move || (0..).find_map(|n| writer.send_blocking(batch(n)).err()));
    stream.receive_blocking().unwrap().unwrap();
    stream.break_off();
    assert_eq!(written.join().unwrap().unwrap().kind, FaultKind::Cancelled);
}

#[tokio::test]
async fn columns_are_waited_for_and_may_never_come() {
    let stream = Arc::new(Stream::default());
    assert!(stream.schema().is_none());
    let waiting = tokio::spawn({
        let stream = Arc::clone(&stream);
        async move { stream.opened().await }
    });
    stream.open(schema()).unwrap();
    assert_eq!(waiting.await.unwrap(), Some(schema()));
    let other = Arc::new(Schema::new(vec![Field::new("m", DataType::Int64, false)]));
    assert_eq!(stream.open(other).unwrap_err().kind, FaultKind::Contract);

    let never = Stream::default();
    assert_eq!(never.finish().unwrap_err().kind, FaultKind::Contract, "it was to declare them");
    assert!(never.opened().await.is_none());

    let failed = Stream::default();
    failed.break_off();
    assert!(failed.opened().await.is_none());
}

#[tokio::test]
async fn a_stream_of_no_rows_has_its_columns() {
    let stream = open();
    stream.finish().unwrap();
    assert_eq!(stream.opened().await, Some(schema()));
    assert!(stream.receive().await.unwrap().is_none());
}
