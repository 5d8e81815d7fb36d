//! A run in numbers for Prometheus: counted from its events and from the rows on its links, as text, and as a file that
//! node_exporter reads.
//!
//! What has a label is a node, a sub flow or a link of the flow: however many items its loops have, there are as many lines.

mod file;
mod text;

use super::{LinkCounter, Observer};
pub use file::MetricsFile;
use pypeline_schema::event::{Event, EventLine, Reason};
use pypeline_schema::run_result::State;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Counts a run while it goes on.
#[derive(Default)]
pub struct RunMetrics {
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    links: Vec<LinkCounter>,
    began: Option<Instant>,
    job: String,
    run_id: String,
    fingerprint: String,
    state: Option<State>,
    /// Wall time, once it has ended.
    seconds: Option<f64>,
    /// Of this run, or of an earlier one of the same job.
    last_success: Option<f64>,
    /// By sub flow and state.
    sub_flow_runs: BTreeMap<(String, StateWord), u64>,
    sub_flow_seconds: BTreeMap<String, f64>,
    /// Rows of nodes without data links, which give items to a loop.
    given: BTreeMap<String, u64>,
    /// By the sub flow that runs per item and the items around the loop: of how many items something was told, and how many
    /// were added for the others.
    loops: HashMap<(String, Vec<u64>), (u64, u64)>,
    retries: u64,
    failures: u64,
    handled: u64,
}

/// A state as a label, in the order of its word.
type StateWord = &'static str;

impl RunMetrics {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prometheus's own text form, version 0.0.4, as node_exporter's textfile collector reads it.
    pub fn prometheus(&self) -> String {
        text::prometheus(&self.open_metrics())
    }

    /// The same in the form of OpenMetrics 1.0.
    pub fn open_metrics(&self) -> String {
        text::render(&self.counts())
    }

    /// When an earlier run of the job has succeeded, in seconds since 1970: told until this one does.
    fn remember(&self, success: f64) {
        self.counts().last_success.get_or_insert(success);
    }
}

impl Counts {
    fn ended(&mut self, sub_flow: &str, state: State, seconds: Option<f64>, iter: &[u64]) {
        *self.sub_flow_runs.entry((sub_flow.to_owned(), state.as_str())).or_default() += 1;
        if let Some(seconds) = seconds {
            *self.sub_flow_seconds.entry(sub_flow.to_owned()).or_default() += seconds;
        }
        self.failures += u64::from(state == State::Failed);
        if let Some((_, around)) = iter.split_last()
            && let Some((told, _)) = self.loops.get_mut(&(sub_flow.to_owned(), around.to_vec()))
        {
            *told += 1;
        }
    }

    /// Of the later items of a long loop only what went wrong is told: the others have succeeded.
    fn looped(&mut self, to: &str, iter: &[u64], items: u64) {
        if let Some((told, added)) = self.loops.get_mut(&(to.to_owned(), iter.to_vec())) {
            let hidden = items.saturating_sub(*told).saturating_sub(*added);
            *added += hidden;
            if hidden > 0 {
                *self.sub_flow_runs.entry((to.to_owned(), State::Succeeded.as_str())).or_default() += hidden;
            }
        }
    }
}

impl Observer for RunMetrics {
    fn begin(&self, links: &[LinkCounter]) {
        self.counts().links = links.to_vec();
    }

