//! What a run tells while it goes on: events, row counts that move, and log lines.

pub mod journal;
pub mod line_writer;
pub mod logging;
pub mod metrics;

use pypeline_schema::event::EventLine;
use pypeline_schema::link::PortRef;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// One data link and the rows that have passed.
#[derive(Debug, Clone)]
pub struct LinkCounter {
    /// The output port.
    pub from: PortRef,
    /// The input port.
    pub to: PortRef,
    /// The sub flow of both.
    pub sub_flow: Arc<str>,
    /// Moves while the run goes on; in a loop, as its items end.
    pub rows: Arc<AtomicU64>,
}

/// Is told what happens, on the threads where it happens: must be quick and must not fail.
pub trait Observer: Send + Sync {
    /// The run begins; the rows of its links may be watched from now on.
    fn begin(&self, links: &[LinkCounter]) {
        let _ = links;
    }

    /// Takes one line of the event log.
    fn event(&self, line: &EventLine);
}

/// Tells several, one after another.
pub struct Several(pub Vec<Arc<dyn Observer>>);

impl Observer for Several {
    fn begin(&self, links: &[LinkCounter]) {
        self.0.iter().for_each(|observer| observer.begin(links));
    }

    fn event(&self, line: &EventLine) {
        self.0.iter().for_each(|observer| observer.event(line));
    }
}

/// Tells nobody.
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &EventLine) {}
}
