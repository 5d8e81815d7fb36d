//! When a table leaves memory.

use crate::memory::{self, Budget};
use pypeline_schema::settings::{ExecutionMode, Settings};

/// Batches between two looks at the process's memory: a look costs some 20 µs.
const BATCHES_PER_LOOK: usize = 16;

/// Rows above which a table goes to disk where the flow does not say otherwise.
const DEFAULT_ROWS: u64 = 10_000_000;

/// Why a table goes to Parquet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spill {
    /// It, or all tables together, have more than they may.
    Tables,
    /// The process holds more than it may, whatever holds it.
    Process,
}

/// When a table goes to Parquet.
#[derive(Debug)]
pub struct Policy {
    mode: &'static str,
    rows: u64,
    resident_bytes: u64,
}

impl Policy {
    /// As the flow's settings ask for.
    pub fn of(settings: &Settings, budget: Budget) -> Self {
        // Where a budget is set, the stages that read the tables need room too.
        let resident_bytes = if budget.is_set { budget.soft / 3 } else { budget.soft };
        match settings.execution_mode.unwrap_or_default() {
            ExecutionMode::Auto => Self::auto(settings.spill_threshold_rows, resident_bytes),
            ExecutionMode::Memory | ExecutionMode::Pandas => Self::memory(),
            ExecutionMode::Streaming | ExecutionMode::Dask => Self::streaming(),
        }
    }

    /// By rows and by the bytes that the process holds.
    pub fn auto(rows: Option<u64>, resident_bytes: u64) -> Self {
        Self { mode: "auto", rows: rows.unwrap_or(DEFAULT_ROWS), resident_bytes }
    }

    /// Never.
    pub fn memory() -> Self {
        Self { mode: "memory", rows: u64::MAX, resident_bytes: u64::MAX }
    }

    /// At once.
    pub fn streaming() -> Self {
        Self { mode: "streaming", rows: 0, resident_bytes: 0 }
    }

    /// What becomes of tables, for people.
    pub fn in_words(&self) -> String {
        let Self { mode, rows, resident_bytes } = self;
        let rule = match *mode {
            "auto" => format!(
                "tables stay in memory up to {rows} rows, and as long as the process holds less than {} MB",
                resident_bytes / 1_000_000
            ),
            "memory" => "tables stay in memory".to_owned(),
            _ => "tables are files".to_owned(),
        };
        format!("execution mode {mode}: {rule}")
    }

    /// Why a table with so many rows in so many batches is to leave memory, if it is, where all tables hold so many bytes there.
    pub(super) fn spills(&self, n_rows: u64, n_batches: usize, held_bytes: u64) -> Option<Spill> {
        if n_rows > self.rows || held_bytes > self.resident_bytes {
            return Some(Spill::Tables);
        }
        let looks = self.resident_bytes < u64::MAX && n_batches.is_multiple_of(BATCHES_PER_LOOK);
        (looks && memory::resident().own > self.resident_bytes).then_some(Spill::Process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_looked_at_every_sixteen_batches() {
        let (none, all) = (Policy::auto(None, 0), Policy::auto(None, u64::MAX - 1));
        for n_batches in 1..=48 {
            let is_looked_at = matches!(n_batches, 16 | 32 | 48);
            let expected = is_looked_at.then_some(Spill::Process);
            assert_eq!(none.spills(1, n_batches, 0), expected, "{n_batches}: the process holds more than nothing");
            assert_eq!(all.spills(1, n_batches, 0), None, "{n_batches}: it cannot hold more than the machine has");
        }
    }

    #[test]
    fn what_all_tables_hold_counts_with_every_batch() {
        let policy = Policy::auto(None, 1000);
        assert_eq!([999, 1000, 1001].map(|held| policy.spills(1, 1, held)), [None, None, Some(Spill::Tables)]);
        assert_eq!(Policy::memory().spills(1, 16, u64::MAX), None);
    }

    #[test]
    fn rows_are_counted_with_every_batch() {
        let policy = Policy::auto(Some(100), u64::MAX - 1);
        assert_eq!([99, 100, 101].map(|n_rows| policy.spills(n_rows, 1, 0)), [None, None, Some(Spill::Tables)]);
    }
}
