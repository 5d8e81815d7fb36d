//! Progress on a terminal: under each running sub flow a line per link, and a line per loop, drawn ten times a second at most.

use super::{Expected, lock, shown};
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pypeline_engine::run::observe::LinkCounter;
use pypeline_schema::event::{Event, EventLine};
use std::fmt::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Lines shown at most; a terminal has only so many.
const SHOWN: usize = 16;

/// Pause between two looks at the counters, and between two drawings.
const TICK: Duration = Duration::from_millis(100);

/// Drawings per second.
const HERTZ: u8 = 10;

/// The lines.
pub struct Live {
    bars: MultiProgress,
    expected: Arc<Expected>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    links: Vec<LinkCounter>,
    /// Heads of running sub flows.
    heads: Vec<(String, ProgressBar)>,
    rows: Vec<(LinkCounter, ProgressBar)>,
    /// By the sub flow that runs per item.
    loops: Vec<(String, ProgressBar)>,
    is_over: bool,
}

impl State {
    fn n_lines(&self) -> usize {
        self.heads.len() + self.rows.len() + self.loops.len()
    }
}

impl Live {
    pub fn new(is_live: bool, expected: Arc<Expected>) -> Self {
        let target = if is_live { ProgressDrawTarget::stderr_with_hz(HERTZ) } else { ProgressDrawTarget::hidden() };
        Self { bars: MultiProgress::with_draw_target(target), expected, state: Arc::default() }
    }

    pub fn bars(&self) -> MultiProgress {
        self.bars.clone()
    }

    /// One thread moves all lines.
    pub fn begin(&self, links: &[LinkCounter]) {
        lock(&self.state).links = links.to_vec();
        let expected = Arc::clone(&self.expected);
        let look = move || {
            std::thread::sleep(TICK);
            expected.look();
        };
        // Without a thread to be had, nothing is expected.
        let _ = std::thread::Builder::new().name("pype-expected".to_owned()).spawn(look);
        let state = Arc::clone(&self.state);
        let watch = move || loop {
            std::thread::sleep(TICK);
            let state = lock(&state);
            if state.is_over {
                return;
            }
            for (link, bar) in &state.rows {
                let rows = link.rows.load(Ordering::Relaxed);
                if bar.position() == 0 && rows > 0 {
                    // From now on: not with the time in which the link waited for an earlier stage.
                    bar.reset();
                }
                bar.set_position(rows);
            }
            state.heads.iter().chain(&state.loops).for_each(|(_, bar)| bar.tick());
        };
        // Without a thread to be had, the lines just do not move.
        let _ = std::thread::Builder::new().name("pype-progress".to_owned()).spawn(watch);
    }

    pub fn finish(&self) {
        let mut state = lock(&self.state);
        state.is_over = true;
        state.heads.clear();
        state.rows.clear();
        state.loops.clear();
        // A terminal that is gone cannot be cleared, and need not be.
        let _ = self.bars.clear();
    }

    pub fn event(&self, line: &EventLine) {
        let is_outside = line.iter.is_empty();
        match &line.event {
            Event::SubFlowStarted { sub_flow, .. } if is_outside => self.show(sub_flow),
            Event::SubFlowFinished { sub_flow, .. } if is_outside => self.hide(sub_flow),
            Event::LoopStarted { from, to, items, .. } if is_outside => {
                let mut state = lock(&self.state);
                if state.n_lines() < SHOWN {
                    let bar = self.line("items", known(*items), format!("{from} => {to}"));
                    state.loops.push((to.clone(), bar));
                }
            }
            Event::IterationFinished { to, .. } => self.of_loop(to, |bar| bar.inc(1)),
            Event::LoopProgress { to, done, .. } => self.of_loop(to, |bar| bar.set_position(*done)),
            Event::LoopFinished { to, .. } if is_outside => {
                self.of_loop(to, ProgressBar::finish_and_clear);
                lock(&self.state).loops.retain(|(of, _)| of != to);
            }
            _ => {}
        }
    }

    fn of_loop(&self, to: &str, change: impl Fn(&ProgressBar)) {
        lock(&self.state).loops.iter().filter(|(of, _)| of == to).for_each(|(_, bar)| change(bar));
    }

    fn show(&self, sub_flow: &str) {
        let mut state = lock(&self.state);
        if state.n_lines() >= SHOWN || state.heads.iter().any(|(name, _)| name == sub_flow) {
            return;
        }
        let head =
            self.bars.add(ProgressBar::new_spinner().with_style(style("{spinner:.green} {msg:.bold}  {elapsed}")));
        head.set_message(sub_flow.to_owned());
        state.heads.push((sub_flow.to_owned(), head));
        let links: Vec<LinkCounter> = state.links.iter().filter(|link| *link.sub_flow == *sub_flow).cloned().collect();
        for link in links {
            if state.n_lines() < SHOWN {
                let (from, to) = (link.from.to_string(), link.to.to_string());
                let message = format!("  {from} -> {to}");
                let known = Arc::clone(&self.expected);
                let expected = move || known.of(&from, &to);
                let bar = self.line("rows", expected, message);
                state.rows.push((link, bar));
            }
        }
    }

    fn hide(&self, sub_flow: &str) {
        let mut state = lock(&self.state);
        let clear = |is_over: bool, bar: &ProgressBar| {
            if is_over {
                bar.finish_and_clear();
            }
            !is_over
        };
        state.heads.retain(|(name, bar)| clear(name == sub_flow, bar));
        state.rows.retain(|(link, bar)| clear(*link.sub_flow == *sub_flow, bar));
    }

    /// A line that counts, with a rate, and with the time left where it is known how many there will be.
    fn line(
        &self,
        what: &'static str,
        expected: impl Fn() -> Option<u64> + Clone + Send + Sync + 'static,
        message: String,
    ) -> ProgressBar {
        let rate = |state: &ProgressState, out: &mut dyn Write| {
            // A text that cannot be formatted is left out.
            let rate = state.pos() as f64 / state.elapsed().as_secs_f64().max(0.001);
            let _ = write!(out, "{}", HumanCount(rate as u64));
        };
        let left = move |state: &ProgressState, out: &mut dyn Write| {
            if let Some(found) = shown::rest(state.pos(), expected(), state.elapsed()) {
                let _ = write!(out, "{}", shown::left(found));
            }
        };
        let template = format!("  {{msg}}  {{human_pos}} {what}  {{rate}} {what}/s  {{left}}");
        let style = style(&template).with_key("rate", rate).with_key("left", left);
        let bar = self.bars.add(ProgressBar::new_spinner().with_style(style));
        bar.set_message(message);
        bar
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner())
}

/// What is known from the beginning.
fn known(n: Option<u64>) -> impl Fn() -> Option<u64> + Clone + Send + Sync + 'static {
    move || n
}
