//! Rows that come while the stage runs. Polars' streaming engine has no source that a program can feed, so one is made of what it has: a
//! source of *tokens*, one per batch, each of which is exchanged for the batch of its number.
//!
//! Tokens pass two maps with a slice between them. The first draws the next batch and keeps it under its number; the slice is
//! there for its end: once all is drawn a token turns into as many rows as the slice lets through, and the slice tells the source to
//! stop. The slice also lets token `k` pass only when all before it have, so that the second map, which deals the batches out,
//! finds batch `k` drawn, whichever token drew it.

use crate::arrow_bridge::frame;
use crate::fault::from_table;
use arrow_array::RecordBatch;
use arrow_schema::SchemaRef as ArrowSchemaRef;
use polars::prelude::{
    Column, DataFrame, DataType, DslBuilder, IdxSize, IntoLazy, LazyFrame, OptFlags, PlSmallStr, PolarsResult, Scalar,
    Schema, SchemaRef,
};
use polars_async::executor::block_in_place;
use pypeline_engine::streams::Stream;
use pypeline_schema::fault::{Fault, FaultKind};
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How the names of the maps that deal out rows begin: a plan's streams are counted by them.
pub(crate) const DEALT: &str = "rows of stream ";

/// The number of a token, and the rows that the source makes one of.
const TOKEN: &str = "token";

/// Rows of the source: all that there can be. It cuts them into morsels of a hundred thousand, each of which is one token.
const SOURCE_ROWS: usize = IdxSize::MAX as usize - 1;

/// What the slice lets through: more than there are tokens.
const SLICE_ROWS: IdxSize = 1 << 31;

/// The number of a token without rows.
const END: IdxSize = IdxSize::MAX;

/// Rows that one token takes along where they are there already: small batches cost as much as large ones.
const ROWS: usize = 65_536;

/// Tokens after which each has to take more rows, and after how many more of them twice as many: the source has some forty thousand.
const PLENTY: usize = 8_192;

/// The rows of a stream, once; so many bytes of the last ones are remembered.
pub(crate) fn read(stream: &Arc<Stream>, remembered: usize) -> Result<LazyFrame, Box<Fault>> {
    let columns = stream.schema();
    let columns = columns
        .ok_or_else(|| Box::new(Fault::new(FaultKind::Contract, "a stream was to be read before it has columns")))?;
    fed(stream, columns, remembered).map_err(|error| Box::new(crate::fault::translate(&error)))
}

fn fed(stream: &Arc<Stream>, columns: ArrowSchemaRef, remembered: usize) -> PolarsResult<LazyFrame> {
    let schema = frame(&columns, &[])?.schema().clone();
    let hand = Arc::new(Hand {
        stream: Arc::clone(stream),
        columns,
        remembered,
        turn: <_>::default(),
        drawn: <_>::default(),
        height: <_>::default(),
    });
    let name = format!("{:p}", Arc::as_ptr(stream));
    let source = DataFrame::new(SOURCE_ROWS, vec![Column::new_scalar("rows".into(), Scalar::from(0_u8), SOURCE_ROWS)])?;
    let source = source.lazy().with_row_index(TOKEN, None);
    let drawing = Arc::clone(&hand);
    let draw = move |rows: DataFrame| drawing.draw(&rows);
    let tokens: SchemaRef = Arc::new(Schema::from_iter([(PlSmallStr::from(TOKEN), DataType::IDX_DTYPE)]));
    let tokens = mapped(source, draw, tokens, &format!("tokens of stream {name}")).slice(0, SLICE_ROWS);
    Ok(mapped(tokens, move |token: DataFrame| hand.deal(&token), schema, &format!("{DEALT}{name}")))
}

/// A map that the streaming engine runs batch by batch, and through which nothing is pushed.
fn mapped(
    frame: LazyFrame,
    map: impl Fn(DataFrame) -> PolarsResult<DataFrame> + Send + Sync + 'static,
    schema: SchemaRef,
    name: &str,
) -> LazyFrame {
    let optimizations = frame.get_current_optimizations();
    let schema = move |_: &Schema| Ok(Arc::clone(&schema));
    let plan = DslBuilder::from(frame.logical_plan).map(map, OptFlags::STREAMING, Some(Arc::new(schema)), name.into());
    LazyFrame::from_logical_plan(plan.build(), optimizations)
}

/// What is drawn and not dealt out yet.
#[derive(Default)]
struct Drawn {
    batches: HashMap<usize, Vec<RecordBatch>>,
    /// Number of the next.
    next: usize,
    is_over: bool,
}

struct Hand {
    stream: Arc<Stream>,
    columns: ArrowSchemaRef,
    /// Bytes.
    remembered: usize,
    /// Held by whoever draws, while it waits too.
    turn: Mutex<()>,
    /// Never held by one that waits.
    drawn: Mutex<Drawn>,
    /// Rows of each morsel of the source; the last may have fewer.
    height: AtomicUsize,
}

