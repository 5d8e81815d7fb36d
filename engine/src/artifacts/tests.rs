//! Tables come out as they went in, wherever they were meanwhile.

use super::*;
use arrow_array::{Int64Array, StringViewArray};
use arrow_schema::{DataType, Field};

fn batch(from: i64) -> RecordBatch {
    let schema =
        Schema::new(vec![Field::new("id", DataType::Int64, false), Field::new("name", DataType::Utf8View, true)]);
    let ids = Int64Array::from_iter_values(from..from + 10);
    let names: StringViewArray = (from..from + 10).map(|id| (id % 3 != 0).then(|| format!("näme {id}"))).collect();
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(ids), Arc::new(names)]).unwrap()
}

fn filled(policy: Policy) -> (Arc<ArtifactStore>, Artifact) {
    let store = Arc::new(ArtifactStore::new(policy, &std::env::temp_dir()));
    let batches = [batch(0), batch(10), batch(20)];
    let mut stream = RecordBatchIterator::new(batches.into_iter().map(Ok), batch(0).schema());
    let artifact = store.register(&mut stream).unwrap();
    (store, artifact)
}

fn rows(artifact: &Artifact) -> Vec<RecordBatch> {
    let batches: Vec<RecordBatch> = artifact.to_stream().unwrap().map(Result::unwrap).collect();
    vec![arrow_select::concat::concat_batches(artifact.schema(), &batches).unwrap()]
}

#[test]
fn spilled_or_not_the_rows_are_the_same() {
    let (_memory_store, memory) = filled(Policy::memory());
    let (store, spilled) = filled(Policy::auto(Some(15), u64::MAX));
    assert_eq!(memory.uri(), "memory:");
    assert!(spilled.uri().contains("pypeline_") && spilled.uri().ends_with(".parquet"));
    assert_eq!((memory.n_rows(), spilled.n_rows()), (30, 30));
    assert_eq!(rows(&memory), rows(&spilled));
    let folder = store.folder().unwrap().to_path_buf();
    drop(spilled);
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1, "the lock alone");
    drop(store);
    assert!(!folder.exists());
}

#[test]
fn small_tables_together_are_a_large_one() {
    let store = Arc::new(ArtifactStore::new(Policy::auto(None, 1000), &std::env::temp_dir()));
    let table = || {
        let mut stream = RecordBatchIterator::new([Ok(batch(0))], batch(0).schema());
        Arc::new(store.register(&mut stream).unwrap())
    };
    let mut tables: Vec<Arc<Artifact>> = (0..10).map(|_| table()).collect();
    let in_memory: Vec<bool> = tables.iter().map(|table| table.is_in_memory()).collect();
    let n_in_memory = in_memory.iter().filter(|is| **is).count();
    assert!((1..10).contains(&n_in_memory), "{in_memory:?}");
    assert!(in_memory.is_sorted_by(|a, b| a >= b), "{in_memory:?}: the later ones are files");
    tables.clear();
    assert_eq!(store.tally.bytes(), 0, "what is gone does not count");
    assert!(table().is_in_memory());
}

#[test]
fn streaming_mode_keeps_nothing_in_memory_and_empty_tables_keep_their_columns() {
    let (_store, artifact) = filled(Policy::streaming());
    assert!(matches!(artifact, Artifact::Parquet { .. }));
    let store = Arc::new(ArtifactStore::new(Policy::streaming(), &std::env::temp_dir()));
    let writer = store.writer();
    assert!(writer.finish().is_err());
    writer.open(batch(0).schema()).unwrap();
    assert_eq!(writer.finish().unwrap().schema().fields().len(), 2);
}

#[test]
fn what_is_adopted_stays_as_and_where_it_is() {
    let (memory_store, memory) = filled(Policy::memory());
    let (_file_store, file) = filled(Policy::streaming());
    for artifact in [memory, file] {
        let (uri, expected) = (artifact.uri(), rows(&artifact));
        // Of another store too: it is neither moved nor read.
        let adopted = memory_store.adopt(artifact);
        assert_eq!((adopted.uri(), rows(&adopted)), (uri, expected));
    }
    assert!(memory_store.folder.get().is_none(), "nothing was written");
}
