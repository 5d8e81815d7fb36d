//! What a run tells while it goes on: events, row counts that move, and log lines.

pub mod logging;

use pypeline_schema::link::PortRef;
use pypeline_schema::run_result::State;
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
    pub sub_flow: usize,
    /// Moves while the run goes on.
    pub rows: Arc<AtomicU64>,
}

/// Something that happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// The run begins; its links may be watched from now on.
    RunStarted {
        /// Id of the run.
        run_id: String,
        /// All data links.
        links: Vec<LinkCounter>,
    },
    /// A sub flow begins.
    SubFlowStarted {
        /// Its index.
        index: usize,
        /// Its name.
        name: String,
    },
    /// A sub flow failed in a way that another attempt may mend.
    SubFlowRetried {
        /// Its name.
        name: String,
        /// Seconds until the next attempt.
        delay: f64,
        /// What went wrong.
        reason: String,
    },
    /// A sub flow ended, or will not run.
    SubFlowEnded {
        /// Its index.
        index: usize,
        /// Its name.
        name: String,
        /// How.
        state: State,
        /// Wall time.
        seconds: Option<f64>,
    },
}

/// Is told what happens, on the threads where it happens: must be quick and must not fail.
pub trait Observer: Send + Sync {
    /// Takes one event.
    fn event(&self, event: &Event);
}

/// Tells nobody.
pub struct Silent;

impl Observer for Silent {
    fn event(&self, _: &Event) {}
}
