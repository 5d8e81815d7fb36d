//! Whatever rows come, an artifact gives back the same ones: in memory, in a file, or first the one and then the other. A
//! flow's rows must not depend on how much memory the machine has, so a type that a file keeps a little differently than
//! memory would be a fault that shows on large inputs only. Random tables find such a type; lists of examples do not.

mod cells;
mod random;

use super::{Artifact, ArtifactStore, Policy};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchOptions};
use arrow_schema::SchemaRef;
use cells::{Cell, array, cells};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
use random::{Table, table};
use std::sync::Arc;

impl Table {
    /// Its rows as they are handed over.
    fn to_batches(&self) -> Vec<RecordBatch> {
        let rows = |from: usize, to: usize| {
            let columns = self.schema.fields().iter().zip(&self.columns);
            batch(
                &self.schema,
                columns.map(|(field, cells)| array(field.data_type(), &cells[from..to])).collect(),
                to - from,
            )
        };
        let whole = rows(0, self.n_rows);
        let mut end = 0;
        let pieces = self.batches.iter().map(|n_rows| {
            end += n_rows;
            if self.sliced { whole.slice(end - n_rows, *n_rows) } else { rows(end - n_rows, end) }
        });
        pieces.collect()
    }
}

fn batch(schema: &SchemaRef, columns: Vec<ArrayRef>, n_rows: usize) -> RecordBatch {
    let options = RecordBatchOptions::new().with_row_count(Some(n_rows));
    RecordBatch::try_new_with_options(Arc::clone(schema), columns, &options).unwrap()
}

fn store(policy: Policy) -> Arc<ArtifactStore> {
    Arc::new(ArtifactStore::new(policy, &std::env::temp_dir()))
}

/// The store has to live as long as the table: its folder goes with it.
fn filled(policy: Policy, schema: &SchemaRef, batches: Vec<RecordBatch>) -> (Arc<ArtifactStore>, Artifact) {
    let store = store(policy);
    let mut stream = RecordBatchIterator::new(batches.into_iter().map(Ok), Arc::clone(schema));
    let artifact = store.register(&mut stream).unwrap();
    (store, artifact)
}

/// All rows of an artifact, by column, and how many there are.
#[track_caller]
fn read(artifact: &Artifact, schema: &SchemaRef) -> (Vec<Vec<Cell>>, usize) {
    assert_eq!(artifact.schema(), schema, "the columns");
    let stream = artifact.to_stream().unwrap();
    assert_eq!(&stream.schema(), schema, "the columns of the stream");
    let (mut columns, mut n_rows) = (vec![Vec::new(); schema.fields().len()], 0);
    for batch in stream {
        let batch = batch.unwrap();
        assert_eq!(&batch.schema(), schema, "the columns of a batch");
        n_rows += batch.num_rows();
        for (column, found) in columns.iter_mut().zip(batch.columns()) {
            column.extend(cells(found));
        }
    }
    assert_eq!(artifact.n_rows(), n_rows as u64, "what it says of its rows");
    (columns, n_rows)
}

#[track_caller]
fn gives_back(artifact: &Artifact, table: &Table) {
    let (columns, n_rows) = read(artifact, &table.schema);
    assert_eq!(n_rows, table.n_rows);
    for ((found, expected), field) in columns.iter().zip(&table.columns).zip(table.schema.fields()) {
        assert_eq!(found, expected, "{field}, {}", artifact.uri());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 400,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(11),
        ..ProptestConfig::default()
    })]

    #[test]
    fn in_memory_or_spilled_rows_are_the_same(table in table(), threshold in 0_u64..20) {
        let batches = table.to_batches();
        let fill = |policy| filled(policy, &table.schema, batches.clone());
        let (_memory, in_memory) = fill(Policy::memory());
        let (_at_once, at_once) = fill(Policy::auto(Some(0), u64::MAX));
        let (_midway, midway) = fill(Policy::auto(Some(threshold), u64::MAX));
        let (_streaming, streaming) = fill(Policy::streaming());
        prop_assert!(in_memory.is_in_memory());
        let holds_something = !table.columns.is_empty();
        prop_assert_eq!(at_once.is_in_memory(), table.n_rows == 0 || !holds_something);
        prop_assert_eq!(midway.is_in_memory(), table.n_rows as u64 <= threshold || !holds_something);
        for artifact in [&in_memory, &at_once, &midway, &streaming] {
            gives_back(artifact, &table);
            // A reader takes nothing away from the next one.
            gives_back(artifact, &table);
        }
    }

    #[test]
    fn rows_that_come_anew_are_those_alone(table in table(), threshold in 0_u64..20, before in 0_usize..4) {
        let batches = table.to_batches();
        let store = store(Policy::auto(Some(threshold), u64::MAX));
        let writer = store.writer();
        writer.open(Arc::clone(&table.schema)).unwrap();
        for batch in batches.iter().take(before) {
            writer.write(batch.clone()).unwrap();
        }
        writer.begin_anew();
        for batch in batches {
            writer.write(batch).unwrap();
        }
        gives_back(&writer.finish().unwrap(), &table);
    }

    #[test]
    fn tables_one_after_another_are_one(table in table(), cut in 0_usize..7) {
        let mut first = table.to_batches();
        let second = first.split_off(cut.min(first.len()));
        let (_memory, first) = filled(Policy::memory(), &table.schema, first);
        let (_file, second) = filled(Policy::auto(Some(0), u64::MAX), &table.schema, second);
        gives_back(&Artifact::joined([Arc::new(first), Arc::new(second)]), &table);
    }
}