impl Hand {
    fn drawn(&self) -> MutexGuard<'_, Drawn> {
        self.drawn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Draws the next batch, if there is one, and makes a token of some rows of the source.
    fn draw(&self, rows: &DataFrame) -> PolarsResult<DataFrame> {
        let Some(first) = number(rows)? else { return token(END, 0) };
        let height = self.height.fetch_max(rows.height(), Ordering::Relaxed).max(rows.height());
        let number = first as usize / height;
        // Nothing is lost where the tokens end before the rows do: the last one takes all that are left.
        let is_last = first as usize + rows.height() >= SOURCE_ROWS;
        // Waiting keeps no thread from others: the engine puts another in its place.
        block_in_place(|| self.draw_next(is_last))?;
        let drawn = self.drawn();
        if drawn.is_over && number >= drawn.next {
            return token(END, SLICE_ROWS as usize);
        }
        token(IdxSize::try_from(number).unwrap_or(END), 1)
    }

    fn draw_next(&self, is_last: bool) -> PolarsResult<()> {
        // One at a time, in the order of the stream.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let (next, is_over) = {
            let drawn = self.drawn();
            (drawn.next, drawn.is_over)
        };
        if is_over {
            return Ok(());
        }
        let wanted = if is_last { usize::MAX } else { wanted(next) };
        let (mut batches, mut n_rows, mut is_over) = (Vec::new(), 0, false);
        while n_rows < ROWS.max(wanted) {
            let received = match self.stream.receive_at_once() {
                Some(received) => received,
                None if !batches.is_empty() && n_rows >= wanted => break,
                None => self.stream.receive_blocking(),
            };
            match received.map_err(|fault| from_table(*fault))? {
                Some(batch) => {
                    n_rows += batch.num_rows();
                    batches.push(batch);
                }
                None => {
                    is_over = true;
                    break;
                }
            }
        }
        self.stream.remember(&batches, self.remembered);
        let mut drawn = self.drawn();
        drawn.is_over = is_over;
        if !batches.is_empty() {
            drawn.next += 1;
            drawn.batches.insert(next, batches);
        }
        Ok(())
    }

    /// The rows of a token.
    fn deal(&self, token: &DataFrame) -> PolarsResult<DataFrame> {
        let number = number(token)?.filter(|number| *number != END);
        let batches = number.and_then(|number| self.drawn().batches.remove(&(number as usize)));
        frame(&self.columns, &batches.unwrap_or_default())
    }
}

/// Rows that a token has to wait for.
fn wanted(number: usize) -> usize {
    let doublings = number.saturating_sub(PLENTY) / (PLENTY / 2);
    if number < PLENTY { 0 } else { ROWS << doublings.min(16) }
}

fn token(number: IdxSize, rows: usize) -> PolarsResult<DataFrame> {
    DataFrame::new(rows, vec![Column::new_scalar(TOKEN.into(), Scalar::from(number), rows)])
}

/// The number in the first row.
fn number(token: &DataFrame) -> PolarsResult<Option<IdxSize>> {
    if token.height() == 0 {
        return Ok(None);
    }
    Ok(token.column(TOKEN)?.get(0)?.extract::<IdxSize>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::Int64Array;
    use arrow_schema::{DataType as ArrowType, Field, Schema as ArrowSchema};

    /// A morsel of the source.
    fn morsel(first: usize, rows: usize) -> DataFrame {
        let tokens: Vec<IdxSize> = (first..first + rows).map(|row| row as IdxSize).collect();
        DataFrame::new(rows, vec![Column::new(TOKEN.into(), tokens)]).unwrap()
    }

    #[test]
    fn the_last_token_takes_all_rows_that_are_left() {
        let columns = Arc::new(ArrowSchema::new(vec![Field::new("n", ArrowType::Int64, true)]));
        let batch = || {
            let rows = Int64Array::from(vec![7; 2 * ROWS]);
            RecordBatch::try_new(Arc::clone(&columns), vec![Arc::new(rows)]).unwrap()
        };
        let stream = Arc::new(Stream::default());
        stream.open(Arc::clone(&columns)).unwrap();
        (0..4).for_each(|_| stream.send_blocking(batch()).unwrap());
        stream.finish().unwrap();
        let hand = Hand {
            stream,
            columns: Arc::clone(&columns),
            remembered: 0,
            turn: Mutex::default(),
            drawn: Mutex::default(),
            height: AtomicUsize::new(0),
        };
        let first = hand.draw(&morsel(0, 100)).unwrap();
        assert_eq!(hand.deal(&first).unwrap().height(), 2 * ROWS, "one batch");
        // A morsel of another height has the number that its place gives it.
        hand.drawn().next = (SOURCE_ROWS - 10) / 100;
        let last = hand.draw(&morsel(SOURCE_ROWS - 10, 10)).unwrap();
        assert_eq!(hand.deal(&last).unwrap().height(), 3 * 2 * ROWS, "all that are left");
        assert!(hand.drawn().is_over && hand.drawn().batches.is_empty());
    }
}
