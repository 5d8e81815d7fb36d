//! How many bytes the tables in memory take together: many small ones are as heavy as a large one, and none of them would be looked at.

use arrow_array::cast::AsArray;
use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::DataType;
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
    let own = |per_row: usize| (per_row * column.len()) as u64;
    let of_views = |lengths: &mut dyn Iterator<Item = u32>| -> u64 {
        lengths.map(|length| if length > INLINE { u64::from(length) } else { 0 }).sum()
    };
    match column.data_type() {
        DataType::Utf8View => own(16) + of_views(&mut column.as_string_view().lengths()),
        DataType::BinaryView => own(16) + of_views(&mut column.as_binary_view().lengths()),
        DataType::List(_) => {
            let lists = column.as_list::<i32>();
            own(4) + within(lists.values(), lists.value_offsets().iter().map(|at| usize::try_from(*at)))
        }
        DataType::LargeList(_) => {
            let lists = column.as_list::<i64>();
            own(8) + within(lists.values(), lists.value_offsets().iter().map(|at| usize::try_from(*at)))
        }
        DataType::FixedSizeList(..) => bytes_of(column.as_fixed_size_list().values()),
        DataType::Struct(_) => column.as_struct().columns().iter().map(|field| bytes_of(field)).sum(),
        _ => column.to_data().get_slice_memory_size().unwrap_or_else(|_| column.get_array_memory_size()) as u64,
    }
}

/// Bytes of the values between the first and the last of some offsets.
fn within<E>(values: &ArrayRef, mut offsets: impl DoubleEndedIterator<Item = Result<usize, E>>) -> u64 {
    match (offsets.next(), offsets.next_back()) {
        (Some(Ok(first)), Some(Ok(last))) if first <= last => bytes_of(&values.slice(first, last - first)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::builder::{ListBuilder, StringViewBuilder};
    use arrow_array::{Int64Array, StringViewArray, StructArray};
    use arrow_schema::Field;

    /// Slices together count for about as much as the whole.
    #[track_caller]
    fn adds_up(column: &ArrayRef, expected: u64) {
        let whole = bytes_of(column);
        assert!((expected..expected + expected / 4).contains(&whole), "{whole} for {expected}");
        let parts: u64 = (0..10).map(|at| bytes_of(&column.slice(at * 100, 100))).sum();
        assert!((whole..whole + 1000).contains(&parts), "{parts} in parts, {whole} as a whole");
    }

    #[test]
    fn slices_count_for_their_own_rows() {
        let text = |n: usize| format!("{n:0100}");
        let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
        adds_up(&numbers, 8_000);
        let texts: ArrayRef = Arc::new((0..1000).map(|n| Some(text(n))).collect::<StringViewArray>());
        adds_up(&texts, 116_000);
        let mut lists = ListBuilder::new(StringViewBuilder::new());
        for n in 0..1000 {
            (0..3).for_each(|_| lists.values().append_value(text(n)));
            lists.append(true);
        }
        let lists: ArrayRef = Arc::new(lists.finish());
        adds_up(&lists, 352_000);
        let field = |name: &str, column: &ArrayRef| Arc::new(Field::new(name, column.data_type().clone(), true));
        let fields = vec![(field("a", &numbers), Arc::clone(&numbers)), (field("b", &lists), Arc::clone(&lists))];
        let both: ArrayRef = Arc::new(StructArray::from(fields));
        adds_up(&both, 360_000);
    }
}
