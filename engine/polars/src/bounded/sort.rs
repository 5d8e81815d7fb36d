//! Sorting what does not fit: sorted runs on disk, then merged batch by batch. A merge takes of all runs what cannot be followed by
//! anything smaller, and lets Polars sort that, so that order, NULLs and NaN are Polars' own.

use super::spill::{BATCH_ROWS, Files, Reader, Spilled};
use crate::stop::Stop;
use polars::prelude::row_encode::_get_rows_encoded_arr;
use polars::prelude::{DataFrame, PlSmallStr, PolarsResult, SchemaRef, SortMultipleOptions};
use polars_arrow::array::BinaryArray;

/// By what to sort.
#[derive(Clone)]
pub(super) struct By {
    pub columns: Vec<PlSmallStr>,
    /// As many entries as columns.
    pub options: SortMultipleOptions,
}

/// Rows come, and go to disk as sorted runs.
pub(super) struct Runs {
    files: Files,
    by: By,
    schema: SchemaRef,
    /// Size of a run in memory.
    run_bytes: u64,
    /// Size of a batch in memory: of each run one is there while they are merged.
    batch_bytes: usize,
    waiting: Option<DataFrame>,
    waiting_bytes: u64,
    runs: Vec<Spilled>,
}

impl Runs {
    pub(super) fn new(files: Files, by: By, schema: SchemaRef, run_bytes: u64, batch_bytes: usize) -> Self {
        Self { files, by, schema, run_bytes, batch_bytes, waiting: None, waiting_bytes: 0, runs: Vec::new() }
    }

