//! What a run shows while it goes on: live lines on a terminal, plain ones elsewhere, or nothing.

mod expected;
mod live;
mod plain;
mod shown;

use crate::render;
pub use expected::Expected;
use live::Live;
use plain::Plain;
use pypeline_engine::run::observe::{LinkCounter, Observer};
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::run_result::State;
use std::io::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Failures of a loop's items that are said as they happen; the report has them all.
const SAID: u32 = 20;

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Lines that move.
    Live,
    /// A line of the log, now and then; none for none.
    Plain(Option<Duration>),
    /// Nothing.
    Quiet,
}

/// What is shown.
pub struct Progress {
    style: Style,
    live: Live,
    plain: Plain,
    n_said: Mutex<u32>,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new(style: Style, expected: Expected) -> Self {
        let expected = Arc::new(expected);
        let live = Live::new(style == Style::Live, Arc::clone(&expected));
        Self { style, live, plain: Plain::new(expected), n_said: Mutex::default() }
    }

    /// A writer for log lines, which do not run into the progress.
    pub fn writer(&self) -> Writer {
        Writer(self.live.bars())
    }

    /// Takes the lines away.
    pub fn finish(&self) {
        self.live.finish();
        self.plain.finish();
    }

    fn say(&self, text: &str) {
        if self.style != Style::Quiet {
            self.live.bars().suspend(|| render::talk(text));
        }
    }

    /// A sub flow that did not succeed: nobody should have to wait for the report to know it.
    fn say_ended(&self, line: &EventLine, name: &str, state: State, seconds: Option<f64>) {
        let mut item = String::new();
        if !line.iter.is_empty() {
            let mut n_said = lock(&self.n_said);
            *n_said += 1;
            if *n_said > SAID || state == State::Skipped {
                return;
            }
            let path: Vec<String> = line.iter.iter().map(u64::to_string).collect();
            item = format!(", item {}", path.join("/"));
        }
        let seconds = seconds.map_or_else(String::new, |seconds| format!(" after {seconds:.3} s"));
        self.say(&format!("sub flow {name}{item}: {}{seconds}", state.as_str()));
    }
}

impl Observer for Progress {
    fn begin(&self, links: &[LinkCounter]) {
        match self.style {
            Style::Live => self.live.begin(links),
            Style::Plain(Some(every)) => self.plain.begin(links, every),
            Style::Plain(None) | Style::Quiet => {}
        }
    }

    fn event(&self, line: &EventLine) {
        match &line.event {
            Event::Retry { sub_flow, delay, reason, .. } => {
                self.say(&format!("sub flow {sub_flow}: {reason}; next attempt in {delay:.1} s"));
            }
            Event::Timeout { what, name, seconds } => {
                self.say(&format!("{what} {name}: timeout of {seconds} s, asked to stop"));
            }
            _ => {}
        }
        match self.style {
            Style::Live => self.live.event(line),
            Style::Plain(Some(_)) => self.plain.event(line),
            Style::Plain(None) | Style::Quiet => {}
        }
        // On a terminal what is skipped or stopped waits for the report.
        let is_told = |state: State| match self.style {
            Style::Live => state == State::Failed,
            _ => state != State::Succeeded,
        };
        if let Event::SubFlowFinished { sub_flow, state, seconds, .. } = &line.event
            && is_told(*state)
        {
            self.say_ended(line, sub_flow, *state, *seconds);
        }
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to stderr while the progress lines are out of the way.
pub struct Writer(indicatif::MultiProgress);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.suspend(|| std::io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
