//! How many bytes the tables in memory take together: many small ones are as heavy as a large one, and none of them would be looked at.

use arrow_array::{Array, BinaryViewArray, RecordBatch, StringViewArray};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A text up to this length lies within its view (Arrow's columnar format, "Variable-size Binary View Layout").
const INLINE: u32 = 12;

/// Bytes of all tables of a store.
#[derive(Debug, Default)]
pub(super) struct Tally(Arc<AtomicU64>);

impl Tally {
    /// Counts rows for the table that holds them.
    pub(super) fn add(&self, batch: &RecordBatch, held: &mut Held) {
        let bytes = batch.columns().iter().map(|column| bytes_of(column)).sum();
        self.0.fetch_add(bytes, Ordering::Relaxed);
        held.bytes += bytes;
        held.tally.get_or_insert_with(|| Arc::clone(&self.0));
    }

    /// What is held by now.
    pub(super) fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What a table in memory counts for, until this goes. Of tables that no store has filled: nothing.
#[derive(Debug, Default)]
pub struct Held {
    bytes: u64,
    tally: Option<Arc<AtomicU64>>,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(tally) = &self.tally {
            tally.fetch_sub(self.bytes, Ordering::Relaxed);
        }
    }
}

/// Bytes of a column's own rows: batches are slices of larger ones, and texts of many batches lie in one buffer.
fn bytes_of(column: &dyn Array) -> u64 {
    let of_views = |lengths: &mut dyn Iterator<Item = u32>| -> u64 {
        lengths.map(|length| 16 + if length > INLINE { u64::from(length) } else { 0 }).sum()
    };
    let any = column.as_any();
    if let Some(texts) = any.downcast_ref::<StringViewArray>() {
        return of_views(&mut texts.lengths());
    }
    if let Some(bytes) = any.downcast_ref::<BinaryViewArray>() {
        return of_views(&mut bytes.lengths());
    }
    let bytes = column.to_data().get_slice_memory_size();
    bytes.unwrap_or_else(|_| column.get_array_memory_size()) as u64
}