    pub(super) fn take(&mut self, rows: DataFrame) -> PolarsResult<()> {
        self.waiting_bytes += rows.estimated_size() as u64;
        match &mut self.waiting {
            Some(waiting) => drop(waiting.vstack_mut_owned(rows)?),
            None => self.waiting = Some(rows),
        }
        if self.waiting_bytes >= self.run_bytes { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> PolarsResult<()> {
        let Some(rows) = self.waiting.take() else { return Ok(()) };
        self.waiting_bytes = 0;
        let rows = self.by.sorted(rows)?;
        let mut run = self.files.create(&self.schema, self.batch_bytes)?;
        for batch in batches(&rows, self.batch_bytes) {
            run.add(batch)?;
        }
        drop(rows);
        self.runs.push(run.finish()?);
        Ok(())
    }

    /// All rows have come.
    pub(super) fn finish(mut self) -> PolarsResult<Self> {
        self.write()?;
        Ok(self)
    }
}

impl By {
    fn sorted(&self, mut rows: DataFrame) -> PolarsResult<DataFrame> {
        rows.rechunk_mut();
        rows.sort(self.columns.to_vec(), self.options.clone())
    }

    /// A key for each row, in whose order as bytes the rows are.
    fn keys(&self, rows: &DataFrame) -> PolarsResult<BinaryArray<i64>> {
        let columns: Vec<_> =
            self.columns.iter().map(|name| rows.column(name).cloned()).collect::<PolarsResult<Vec<_>>>()?;
        _get_rows_encoded_arr(&columns, &self.options.descending, &self.options.nulls_last, false)
    }
}

/// A run while it is merged.
struct Run {
    rows: Reader,
    batch: DataFrame,
    keys: BinaryArray<i64>,
    /// Rows of the batch that are gone.
    gone: usize,
    ended: bool,
}

impl Run {
    fn open(file: &Spilled, by: &By) -> PolarsResult<Self> {
        let mut run = Self {
            rows: Reader::open(file)?,
            batch: DataFrame::empty(),
            keys: BinaryArray::new_empty(polars_arrow::datatypes::ArrowDataType::LargeBinary),
            gone: 0,
            ended: false,
        };
        run.fill(by)?;
        Ok(run)
    }

    /// The next batch, if this one is gone.
    fn fill(&mut self, by: &By) -> PolarsResult<()> {
        while !self.ended && self.left() == 0 {
            match self.rows.next() {
                Some(batch) => {
                    self.batch = batch?;
                    self.keys = by.keys(&self.batch)?;
                    self.gone = 0;
                }
                None => self.ended = true,
            }
        }
        Ok(())
    }

    fn left(&self) -> usize {
        self.batch.height() - self.gone
    }

    fn last(&self) -> Option<&[u8]> {
        (self.left() > 0).then(|| self.keys.value(self.batch.height() - 1))
    }

    /// Takes the first rows whose key is below `key`, or equal to it where `inclusive`.
    fn take(&mut self, key: &[u8], inclusive: bool) -> DataFrame {
        let is_taken = |at: usize| if inclusive { self.keys.value(at) <= key } else { self.keys.value(at) < key };
        let (mut low, mut high) = (self.gone, self.batch.height());
        while low < high {
            let middle = low.midpoint(high);
            if is_taken(middle) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        self.slice(low)
    }

    fn slice(&mut self, to: usize) -> DataFrame {
        let rows = self.batch.slice(self.gone as i64, to - self.gone);
        self.gone = to;
        rows
    }
}

/// So many runs are merged at once; more are merged to fewer before. With the size of their batches this bounds the memory.
const FAN_IN: usize = 128;

/// The rows of all runs in order. Rows that are equal come in the order of the runs, and in each as they are there.
pub(super) fn merge(runs: Runs, stop: &Stop, give: impl FnMut(DataFrame) -> PolarsResult<()>) -> PolarsResult<()> {
    let Runs { files, by, schema, batch_bytes, mut runs, .. } = runs;
    while runs.len() > FAN_IN {
        let mut fewer = Vec::new();
        let mut left = runs.into_iter().peekable();
        while left.peek().is_some() {
            let some: Vec<Spilled> = left.by_ref().take(FAN_IN).collect();
            let mut run = files.create(&schema, batch_bytes)?;
            merge_at_once(&some, &by, stop, |rows| batches(&rows, batch_bytes).try_for_each(|batch| run.add(batch)))?;
            fewer.push(run.finish()?);
        }
        runs = fewer;
    }
    merge_at_once(&runs, &by, stop, give)
}

fn merge_at_once(
    runs: &[Spilled],
    by: &By,
    stop: &Stop,
    mut give: impl FnMut(DataFrame) -> PolarsResult<()>,
) -> PolarsResult<()> {
    let mut runs = runs.iter().map(|run| Run::open(run, by)).collect::<PolarsResult<Vec<_>>>()?;
    let stable = By { columns: by.columns.clone(), options: by.options.clone().with_maintain_order(true) };
    loop {
        stop.ask()?;
        for run in &mut runs {
            run.fill(by)?;
        }
        // The run whose batch ends first: nothing below that end can come any more. Of equal ones the first.
        let ends = runs.iter().enumerate().filter_map(|(at, run)| Some((run.last()?, at)));
        let Some((end, first)) = ends.min().map(|(end, at)| (end.to_vec(), at)) else { return Ok(()) };
        let mut merged: Option<DataFrame> = None;
        for (at, run) in runs.iter_mut().enumerate().filter(|(_, run)| run.left() > 0) {
            let rows = run.take(&end, at <= first);
            if rows.height() == 0 {
                continue;
            }
            match &mut merged {
                Some(merged) => drop(merged.vstack_mut_owned(rows)?),
                None => merged = Some(rows),
            }
        }
        if let Some(rows) = merged {
            give(stable.sorted(rows)?)?;
        }
    }
}

/// Slices of as many rows as are written at once.
fn batches(rows: &DataFrame, bytes: usize) -> impl Iterator<Item = DataFrame> + '_ {
    let of_row = (rows.estimated_size() / rows.height().max(1)).max(1);
    let n_rows = (bytes / of_row).clamp(1024, BATCH_ROWS);
    (0..rows.height()).step_by(n_rows).map(move |from| rows.slice(from as i64, n_rows))
}
