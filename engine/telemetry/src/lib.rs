//! Runs as OpenTelemetry traces and metrics, sent by OTLP over HTTP to the collector that the environment names.
//!
//! A run is a trace: the run, in it the passes of its sub flows, in them their nodes. All of it is sent in the background; a
//! collector that is slow, dead or wrong costs a warning and 3 seconds at the run's end, never the run.

mod export;
mod settings;
mod spans;
#[cfg(test)]
mod tests;

use export::Export;
use opentelemetry::KeyValue;
use pypeline_engine::run::observe::{LinkCounter, Observer};
use pypeline_schema::event::{Event, EventLine};
pub use settings::Settings;
use spans::Spans;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How long the end waits for the collector.
const PATIENCE: Duration = Duration::from_secs(3);

/// Watches a run, and tells a collector of it.
pub struct Telemetry {
    export: Arc<Export>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    spans: Option<Spans>,
    links: Vec<LinkCounter>,
    /// Ends when all is sent, or nothing more will be.
    closing: Option<Receiver<()>>,
}

impl Telemetry {
    /// As the environment says: none without a collector in `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`,
    /// `…_METRICS_ENDPOINT`). One that cannot be used is warned of.
    pub fn from_env() -> Option<Self> {
        Self::new(Settings::from_variables(|name| std::env::var(name).ok())?)
    }

    /// As these settings say; none if no exporter can be made, which is warned of.
    pub fn new(settings: Settings) -> Option<Self> {
        match Export::new(settings) {
            Ok(export) => Some(Self { export: Arc::new(export), state: Mutex::default() }),
            Err(why) => {
                tracing::warn!("traces and metrics are not sent: {why}");
                None
            }
        }
    }

    /// Waits until the collector has taken all, 3 seconds at most. Called after the run; else dropping it does.
    pub fn finish(&self) {
        let closing = self.state().closing.take();
        let Some(closing) = closing else { return };
        if closing.recv_timeout(PATIENCE) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
            tracing::warn!("the collector has not taken all traces and metrics in time, and the rest is not sent");
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn measure_links(&self, state: &State, job: &str) {
        for link in &state.links {
            let attributes = [
                spans::text("pype.job", job),
                spans::text("pype.link.from", &link.from.to_string()),
                spans::text("pype.link.to", &link.to.to_string()),
            ];
            self.export.rows.add(link.rows.load(Ordering::Relaxed), &attributes);
        }
    }

    /// Sends what is left, on a thread of its own.
    fn close(&self) -> Receiver<()> {
        let (over, closing) = sync_channel(0);
        let export = Arc::clone(&self.export);
        let close = move || {
            export.close(PATIENCE);
            drop(over);
        };
        // Without a thread to be had nothing is sent; the channel is closed then, too.
        let _ = std::thread::Builder::new().name("pype-telemetry".to_owned()).spawn(close);
        closing
    }
}

impl Observer for Telemetry {
    fn begin(&self, links: &[LinkCounter]) {
        self.state().links = links.to_vec();
    }

    fn event(&self, line: &EventLine) {
        let mut state = self.state();
        if let Event::RunStarted { run_id, job, fingerprint, .. } = &line.event {
            let links = state.links.clone();
            state.spans = Some(Spans::begin(&self.export, &links, line.t, (job, run_id, fingerprint)));
            return;
        }
        let Some(spans) = &mut state.spans else { return };
        spans.take(&self.export, line);
        match &line.event {
            Event::SubFlowFinished { sub_flow, state: ended, seconds: Some(seconds), .. } => {
                let attributes = [
                    spans::text("pype.job", spans.job()),
                    spans::text("pype.sub_flow", sub_flow),
                    spans::state(*ended),
                ];
                self.export.sub_flow_seconds.record(*seconds, &attributes);
            }
            Event::RunFinished { state: ended, seconds, .. } => {
                let attributes: [KeyValue; 2] = [spans::text("pype.job", spans.job()), spans::state(*ended)];
                self.export.run_seconds.record(*seconds, &attributes);
                let job = spans.job().to_owned();
                self.measure_links(&state, &job);
                state.spans = None;
                state.closing = Some(self.close());
            }
            _ => {}
        }
    }
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.finish();
    }
}
