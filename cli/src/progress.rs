//! Live progress on a terminal: a line per link of each running sub flow, and per loop. Elsewhere, plain lines as things fail.

use crate::render;
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pypeline_engine::run::observe::{LinkCounter, Observer};
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::run_result::State;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Lines shown at most; a terminal has only so many.
const SHOWN: usize = 16;

/// Failures of a loop's items that are said as they happen; the report has them all.
const SAID: u32 = 20;

/// Pause between two looks at the counters.
const TICK: Duration = Duration::from_millis(100);

/// What is shown.
pub struct Progress {
    bars: MultiProgress,
    is_live: bool,
    state: Arc<Mutex<Shown>>,
}

#[derive(Default)]
struct Shown {
    links: Vec<LinkCounter>,
    bars: Vec<(LinkCounter, ProgressBar)>,
    /// By the sub flow that runs per item.
    loops: Vec<(String, ProgressBar)>,
    n_said: u32,
    is_over: bool,
}

impl Progress {
    /// Shows live lines if `is_live`.
    pub fn new(is_live: bool) -> Self {
        let target = if is_live { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), is_live, state: Arc::default() }
    }

    /// A writer for log lines, which do not run into the progress.
    pub fn writer(&self) -> Writer {
        Writer(self.bars.clone())
    }

    /// Takes the lines away.
    pub fn finish(&self) {
        let mut state = lock(&self.state);
        state.is_over = true;
        state.bars.clear();
        state.loops.clear();
        // A terminal that is gone cannot be cleared, and need not be.
        let _ = self.bars.clear();
    }

    fn watch(&self) {
        let state = Arc::clone(&self.state);
        let watch = move || loop {
            std::thread::sleep(TICK);
            let state = lock(&state);
            if state.is_over {
                return;
            }
            for (link, bar) in &state.bars {
                bar.set_position(link.rows.load(Ordering::Relaxed));
            }
        };
        // Without a thread to be had, the lines just do not move.
        let _ = std::thread::Builder::new().name("pype-progress".to_owned()).spawn(watch);
    }

    fn bar(&self, template: &str, message: String) -> ProgressBar {
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // A text that cannot be formatted is left out.
            let _ = write!(out, "{}", HumanCount(state.per_sec() as u64));
        });
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
        bar.set_message(message);
        bar.enable_steady_tick(TICK);
        bar
    }

    fn show(&self, sub_flow: &str) {
        let mut state = lock(&self.state);
        let links: Vec<LinkCounter> = state.links.iter().filter(|link| *link.sub_flow == *sub_flow).cloned().collect();
        for link in links {
            if state.bars.len() < SHOWN {
                let message = format!("{} -> {}", link.from, link.to);
                let bar = self.bar("{spinner} {msg}  {human_pos} rows  {rate} rows/s  {elapsed}", message);
                state.bars.push((link, bar));
            }
        }
    }

    fn hide(&self, sub_flow: &str) {
        lock(&self.state).bars.retain(|(link, bar)| {
            let is_over = *link.sub_flow == *sub_flow;
            if is_over {
                bar.finish_and_clear();
            }
            !is_over
        });
    }

    /// The line of an outermost loop.
    fn show_loop(&self, line: &EventLine) {
        let mut state = lock(&self.state);
        match &line.event {
            Event::LoopStarted { from, to, .. } if line.iter.is_empty() && state.loops.len() < SHOWN => {
                let bar = self
                    .bar("{spinner} {msg}  {human_pos} items  {rate} items/s  {elapsed}", format!("{from} => {to}"));
                state.loops.push((to.clone(), bar));
            }
            Event::IterationFinished { to, .. } => {
                let bar = state.loops.iter().find(|(of, _)| of == to);
                bar.into_iter().for_each(|(_, bar)| bar.inc(1));
            }
            Event::LoopProgress { to, done, .. } => {
                let bar = state.loops.iter().find(|(of, _)| of == to);
                bar.into_iter().for_each(|(_, bar)| bar.set_position(*done));
            }
            Event::LoopFinished { to, .. } if line.iter.is_empty() => state.loops.retain(|(of, bar)| {
                if of == to {
                    bar.finish_and_clear();
                }
                of != to
            }),
            _ => {}
        }
    }

    fn say(&self, text: &str) {
        self.bars.suspend(|| render::talk(text));
    }

    /// A sub flow that did not succeed, where nobody sees the lines of those that run.
    fn say_ended(&self, line: &EventLine, name: &str, state: State, seconds: Option<f64>) {
        let mut item = String::new();
        if !line.iter.is_empty() {
            let mut shown = lock(&self.state);
            shown.n_said += 1;
            if shown.n_said > SAID || state == State::Skipped {
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
        lock(&self.state).links = links.to_vec();
        if self.is_live {
            self.watch();
        }
    }

    fn event(&self, line: &EventLine) {
        let is_outside = line.iter.is_empty();
        match &line.event {
            Event::SubFlowStarted { sub_flow, .. } if self.is_live && is_outside => self.show(sub_flow),
            Event::Retry { sub_flow, delay, reason, .. } => {
                self.say(&format!("sub flow {sub_flow}: {reason}; next attempt in {delay:.1} s"));
            }
            Event::Timeout { what, name, seconds } => {
                self.say(&format!("{what} {name}: timeout of {seconds} s, asked to stop"));
            }
            Event::SubFlowFinished { sub_flow, state, seconds, .. } => {
                if self.is_live && is_outside {
                    self.hide(sub_flow);
                }
                if !self.is_live && *state != State::Succeeded {
                    self.say_ended(line, sub_flow, *state, *seconds);
                }
            }
            _ if self.is_live => self.show_loop(line),
            _ => {}
        }
    }
}

fn lock(state: &Mutex<Shown>) -> MutexGuard<'_, Shown> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Writes to stderr while the progress lines are out of the way.
pub struct Writer(MultiProgress);

impl Write for Writer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.suspend(|| std::io::stderr().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().flush()
    }
}