    fn event(&self, line: &EventLine) {
        let mut counts = self.counts();
        match &line.event {
            Event::RunStarted { run_id, job, fingerprint, .. } => {
                counts.began = Some(Instant::now());
                counts.state = Some(State::Running);
                counts.run_id.clone_from(run_id);
                counts.job.clone_from(job);
                counts.fingerprint.clone_from(fingerprint);
            }
            Event::NodeFinished { node, rows_out: Some(rows), .. }
                if !counts.links.iter().any(|link| link.from.node == *node || link.to.node == *node) =>
            {
                *counts.given.entry(node.clone()).or_default() += rows;
            }
            Event::SubFlowFinished { sub_flow, state, seconds, .. } => {
                counts.ended(sub_flow, *state, *seconds, &line.iter);
            }
            Event::LinkResolved { reason: Reason::ExpressionFailed, .. } => counts.failures += 1,
            Event::LoopStarted { to, .. } => {
                counts.loops.insert((to.clone(), line.iter.clone()), (0, 0));
            }
            Event::LoopProgress { to, done, .. } => counts.looped(to, &line.iter, *done),
            Event::LoopFinished { to, items, .. } => {
                counts.looped(to, &line.iter, *items);
                counts.loops.remove(&(to.clone(), line.iter.clone()));
            }
            Event::Retry { .. } => counts.retries += 1,
            Event::FailureHandled { .. } => counts.handled += 1,
            Event::RunFinished { state, seconds, .. } => {
                counts.state = Some(*state);
                counts.seconds = Some(*seconds);
                if *state == State::Succeeded {
                    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                    counts.last_success = Some(now.as_secs_f64());
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use pypeline_schema::link::PortRef;
    use std::sync::Arc;
    use std::sync::atomic::AtomicU64;

    fn port(node: &str, port: &str) -> PortRef {
        PortRef { node: node.to_owned(), port: port.to_owned() }
    }

    /// A run of three links.
    pub(crate) fn links() -> Vec<LinkCounter> {
        let link =
            |from, to, rows| LinkCounter { from, to, sub_flow: "load".into(), rows: Arc::new(AtomicU64::new(rows)) };
        vec![
            link(port("read", "data"), port("split", "input"), 10),
            link(port("split", "output"), port("a\"b", "input"), 7),
            link(port("split", "reject"), port("bad", "input"), 3),
        ]
    }

    pub(crate) fn started() -> Event {
        Event::RunStarted {
            format_version: 1,
            run_id: "r1".to_owned(),
            job: "daily".to_owned(),
            started_at: "2026-11-21T09:42:01Z".to_owned(),
            fingerprint: "f".to_owned(),
            resumes: None,
        }
    }

    pub(crate) fn tell(metrics: &dyn Observer, iter: &[u64], event: Event) {
        metrics.event(&EventLine { seq: 1, t: 0.0, iter: iter.to_vec(), event });
    }

    fn ended(sub_flow: &str, state: State) -> Event {
        Event::SubFlowFinished {
            sub_flow: sub_flow.to_owned(),
            state,
            skipped: None,
            attempts: Some(1),
            seconds: Some(0.5),
        }
    }

    #[test]
    fn everything_is_counted_and_rendered() {
        let metrics = RunMetrics::default();
        assert_eq!(metrics.prometheus(), "");
        metrics.begin(&links());
        metrics.remember(5.0);
        tell(&metrics, &[], started());
        tell(&metrics, &[], ended("load", State::Failed));
        tell(&metrics, &[], ended("load", State::Succeeded));
        tell(&metrics, &[], Event::FailureHandled { sub_flow: "load".to_owned() });
        let items = Event::NodeFinished {
            node: "files".to_owned(),
            state: State::Succeeded,
            rows_in: None,
            rows_out: Some(4),
            rows_rejected: None,
            seconds: None,
            fault: None,
        };
        tell(&metrics, &[], items);
        let text = metrics.prometheus();
        for line in [
            "# TYPE pype_run_info gauge",
            "pype_run_info{job=\"daily\",run_id=\"r1\",fingerprint=\"f\"} 1",
            "pype_run_state{job=\"daily\",state=\"running\"} 1",
            "pype_run_state{job=\"daily\",state=\"succeeded\"} 0",
            "pype_run_last_success_timestamp_seconds{job=\"daily\"} 5.0",
            "# TYPE pype_sub_flow_runs_total counter",
            "pype_sub_flow_runs_total{job=\"daily\",sub_flow=\"load\",state=\"failed\"} 1",
            "pype_sub_flow_seconds{job=\"daily\",sub_flow=\"load\"} 1.0",
            "pype_node_rows_total{job=\"daily\",node=\"read\",direction=\"out\"} 10",
            "pype_node_rows_total{job=\"daily\",node=\"split\",direction=\"in\"} 10",
            "pype_node_rows_total{job=\"daily\",node=\"split\",direction=\"out\"} 7",
            "pype_node_rows_total{job=\"daily\",node=\"split\",direction=\"rejected\"} 3",
            "pype_node_rows_total{job=\"daily\",node=\"files\",direction=\"out\"} 4",
            "pype_link_rows_total{job=\"daily\",from=\"split.output\",to=\"a\\\"b.input\"} 7",
            "pype_retries_total{job=\"daily\"} 0",
            "pype_failures_total{job=\"daily\",handled=\"true\"} 1",
            "pype_failures_total{job=\"daily\",handled=\"false\"} 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in:\n{text}");
        }
        for family in ["pype_run_seconds{", "pype_peak_memory_bytes{"] {
            assert!(text.contains(family), "{family} is not in:\n{text}");
        }
        assert!(!text.contains("EOF") && !text.contains("info info"));
        assert!(metrics.open_metrics().ends_with("# EOF\n"));
        tell(&metrics, &[], Event::RunFinished { state: State::Succeeded, exit_code: 0, seconds: 2.5 });
        let text = metrics.prometheus();
        assert!(text.contains("pype_run_seconds{job=\"daily\"} 2.5\n"));
        assert!(!text.contains("timestamp_seconds{job=\"daily\"} 5.0\n"));
    }

    #[test]
    fn a_long_loop_takes_as_many_lines_as_a_short_one() {
        let metrics = RunMetrics::default();
        tell(&metrics, &[], started());
        let to = "item".to_owned();
        tell(&metrics, &[], Event::LoopStarted { from: "files".to_owned(), to: to.clone(), parallel: 1, items: None });
        for index in 0..20 {
            tell(&metrics, &[index], ended("item", if index == 3 { State::Failed } else { State::Succeeded }));
        }
        // Those that went well are not told any more.
        tell(&metrics, &[25], ended("item", State::Failed));
        tell(&metrics, &[], Event::LoopProgress { to: to.clone(), done: 30, failed: 2 });
        tell(&metrics, &[], Event::LoopFinished { to, items: 35, failed: 2 });
        let text = metrics.prometheus();
        assert!(text.contains("sub_flow=\"item\",state=\"succeeded\"} 33\n"), "{text}");
        assert!(text.contains("sub_flow=\"item\",state=\"failed\"} 2\n"), "{text}");
        assert!(metrics.counts().loops.is_empty());
    }
}
