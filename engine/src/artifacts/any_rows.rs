//! Whatever rows come, an artifact gives back the same ones: in memory, in a file, or first the one and then the other. A
//! flow's rows must not depend on how much memory the machine has, so a type that a file keeps a little differently than
//! memory would be a fault that shows on large inputs only. Random tables find such a type; lists of examples do not.

mod cells;
mod random;

use super::{Artifact, ArtifactStore, Policy};
use arrow_array::{ArrayRef, RecordBatch, RecordBatchIterator, RecordBatchOptions};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use cells::{Cell, array, cells};
use proptest::prelude::*;
use proptest::test_runner::RngSeed;
pub(crate) use random::{Table, table};
use std::sync::Arc;

impl Table {
    /// Its rows as they are handed over.
    pub(crate) fn to_batches(&self) -> Vec<RecordBatch> {
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
pub(crate) fn filled(policy: Policy, schema: &SchemaRef, batches: Vec<RecordBatch>) -> (Arc<ArtifactStore>, Artifact) {
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
pub(crate) fn gives_back(artifact: &Artifact, table: &Table) {
    let (columns, n_rows) = read(artifact, &table.schema);
    assert_eq!(n_rows, table.n_rows);
    for ((found, expected), field) in columns.iter().zip(&table.columns).zip(table.schema.fields()) {
        assert_eq!(found, expected, "{field}, {}", artifact.uri());
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 1000,
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

#[test]
fn rows_of_many_batches_and_row_groups_stay_in_their_order() {
    let field = |name, data_type| Field::new(name, data_type, true);
    let item = Arc::new(field("item", DataType::Utf8View));
    let schema = Arc::new(Schema::new(vec![field("id", DataType::Int64), field("list", DataType::List(item))]));
    // Batches end elsewhere than those of the file, and its row groups, do.
    let (batches, rows_each) = (70_i64, 4_001_i64);
    let table = |at: i64| -> Vec<Vec<Cell>> {
        let ids = at * rows_each..(at + 1) * rows_each;
        let text = |id: i64| Cell::Bytes(format!("text {id}").into_bytes());
        let list = |id: i64| match id % 5 {
            0 => Cell::Null,
            length => Cell::Many((1..length).map(|nth| if nth == 3 { Cell::Null } else { text(id + nth) }).collect()),
        };
        vec![ids.clone().map(|id| Cell::Bytes(id.to_le_bytes().to_vec())).collect(), ids.map(list).collect()]
    };
    let to_batch = |at: i64| {
        let columns = schema.fields().iter().zip(table(at)).map(|(field, cells)| array(field.data_type(), &cells));
        batch(&schema, columns.collect(), usize::try_from(rows_each).unwrap())
    };
    let (_store, artifact) =
        filled(Policy::auto(Some(10_000), u64::MAX), &schema, (0..batches).map(to_batch).collect());
    assert!(!artifact.is_in_memory());
    let (columns, n_rows) = read(&artifact, &schema);
    assert_eq!(n_rows as i64, batches * rows_each);
    for (at, expected) in (0..batches).map(|at| (at, table(at))) {
        let rows = usize::try_from(at * rows_each).unwrap()..usize::try_from((at + 1) * rows_each).unwrap();
        assert!(columns.iter().zip(&expected).all(|(found, expected)| found[rows.clone()] == **expected), "batch {at}");
    }
}

#[test]
fn batches_without_rows_are_a_file_without_rows() {
    let schema = Arc::new(Schema::new(vec![Field::new("id", DataType::Int64, false)]));
    // Memory is looked at every sixteenth time.
    let (_store, artifact) =
        filled(Policy::streaming(), &schema, vec![RecordBatch::new_empty(Arc::clone(&schema)); 20]);
    assert!(!artifact.is_in_memory());
    assert_eq!(read(&artifact, &schema), (vec![Vec::new()], 0));
}

#[test]
fn rows_without_columns_are_counted() {
    let schema = Arc::new(Schema::empty());
    let batches = vec![batch(&schema, Vec::new(), 7), batch(&schema, Vec::new(), 5)];
    let (_store, artifact) = filled(Policy::streaming(), &schema, batches);
    assert_eq!(read(&artifact, &schema), (Vec::new(), 12));
}
