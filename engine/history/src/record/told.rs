//! What an event log tells, added up: all that is known of a run that goes on or died.

use crate::model::{Node, Run, RunState, SubFlow};
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::fault::Fault;
use pypeline_schema::run_result::State;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;

/// Failures that are kept one by one.
const LISTED: usize = 1_000;

/// An event log up to its last whole line.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub job: Option<String>,
    pub started_at: Option<String>,
    pub fingerprint: Option<String>,
    /// The run that it goes on with.
    pub resumes: Option<String>,
    /// There is a whole line, readable or not.
    pub has_lines: bool,
    /// State, exit code and seconds of the run's last line.
    pub end: Option<(State, u8, f64)>,
    /// Seconds since the run began, of the last line.
    pub last_t: Option<f64>,
    pub nodes: Vec<Node>,
    pub failures: Vec<ToldFailure>,
    pub n_failures: u64,
    pub n_handled: u64,
    pub loops: Vec<ToldLoop>,
    pub parts: Vec<Part>,
    node_at: BTreeMap<String, usize>,
    part_at: BTreeMap<String, usize>,
}

/// A node that failed.
#[derive(Debug)]
pub(crate) struct ToldFailure {
    pub node: String,
    pub iter: Vec<u64>,
    pub fault: Fault,
}

/// A loop that goes on.
#[derive(Debug)]
pub(crate) struct ToldLoop {
    pub to: String,
    pub done: u64,
    pub failed: u64,
}

/// A sub flow, over all its runs.
#[derive(Debug, Default)]
pub(crate) struct Part {
    pub name: String,
    pub running: u64,
    pub in_loop: bool,
    /// When the last of its runs began.
    pub since: f64,
    pub attempt: u64,
    pub ended: Option<State>,
    pub runs: u64,
    pub restored: u64,
    pub failed: u64,
    pub retries: u64,
    pub seconds: f64,
}

impl Told {
    /// Reads the log of a record. One that is not there has told nothing.
    pub(crate) fn read(folder: &Path, warnings: &mut Vec<String>) -> Self {
        let path = folder.join("events.jsonl");
        let (mut told, mut n_broken) = (Self::default(), 0);
        let read = lines(&path, |line| {
            told.has_lines = true;
            match serde_json::from_slice::<EventLine>(line) {
                Ok(line) => told.take(line),
                Err(_) => n_broken += 1,
            }
            true
        });
        if let Err(error) = read.or_else(missing_is_empty) {
            warnings.push(format!("`{}` cannot be read: {error}", path.display()));
        }
        if n_broken > 0 {
            let lines = if n_broken == 1 { "1 line" } else { &format!("{n_broken} lines") };
            warnings.push(format!("`{}`: {lines} cannot be read, and count for nothing", path.display()));
        }
        told
    }

    /// The first line alone: when the run began, and of which build.
    pub(crate) fn begin_of(folder: &Path) -> Self {
        let mut told = Self::default();
        let first = |line: &[u8]| {
            if let Ok(line) = serde_json::from_slice::<EventLine>(line) {
                told.take(line);
            }
            false
        };
        // The result, which is there, knows all the rest.
        let _ = lines(&folder.join("events.jsonl"), first);
        told
    }

    /// What has become of the run, which does not go on and has not told of its end. Without a whole line nothing says that it
    /// died: its disk may have been full from the beginning.
    pub(crate) fn without_end(&self) -> RunState {
        if self.has_lines { RunState::Died } else { RunState::Unknown }
    }

    /// Fills in what only the log knows.
    pub(crate) fn complete(&self, run: &mut Run) {
        if let Some(job) = &self.job {
            run.job.clone_from(job);
        }
        if let Some(started_at) = self.started_at.as_ref().filter(|text| crate::time::seconds(text).is_some()) {
            run.started_at.clone_from(started_at);
        }
        run.fingerprint.clone_from(&self.fingerprint);
        self.complete_resumes(run);
    }

    /// Fills in the run that it goes on with.
    pub(crate) fn complete_resumes(&self, run: &mut Run) {
        run.resumes.clone_from(&self.resumes);
    }

    /// Sub flows in the order in which they began. One that did not end is at work, or was when its run died after `seconds`; in a
    /// run that ended otherwise it was given up.
    pub(crate) fn sub_flows(&self, run: RunState, seconds: f64) -> Vec<SubFlow> {
        let goes_on = run == RunState::Running;
        let is_open = goes_on || run == RunState::Died;
        let state = |part: &Part| match (part.running > 0, is_open) {
            (true, true) => State::Running,
            (true, false) => graver(part.ended, State::Cancelled),
            (false, _) => part.ended.unwrap_or(State::Skipped),
        };
        let sub_flow = |part: &Part| {
            let was_at_work = part.running > 0 && run == RunState::Died;
            let unended = if was_at_work { (seconds - part.since).max(0.0) } else { 0.0 };
            SubFlow {
                name: part.name.clone(),
                state: state(part),
                runs: part.runs + if goes_on { 0 } else { part.running },
                restored: part.restored,
                failed: part.failed,
                retries: part.retries + if was_at_work { part.attempt.saturating_sub(1) } else { 0 },
                seconds: (part.runs > 0 || was_at_work).then_some(part.seconds + unended),
            }
        };
        self.parts.iter().map(sub_flow).collect()
    }

