//! Progress where nobody looks at a terminal: a line of the log for each sub flow and loop that goes on, every so many seconds.

use super::{Expected, lock, shown};
use pypeline_engine::run::observe::LinkCounter;
use pypeline_schema::event::{Event, EventLine};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Runs that are over before have no use for the history.
const SOON: Duration = Duration::from_millis(100);

/// What goes on.
#[derive(Default)]
struct Running {
    links: Vec<LinkCounter>,
    sub_flows: Vec<(String, Instant)>,
    loops: Vec<Loop>,
}

struct Loop {
    to: String,
    since: Instant,
    done: u64,
    items: Option<u64>,
}

/// Tells of what goes on.
pub struct Plain {
    expected: Arc<Expected>,
    running: Arc<Mutex<Running>>,
    /// Gone when the run has ended.
    end: Mutex<Option<Sender<()>>>,
}

impl Plain {
    pub fn new(expected: Arc<Expected>) -> Self {
        Self { expected, running: Arc::default(), end: Mutex::default() }
    }

    pub fn begin(&self, links: &[LinkCounter], every: Duration) {
        lock(&self.running).links = links.to_vec();
        let (running, expected) = (Arc::clone(&self.running), Arc::clone(&self.expected));
        let (end, has_ended) = channel();
        *lock(&self.end) = Some(end);
        let tell = move || {
            let first = every.min(SOON);
            let mut next = every.saturating_sub(first);
            if has_ended.recv_timeout(first) != Err(RecvTimeoutError::Timeout) {
                return;
            }
            // A history that does not answer keeps no line back.
            let known = Arc::clone(&expected);
            let _ = std::thread::Builder::new().name("pype-expected".to_owned()).spawn(move || known.look());
            while has_ended.recv_timeout(next) == Err(RecvTimeoutError::Timeout) {
                lock(&running).tell(&expected);
                next = every;
            }
        };
        // Without a thread to be had, nothing is told on the way.
        let _ = std::thread::Builder::new().name("pype-progress".to_owned()).spawn(tell);
    }

    pub fn finish(&self) {
        drop(lock(&self.end).take());
    }

    pub fn event(&self, line: &EventLine) {
        let (is_outside, mut running) = (line.iter.is_empty(), lock(&self.running));
        match &line.event {
            Event::SubFlowStarted { sub_flow, .. } if is_outside => {
                running.sub_flows.push((sub_flow.clone(), Instant::now()));
            }
            Event::SubFlowFinished { sub_flow, .. } if is_outside => {
                running.sub_flows.retain(|(name, _)| name != sub_flow);
            }
            Event::LoopStarted { to, items, .. } if is_outside => {
                let (to, items) = (to.clone(), *items);
                running.loops.push(Loop { to, since: Instant::now(), done: 0, items });
            }
            Event::LoopFinished { to, .. } if is_outside => running.loops.retain(|of| of.to != *to),
            Event::IterationFinished { to, .. } => {
                running.loops.iter_mut().filter(|of| of.to == *to).for_each(|of| of.done += 1);
            }
            Event::LoopProgress { to, done, .. } => {
                running.loops.iter_mut().filter(|of| of.to == *to).for_each(|of| of.done = *done);
            }
            _ => {}
        }
    }
}

impl Running {
    fn tell(&self, expected: &Expected) {
        for (sub_flow, since) in &self.sub_flows {
            let elapsed = since.elapsed();
            let of = |link: &&LinkCounter| *link.sub_flow == **sub_flow;
            let links: Vec<String> = self.links.iter().filter(of).map(|link| said(link, elapsed, expected)).collect();
            let (sub_flow, elapsed) = (sub_flow.as_str(), shown::time(elapsed));
            let links = if links.is_empty() { String::new() } else { format!(": {}", links.join("; ")) };
            tracing::info!(target: "pype::progress", sub_flow, "{sub_flow}: running for {elapsed}{links}");
        }
        for of in &self.loops {
            let (elapsed, to) = (of.since.elapsed(), of.to.as_str());
            let count = shown::count(of.done, "items", elapsed, of.items);
            tracing::info!(target: "pype::progress", sub_flow = to, "{to}: looping for {}: {count}", shown::time(elapsed));
        }
    }
}

fn said(link: &LinkCounter, elapsed: Duration, expected: &Expected) -> String {
    let rows = link.rows.load(Ordering::Relaxed);
    let (from, to) = (link.from.to_string(), link.to.to_string());
    let expected = expected.of(&from, &to);
    format!("{from} -> {to} {}", shown::count(rows, "rows", elapsed, expected))
}
