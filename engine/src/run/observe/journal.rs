//! The event log: one JSON line per decision, into the run's record, and to whoever watches. A log that cannot be written
//! never stops a run.

use super::{LinkCounter, Observer};
use crate::run::frames::FrameData;
use crate::secrets::net;
use pypeline_disk::{make_folders, talk};
use pypeline_schema::event::{Event, EventLine};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Items of a loop of which everything is told; of later ones only what went wrong, and a line per [`STEP`].
pub const LOUD_ITEMS: u64 = 10_000;

/// Items per line of a long loop.
pub const STEP: u64 = 1_000;

/// Bytes kept before they are written: written sooner every time the run looks at its clock.
const BUFFER: usize = 1 << 16;

/// Where events go.
pub struct Journal {
    started: Instant,
    observer: Arc<dyn Observer>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    seq: u64,
    writers: Vec<Box<dyn Write + Send>>,
    buffer: Vec<u8>,
    has_failed: bool,
}

impl Journal {
    /// A log that goes to the observer alone.
    pub fn new(observer: Arc<dyn Observer>) -> Self {
        Self { started: Instant::now(), observer, state: Mutex::default() }
    }

    /// Writes lines to `events.jsonl` in this folder too, which is made: both for the job's user alone.
    pub fn record_in(&self, folder: &Path) -> std::io::Result<()> {
        make_folders(folder, 0o700)?;
        let file = talk::create(&folder.join("events.jsonl"), 0o600)?;
        self.record_to(Box::new(BufWriter::with_capacity(BUFFER, file)));
        Ok(())
    }

    /// Writes lines there too.
    pub fn record_to(&self, writer: Box<dyn Write + Send>) {
        self.state().writers.push(writer);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells of something.
    pub(in crate::run) fn tell(&self, frame: &FrameData, event: Event) {
        self.tell_at(frame.path(), event);
    }

    /// The same by the indices of the items around it.
    pub(in crate::run) fn tell_at(&self, iter: Vec<u64>, event: Event) {
        let mut state = self.state();
        state.seq += 1;
        let t = (self.started.elapsed().as_secs_f64() * 1e6).round() / 1e6;
        let line = EventLine { seq: state.seq, t, iter, event };
        self.observer.event(&line);
        state.write(&line);
        // Of a run that is killed in its first moments, it is known at least which one it was.
        if matches!(line.event, Event::RunStarted { .. }) {
            drop(state);
            self.flush();
        }
    }

    /// Tells of something that goes as it should: not in the frames of a long loop's later items.
    pub(in crate::run) fn tell_if_loud(&self, frame: &FrameData, event: impl FnOnce() -> Event) {
        if !frame.is_quiet {
            self.tell(frame, event());
        }
    }

    /// Brings out what has been told, and lets go of the files.
    pub fn close(&self) {
        self.flush();
        let writers = std::mem::take(&mut self.state().writers);
        drop(writers);
    }

    /// Lets the observer watch the rows of links.
    pub fn watch(&self, links: &[LinkCounter]) {
        self.observer.begin(links);
    }

    /// Seconds since the run began.
    pub fn elapsed(&self) -> f64 {
        self.started.elapsed().as_secs_f64()
    }

    /// Brings to the file what has been told.
    pub fn flush(&self) {
        let mut state = self.state();
        // Each of them, also behind one that fails.
        let failed = state.writers.iter_mut().filter_map(|writer| writer.flush().err()).last();
        state.note(failed);
    }
}

impl State {
    fn write(&mut self, line: &EventLine) {
        if self.writers.is_empty() {
            return;
        }
        self.buffer.clear();
        let written = serde_json::to_writer(&mut self.buffer, line).map_err(std::io::Error::from);
        self.buffer.push(b'\n');
        if !net::is_clean(&self.buffer) {
            self.mask(line);
        }
        let buffer = &self.buffer;
        let failed = self.writers.iter_mut().filter_map(|writer| writer.write_all(buffer).err()).last();
        self.note(written.err().or(failed));
    }

    /// The line again, with every secret masked in what is not the flow's own.
    fn mask(&mut self, line: &EventLine) {
        let mut line = line.clone();
        line.event.each_text(&mut net::mask_text);
        self.buffer = serde_json::to_vec(&line).unwrap_or_default();
        self.buffer.push(b'\n');
    }

    /// Said once; the run goes on.
    fn note(&mut self, failed: Option<std::io::Error>) {
        if let Some(error) = failed.filter(|_| !self.has_failed) {
            self.has_failed = true;
            tracing::warn!("the event log cannot be written, and has gaps: {error}");
        }
    }
}