    fn take(&mut self, line: EventLine) {
        self.last_t = Some(line.t);
        match line.event {
            Event::RunStarted { job, started_at, fingerprint, resumes, .. } => {
                (self.job, self.started_at, self.fingerprint) = (Some(job), Some(started_at), Some(fingerprint));
                self.resumes = resumes;
            }
            Event::Restored { sub_flow } => self.part(sub_flow, |part| {
                part.ended = Some(graver(part.ended, State::Restored));
                part.restored += 1;
            }),
            Event::SubFlowStarted { sub_flow, attempt } => self.part(sub_flow, |part| {
                part.attempt = attempt;
                part.in_loop |= !line.iter.is_empty();
                if attempt <= 1 {
                    part.running += 1;
                    part.since = line.t;
                }
            }),
            Event::SubFlowFinished { sub_flow, state, attempts, seconds, .. } => self.part(sub_flow, |part| {
                part.ended = Some(graver(part.ended, state));
                if state != State::Skipped {
                    part.running = part.running.saturating_sub(1);
                    part.runs += 1;
                    part.failed += u64::from(state == State::Failed);
                    part.retries += attempts.unwrap_or(1).saturating_sub(1);
                    part.seconds += seconds.unwrap_or_default();
                }
            }),
            Event::NodeFinished { node, state, rows_in, rows_out, rows_rejected, seconds, fault } => {
                if let Some(fault) = fault.filter(|_| state == State::Failed) {
                    self.n_failures += 1;
                    if self.failures.len() < LISTED {
                        self.failures.push(ToldFailure { node: node.clone(), iter: line.iter, fault });
                    }
                }
                self.node(node, |entry| {
                    entry.state = graver((entry.state != State::Pending).then_some(entry.state), state);
                    add(&mut entry.rows_in, rows_in);
                    add(&mut entry.rows_out, rows_out);
                    add(&mut entry.rows_rejected, rows_rejected);
                    if let Some(seconds) = seconds {
                        *entry.seconds.get_or_insert(0.0) += seconds;
                    }
                });
            }
            Event::LoopStarted { to, .. } => self.loops.push(ToldLoop { to, done: 0, failed: 0 }),
            Event::IterationFinished { to, state } => {
                if let Some(entry) = self.loops.iter_mut().rev().find(|entry| entry.to == to) {
                    entry.done += 1;
                    entry.failed += u64::from(state == State::Failed);
                }
            }
            Event::LoopProgress { to, done, failed } => {
                if let Some(entry) = self.loops.iter_mut().rev().find(|entry| entry.to == to) {
                    (entry.done, entry.failed) = (done, failed);
                }
            }
            Event::LoopFinished { to, .. } => {
                if let Some(at) = self.loops.iter().rposition(|entry| entry.to == to) {
                    self.loops.remove(at);
                }
            }
            Event::FailureHandled { .. } => self.n_handled += 1,
            Event::RunFinished { state, exit_code, seconds } => self.end = Some((state, exit_code, seconds)),
            _ => {}
        }
    }

    fn part(&mut self, name: String, change: impl FnOnce(&mut Part)) {
        let at = *self.part_at.entry(name.clone()).or_insert(self.parts.len());
        if at == self.parts.len() {
            self.parts.push(Part { name, attempt: 1, ..Part::default() });
        }
        self.parts.get_mut(at).map(change);
    }

    fn node(&mut self, id: String, change: impl FnOnce(&mut Node)) {
        let at = *self.node_at.entry(id.clone()).or_insert(self.nodes.len());
        if at == self.nodes.len() {
            let (rows_in, rows_out, rows_rejected) = (None, None, None);
            let state = State::Pending;
            let node =
                Node { id, sub_flow: None, module: None, state, rows_in, rows_out, rows_rejected, seconds: None };
            self.nodes.push(node);
        }
        self.nodes.get_mut(at).map(change);
    }
}

fn add(sum: &mut Option<u64>, rows: Option<u64>) {
    if let Some(rows) = rows {
        *sum = Some(sum.unwrap_or_default().saturating_add(rows));
    }
}

/// Of two ends, the one that is told of both.
fn graver(a: Option<State>, b: State) -> State {
    let rank = |state: State| match state {
        State::Pending => 0,
        State::Skipped => 1,
        State::Restored => 2,
        State::Succeeded => 3,
        State::Running => 4,
        State::Cancelled => 5,
        State::Failed => 6,
    };
    a.filter(|a| rank(*a) > rank(b)).unwrap_or(b)
}

/// Gives each whole line, while `take` wants more.
fn lines(path: &Path, mut take: impl FnMut(&[u8]) -> bool) -> std::io::Result<()> {
    let mut reader = BufReader::with_capacity(1 << 16, File::open(path)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        reader.read_until(b'\n', &mut line)?;
        // What has no end of line was cut off, or is being written.
        let Some(whole) = line.strip_suffix(b"\n") else { return Ok(()) };
        if !take(whole) {
            return Ok(());
        }
    }
}

fn missing_is_empty(error: std::io::Error) -> std::io::Result<()> {
    if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
