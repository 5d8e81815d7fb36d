//! The items of a loop, one at a time: rows of a table, a list of the configuration, numbers, or as long as a condition holds.

use super::Shared;
use super::workers::blocking;
use crate::artifacts::Artifact;
use crate::run::checkpoint::table::Table;
use crate::run::frames::{self, FrameData};
use crate::run::keys::{self, Key};
use crate::run::observe::journal::{LOUD_ITEMS, STEP};
use crate::template;
use arrow_array::{RecordBatch, RecordBatchReader};
use arrow_schema::ArrowError;
use pypeline_schema::event::Event;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::lowering::{self, Lowering, Service};
use pypeline_schema::run_result::State;
use pypeline_schema::settings::EventDetail;
use serde_json::{Map, Value};
use std::sync::Arc;

type Fallible<T> = Result<T, Box<Fault>>;

/// A loop at work.
pub(super) struct Looping {
    pub link: usize,
    items: Fallible<Items>,
    /// Tells it from all other loops, those begun before it by smaller numbers.
    number: u64,
    /// The frame around it.
    frame: Arc<FrameData>,
    /// Found, and not yet entered.
    next: Value,
    done: u64,
    failed: u64,
    /// Of lists in which an item may stand more than once: how often each was met.
    met: Option<Table>,
}

/// Where items come from.
pub(super) enum Items {
    Rows(Box<Rows>),
    Values(std::vec::IntoIter<Value>),
    Range { next: Option<i64>, to: i64, step: i64 },
    While { condition: String, max: u64 },
}

/// Rows that are items at the same time: as JSON they are many times as large as in their batch.
const ROWS_AT_ONCE: usize = 1_024;

/// Rows of a table, a batch in memory at a time.
pub(super) struct Rows {
    reader: Box<dyn RecordBatchReader + Send>,
    /// What is left of the batch.
    batch: Option<RecordBatch>,
    /// The next items, the last first.
    items: Vec<Value>,
    on_disk: bool,
}

impl Items {
    /// The list that the link's source has made in this frame, and how many items it has where that is known.
    pub(super) fn of_link(shared: &Shared, link: usize, frame: &FrameData) -> Fallible<(Self, Option<u64>)> {
        let lost = || Box::new(Fault::new(FaultKind::Contract, "the list of a loop is not there"));
        let link = shared.job.metadata.control.get(link).ok_or_else(lost)?;
        let node = shared.job.index.node(&link.node).ok_or_else(lost)?;
        if let Some(items) = frame.lazy_items(node) {
            let n = count(&items);
            return Ok((Self::lazy(items), n));
        }
        let table = frame.take_list(node, link.list_port.as_deref().unwrap_or_default()).ok_or_else(lost)?;
        Ok((Self::rows(&table)?, Some(table.n_rows())))
    }

    fn rows(table: &Artifact) -> Fallible<Self> {
        let (reader, on_disk) = (table.to_stream()?, !table.is_in_memory());
        Ok(Self::Rows(Box::new(Rows { reader, batch: None, items: Vec::new(), on_disk })))
    }

    fn lazy(items: lowering::Items) -> Self {
        match items {
            lowering::Items::Values(values) => Self::Values(values.into_iter()),
            lowering::Items::Range { from, to, step } => Self::Range { next: Some(from), to, step },
            lowering::Items::While { condition, max } => Self::While { condition, max },
        }
    }
}

/// The items that a node gives without making a table of them.
pub(super) fn lazily(lowering: Option<&Lowering>) -> Option<&lowering::Items> {
    match lowering {
        Some(Lowering::Service(Service::Items(items))) => Some(items),
        _ => None,
    }
}

/// How many there are, where that is known before they are made.
pub(super) fn count(items: &lowering::Items) -> Option<u64> {
    match items {
        lowering::Items::Values(values) => Some(values.len() as u64),
        lowering::Items::Range { from, to, step } => {
            let (from, to, step) = (i128::from(*from), i128::from(*to), i128::from(*step));
            let last = if step > 0 { to - from } else { from - to };
            u64::try_from(last.checked_div(step.abs()).filter(|_| last >= 0).map_or(0, |steps| steps + 1)).ok()
        }
        lowering::Items::While { .. } => None,
    }
}

/// Looks for the next item: true if there is one.
pub(super) fn next(shared: &Shared, looping: &mut Looping, index: u64) -> Fallible<bool> {
    let Looping { items, frame, next, .. } = looping;
    let found = match items.as_mut().map_err(|fault| fault.clone())? {
        Items::Rows(rows) => rows.next()?,
        Items::Values(values) => values.next(),
        Items::Range { next, to, step } => {
            let within = |value: &i64| if *step > 0 { value <= to } else { value >= to };
            let value = next.filter(within);
            *next = value.and_then(|value| value.checked_add(*step));
            value.map(Value::from)
        }
        Items::While { condition, max } => {
            let holds = template::holds(condition, &shared.values.scope(frame));
            let holds = holds.map_err(|error| {
                let text = format!("the condition of a loop cannot be evaluated: {}", error.message);
                Box::new(Fault::new(FaultKind::Config, text))
            })?;
            if holds && index >= *max {
                let text = format!("the condition of a loop still holds after {max} items");
                let fault = Fault::new(FaultKind::Other, text).with("condition", condition);
                return Err(Box::new(fault.help("raise `max`, or look at what the condition waits for")));
            }
            holds.then(|| Value::from(index))
        }
    };
    let is_one = found.is_some();
    *next = found.unwrap_or(Value::Null);
    Ok(is_one)
}

