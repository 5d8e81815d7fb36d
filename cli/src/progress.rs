//! Live progress on a terminal: a line per link of each running sub flow. Elsewhere, plain lines as sub flows end.

use crate::render;
use indicatif::{HumanCount, MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use pypeline_engine::run::observe::{Event, LinkCounter, Observer};
use pypeline_schema::run_result::State;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Links shown at most; a terminal has only so many lines.
const SHOWN: usize = 16;

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

    fn show(&self, sub_flow: usize) {
        let mut state = lock(&self.state);
        let template = "{spinner} {msg}  {human_pos} rows  {rate} rows/s  {elapsed}";
        let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_spinner());
        let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            // A text that cannot be formatted is left out.
            let _ = write!(out, "{}", HumanCount(state.per_sec() as u64));
        });
        let links: Vec<LinkCounter> = state.links.iter().filter(|link| link.sub_flow == sub_flow).cloned().collect();
        for link in links {
            if state.bars.len() < SHOWN {
                let bar = self.bars.add(ProgressBar::new_spinner().with_style(style.clone()));
                bar.set_message(format!("{} -> {}", link.from, link.to));
                bar.enable_steady_tick(TICK);
                state.bars.push((link, bar));
            }
        }
    }

    fn hide(&self, sub_flow: usize) {
        lock(&self.state).bars.retain(|(link, bar)| {
            if link.sub_flow == sub_flow {
                bar.finish_and_clear();
            }
            link.sub_flow != sub_flow
        });
    }

    fn say(&self, text: &str) {
        self.bars.suspend(|| render::talk(text));
    }
}

impl Observer for Progress {
    fn event(&self, event: &Event) {
        match event {
            Event::RunStarted { links, .. } => {
                lock(&self.state).links.clone_from(links);
                if self.is_live {
                    self.watch();
                }
            }
            Event::SubFlowStarted { index, .. } if self.is_live => self.show(*index),
            Event::SubFlowStarted { .. } => {}
            Event::SubFlowRetried { name, delay, reason } => {
                self.say(&format!("sub flow {name}: {reason}; next attempt in {delay:.1} s"));
            }
            Event::SubFlowEnded { index, name, state, seconds } => {
                if self.is_live {
                    self.hide(*index);
                }
                if !self.is_live && *state != State::Succeeded {
                    let seconds = seconds.map_or_else(String::new, |seconds| format!(" after {seconds:.3} s"));
                    self.say(&format!("sub flow {name}: {}{seconds}", state.as_str()));
                }
            }
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
