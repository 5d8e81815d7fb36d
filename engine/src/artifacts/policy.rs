//! When a table leaves memory.

use pypeline_schema::settings::{ExecutionMode, Settings};
use std::sync::Mutex;
use sysinfo::{ProcessRefreshKind, ProcessesToUpdate, System};

/// Batches between two looks at the process's memory: a look costs some 20 µs.
const BATCHES_PER_LOOK: usize = 16;

/// Rows above which a table goes to disk where the flow does not say otherwise.
const DEFAULT_ROWS: u64 = 10_000_000;

/// Share of the machine's memory above which tables go to disk where the flow does not say otherwise.
const DEFAULT_SHARE: f64 = 0.6;

/// When a table goes to Parquet.
#[derive(Debug)]
pub struct Policy {
    rows: u64,
    resident_bytes: u64,
    system: Mutex<System>,
}

impl Policy {
    /// As the flow's settings ask for.
    pub fn of(settings: &Settings) -> Self {
        match settings.execution_mode.unwrap_or_default() {
            ExecutionMode::Auto => Self::auto(settings.spill_threshold_rows, settings.max_ram_share),
            ExecutionMode::Memory | ExecutionMode::Pandas => Self::memory(),
            ExecutionMode::Streaming | ExecutionMode::Dask => Self::streaming(),
        }
    }

    /// By rows and by the share of the machine's memory that the process holds.
    pub fn auto(rows: Option<u64>, share: Option<f64>) -> Self {
        let mut system = System::new();
        system.refresh_memory();
        let resident_bytes = (system.total_memory() as f64 * share.unwrap_or(DEFAULT_SHARE)) as u64;
        Self { rows: rows.unwrap_or(DEFAULT_ROWS), resident_bytes, system: Mutex::new(system) }
    }

    /// Never.
    pub fn memory() -> Self {
        Self { rows: u64::MAX, resident_bytes: u64::MAX, system: Mutex::new(System::new()) }
    }

    /// At once.
    pub fn streaming() -> Self {
        Self { rows: 0, resident_bytes: 0, system: Mutex::new(System::new()) }
    }

    /// A table with so many rows in so many batches is to leave memory.
    pub(super) fn spills(&self, n_rows: u64, n_batches: usize) -> bool {
        if n_rows > self.rows {
            return true;
        }
        self.resident_bytes < u64::MAX
            && n_batches.is_multiple_of(BATCHES_PER_LOOK)
            && self.resident() > self.resident_bytes
    }

    fn resident(&self) -> u64 {
        let Ok(pid) = sysinfo::get_current_pid() else { return 0 };
        let mut system = self.system.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        system.refresh_processes_specifics(
            ProcessesToUpdate::Some(&[pid]),
            false,
            ProcessRefreshKind::nothing().with_memory(),
        );
        system.process(pid).map_or(0, sysinfo::Process::memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_looked_at_every_sixteen_batches() {
        let (none, all) = (Policy::auto(None, Some(0.0)), Policy::auto(None, Some(1.0)));
        for n_batches in 1..=48 {
            let is_looked_at = matches!(n_batches, 16 | 32 | 48);
            assert_eq!(none.spills(1, n_batches), is_looked_at, "{n_batches}: the process holds more than nothing");
            assert!(!all.spills(1, n_batches), "{n_batches}: it cannot hold more than the machine has");
        }
    }

    #[test]
    fn rows_are_counted_with_every_batch() {
        let policy = Policy::auto(Some(100), Some(1.0));
        assert_eq!([99, 100, 101].map(|n_rows| policy.spills(n_rows, 1)), [false, false, true]);
    }
}