impl Rows {
    fn next(&mut self) -> Fallible<Option<Value>> {
        while self.items.is_empty() {
            let Some(batch) = self.batch.take() else {
                match self.read() {
                    None => return Ok(None),
                    Some(Ok(batch)) => self.batch = Some(batch),
                    Some(Err(error)) => return Err(Box::new(Fault::new(FaultKind::Data, error.to_string()))),
                }
                continue;
            };
            let n = batch.num_rows().min(ROWS_AT_ONCE);
            self.items = values(&batch.slice(0, n))?;
            self.items.reverse();
            self.batch = (n < batch.num_rows()).then(|| batch.slice(n, batch.num_rows() - n));
        }
        Ok(self.items.pop())
    }

    fn read(&mut self) -> Option<Result<RecordBatch, ArrowError>> {
        if self.on_disk { blocking(|| self.reader.next()) } else { self.reader.next() }
    }
}

/// The rows of a batch as items: the value itself where there is one column, else a mapping.
fn values(batch: &RecordBatch) -> Fallible<Vec<Value>> {
    crate::rows_as_json::rows(batch).map(|rows| {
        let scalar = batch.num_columns() == 1;
        let item = |row: Map<String, Value>| match row.into_iter().next() {
            Some((_, value)) if scalar => value,
            Some((name, value)) => Value::Object(std::iter::once((name, value)).collect()),
            None => Value::Object(Map::new()),
        };
        let whole = |row: Map<String, Value>| if scalar { item(row) } else { Value::Object(row) };
        rows.into_iter().map(whole).collect()
    })
}

impl Looping {
    pub(super) fn new(shared: &Shared, link: usize, items: Fallible<Items>, frame: &Arc<FrameData>) -> Self {
        let may_repeat = matches!(items, Ok(Items::Rows(_) | Items::Values(_)));
        let met = shared.checkpoints.folder().filter(|_| may_repeat).map(Table::new);
        let (frame, next) = (Arc::clone(frame), Value::Null);
        Self { link, items, number: frames::now(), frame, next, done: 0, failed: 0, met }
    }

    /// The key of the item that was found last: what it is, and how many like it were before.
    fn key(&mut self, shared: &Shared, parent: &FrameData) -> Key {
        let link = shared.job.metadata.control.get(self.link).filter(|_| shared.checkpoints.is_on());
        let Some(link) = link else { return keys::FLOW };
        let content = keys::content(&self.next);
        let occurrence = match &mut self.met {
            None => Ok(0),
            Some(met) => met.get(&content).and_then(|before| {
                let occurrence = before.map_or(0, |before| before + 1);
                met.set(&content, occurrence).map(|_| occurrence)
            }),
        };
        let occurrence = occurrence.unwrap_or_else(|error| {
            tracing::warn!("equal items of a loop cannot be told apart, if the run is resumed: {error}");
            // No other item has it: it is run again rather than taken for another.
            frames::now() | 1 << 63
        });
        keys::frame(&parent.key, link, &content, occurrence)
    }

    /// The frame of the item that was found last.
    pub(super) fn enter(
        &mut self,
        shared: &Shared,
        parent: &Arc<FrameData>,
        scope: usize,
        index: u64,
    ) -> Arc<FrameData> {
        let tells_all = shared.job.metadata.settings.events == Some(EventDetail::Full);
        let is_quiet = index >= LOUD_ITEMS && !tells_all;
        let key = self.key(shared, parent);
        let item = std::mem::take(&mut self.next);
        let frame = FrameData::of_item(parent, scope, (self.number, index, key), item, is_quiet);
        shared.journal.tell_if_loud(&frame, || Event::IterationStarted {
            to: shared.target(self.link).to_owned(),
            item: shown(frame.innermost().map_or(&Value::Null, |(item, _)| item)),
        });
        frame
    }

    /// An item's turn is over.
    pub(super) fn leave(&mut self, shared: &Shared, frame: &FrameData, succeeded: bool) {
        let state = match (succeeded, frame.has_failed()) {
            (true, _) => State::Succeeded,
            (false, true) => State::Failed,
            (false, false) => State::Cancelled,
        };
        self.done += 1;
        self.failed += u64::from(state == State::Failed);
        if succeeded {
            frame.promote(&shared.each);
        }
        let to = || shared.target(self.link).to_owned();
        if !frame.is_quiet || !succeeded {
            shared.journal.tell(frame, Event::IterationFinished { to: to(), state });
        }
        if frame.is_quiet && !self.frame.is_quiet && self.done.is_multiple_of(STEP) {
            let event = Event::LoopProgress { to: to(), done: self.done, failed: self.failed };
            shared.journal.tell(&self.frame, event);
        }
    }
}

/// An item for people: its JSON, a text without quotes, cut to 200 characters.
pub(super) fn shown(item: &Value) -> String {
    let text = item.as_str().map_or_else(|| item.to_string(), str::to_owned);
    match text.char_indices().nth(200) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
