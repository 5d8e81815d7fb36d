//! What is kept is what comes back, of every type, wherever it was: a run that is resumed reads the rows of the one before.

use super::*;
use crate::artifacts::Policy;
use crate::artifacts::any_rows::{filled, gives_back, table};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

#[track_caller]
fn kept_and_restored(folder: &Path, table: &Artifact) -> Artifact {
    let numbers = AtomicU64::new(0);
    let kept = Tables { folder, numbers: &numbers, synced: false }.keep(table).unwrap();
    // As the record has it.
    let text = serde_json::to_string(&kept).unwrap();
    let kept: Vec<KeptTable> = serde_json::from_str(&text).unwrap();
    restore(folder, &kept).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(17),
        ..ProptestConfig::default()
    })]

    #[test]
    fn rows_of_a_checkpoint_are_the_same(table in table(), cut in 0_usize..7) {
        let batches = table.to_batches();
        let (_memory, in_memory) = filled(Policy::memory(), &table.schema, batches.clone());
        let (_disk, on_disk) = filled(Policy::auto(Some(0), u64::MAX), &table.schema, batches.clone());
        let mut first = batches;
        let second = first.split_off(cut.min(first.len()));
        let (_first, first) = filled(Policy::memory(), &table.schema, first);
        let (_second, second) = filled(Policy::auto(Some(0), u64::MAX), &table.schema, second);
        let joined = Artifact::joined([Arc::new(first), Arc::new(second)]);
        for artifact in [&in_memory, &on_disk, &*joined] {
            let folder = tempfile::tempdir().unwrap();
            gives_back(&kept_and_restored(folder.path(), artifact), &table);
        }
    }
}

#[test]
fn rows_without_columns_are_kept_as_their_number() {
    let schema = SchemaRef::new(Schema::empty());
    let batch = |rows| {
        let options = RecordBatchOptions::new().with_row_count(Some(rows));
        RecordBatch::try_new_with_options(Arc::clone(&schema), Vec::new(), &options).unwrap()
    };
    let (_store, artifact) = filled(Policy::memory(), &schema, vec![batch(7), batch(5)]);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(kept_and_restored(folder.path(), &artifact).n_rows(), 12);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}
