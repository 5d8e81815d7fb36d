//! The text forms of a run's numbers.

use super::Counts;
use crate::secrets::net;
use prometheus_client::encoding::EncodeMetric;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::TypedMetric;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use pypeline_schema::run_result::State;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicU64, Ordering};

/// The port for rows that a node did not take.
const REJECT: &str = "reject";

type Labels = Vec<(&'static str, String)>;
type Real = Gauge<f64, AtomicU64>;

/// All families in the form of OpenMetrics; nothing before the run has begun.
pub(super) fn render(counts: &Counts) -> String {
    let Some(began) = counts.began else { return String::new() };
    let job = (Cow::Borrowed("job"), Cow::Owned(clean(&counts.job)));
    let mut registry = Registry::with_labels(std::iter::once(job));
    let info = [(vec![("run_id", clean(&counts.run_id)), ("fingerprint", clean(&counts.fingerprint))], 1)];
    gauges(&mut registry, "pype_run_info", "The run that the other lines tell of", info);
    let states = [State::Running, State::Succeeded, State::Failed, State::Cancelled];
    let state = |state: State| (vec![("state", state.as_str().to_owned())], i64::from(counts.state == Some(state)));
    gauges(&mut registry, "pype_run_state", "1 for the state of the run, 0 for the others", states.map(state));
    let seconds = counts.seconds.unwrap_or_else(|| began.elapsed().as_secs_f64());
    reals(&mut registry, "pype_run_seconds", "Wall time of the run", [(Vec::new(), seconds)]);
    let success = counts.last_success.map(|time| (Vec::new(), time));
    let help = "When the job last succeeded, in seconds since 1970";
    reals(&mut registry, "pype_run_last_success_timestamp_seconds", help, success);
    let runs = counts
        .sub_flow_runs
        .iter()
        .map(|((sub_flow, state), n)| (vec![("sub_flow", clean(sub_flow)), ("state", (*state).to_owned())], *n));
    counters(&mut registry, "pype_sub_flow_runs", "Runs of a sub flow that have ended", runs);
    let seconds = counts.sub_flow_seconds.iter().map(|(sub_flow, n)| (vec![("sub_flow", clean(sub_flow))], *n));
    let help = "Wall time of all runs of a sub flow that were told of, with their retries";
    reals(&mut registry, "pype_sub_flow_seconds", help, seconds);
    let rows = node_rows(counts).into_iter();
    let rows = rows.map(|((node, way), n)| (vec![("node", clean(&node)), ("direction", way.to_owned())], n));
    counters(&mut registry, "pype_node_rows", "Rows of a node so far", rows);
    let links = counts.links.iter().map(|link| {
        let (from, to) = (clean(&link.from.to_string()), clean(&link.to.to_string()));
        (vec![("from", from), ("to", to)], link.rows.load(Ordering::Relaxed))
    });
    counters(&mut registry, "pype_link_rows", "Rows on a data link so far", links);
    counters(&mut registry, "pype_retries", "Attempts after a transient failure", [(Vec::new(), counts.retries)]);
    let failures = [("true", counts.handled), ("false", counts.failures.saturating_sub(counts.handled))];
    let failures = failures.map(|(handled, n)| (vec![("handled", handled.to_owned())], n));
    counters(&mut registry, "pype_failures", "Failures so far; one that is handled later moves", failures);
    let peak = i64::try_from(peak_memory()).unwrap_or(i64::MAX);
    gauges(&mut registry, "pype_peak_memory_bytes", "Most resident memory of the process", [(Vec::new(), peak)]);
    let mut text = String::new();
    // It fails only where a string cannot be written to.
    let _ = encode(&mut text, &registry);
    text
}

fn gauges(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, i64)>) {
    family(registry, name, help, values, |gauge: &Gauge, value| {
        gauge.set(value);
    });
}

fn reals(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, f64)>) {
    family(registry, name, help, values, |gauge: &Real, value| {
        gauge.set(value);
    });
}

/// Their names get `_total` behind them.
fn counters(registry: &mut Registry, name: &str, help: &str, values: impl IntoIterator<Item = (Labels, u64)>) {
    family(registry, name, help, values, |counter: &Counter, value| {
        counter.inc_by(value);
    });
}

fn family<M, V>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    values: impl IntoIterator<Item = (Labels, V)>,
    set: impl Fn(&M, V),
) where
    M: Default + EncodeMetric + TypedMetric + Debug + Send + Sync + Clone + 'static,
{
    let family = Family::<Labels, M>::default();
    for (labels, value) in values {
        set(&family.get_or_create_owned(&labels), value);
    }
    registry.register(name, help, family);
}

/// Rows in, out and rejected, by node: as the result of the run tells them, from the links alone.
fn node_rows(counts: &Counts) -> BTreeMap<(String, &'static str), u64> {
    let (mut rows, mut of_port) = (BTreeMap::new(), BTreeMap::new());
    for link in &counts.links {
        let n = link.rows.load(Ordering::Relaxed);
        *rows.entry((link.to.node.clone(), "in")).or_default() += n;
        // Every link of a port carries all its rows.
        let most: &mut u64 = of_port.entry((&link.from.node, &link.from.port)).or_default();
        *most = n.max(*most);
    }
    for ((node, port), n) in of_port {
        *rows.entry((node.clone(), if port == REJECT { "rejected" } else { "out" })).or_default() += n;
    }
    rows.extend(counts.given.iter().map(|(node, n)| ((node.clone(), "out"), *n)));
    rows
}

/// The value of a label, without secrets.
fn clean(text: &str) -> String {
    net::mask(text).into_owned()
}

/// Most resident memory of this process so far, in bytes; 0 where the system does not tell.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

/// Prometheus's own form: there a counter's family has its `_total`, and families without lines are not told. Lines are sorted.
pub(super) fn prometheus(open_metrics: &str) -> String {
    let mut out = String::with_capacity(open_metrics.len());
    let (mut head, mut help, mut lines) = (String::new(), "", Vec::new());
    for line in open_metrics.lines().chain(["# HELP"]) {
        if let Some(text) = line.strip_prefix("# HELP") {
            if !lines.is_empty() {
                lines.sort_unstable();
                out.push_str(&head);
                lines.drain(..).for_each(|line: &str| {
                    out.push_str(line);
                    out.push('\n');
                });
            }
            help = text.trim_start().split_once(' ').map_or("", |(_, text)| text);
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|text| text.split_once(' ')) {
            let name = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
            head = format!("# HELP {name} {help}\n# TYPE {name} {kind}\n");
        } else if !line.starts_with('#') {
            lines.push(line);
        }
    }
    out
}
