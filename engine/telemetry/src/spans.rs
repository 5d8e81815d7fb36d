//! A run's events as spans: each is made when it has ended, with the times that the events say. So what runs takes no memory
//! but its beginning, and what is not told any more is only counted.

use crate::export::Export;
use opentelemetry::trace::{Event as SpanEvent, Span, SpanBuilder, Status, TraceContextExt, Tracer};
use opentelemetry::{Context, KeyValue};
use pypeline_engine::run::observe::LinkCounter;
use pypeline_engine::secrets::net;
use pypeline_schema::event::{Event, EventLine};
use pypeline_schema::fault::Fault;
use pypeline_schema::run_result::State;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Attempts of a sub flow that are told as events of its span.
const MOST_RETRIES: usize = 20;

/// The spans of one run.
pub(crate) struct Spans {
    job: String,
    /// When the run began.
    began: SystemTime,
    run: Context,
    sub_flow_of: HashMap<String, Arc<str>>,
    /// Sub flows at work, by name and the items around them.
    open: HashMap<(String, Vec<u64>), Open>,
    n_spans: usize,
    n_dropped: u64,
    /// The first failure that may be why the run failed.
    fault: Option<String>,
}

/// A pass of a sub flow.
#[derive(Default)]
struct Open {
    /// Seconds from the run's beginning; not known where its start was not told.
    start: Option<f64>,
    nodes: Vec<Node>,
    retries: Vec<SpanEvent>,
    fault: Option<String>,
}

struct Node {
    id: String,
    state: State,
    seconds: Option<f64>,
    fault: Option<String>,
    attributes: Vec<KeyValue>,
}

/// An attribute without secrets.
pub(crate) fn text(key: &'static str, value: &str) -> KeyValue {
    KeyValue::new(key, net::mask(value).into_owned())
}

/// How something ended.
pub(crate) fn state(state: State) -> KeyValue {
    KeyValue::new("pype.state", state.as_str())
}

fn number(key: &'static str, value: u64) -> KeyValue {
    KeyValue::new(key, i64::try_from(value).unwrap_or(i64::MAX))
}

fn told(fault: &Fault) -> String {
    net::mask(&fault.to_string()).into_owned()
}

impl Spans {
    pub(crate) fn begin(
        export: &Export,
        links: &[LinkCounter],
        t: f64,
        (job, run_id, print): (&str, &str, &str),
    ) -> Self {
        let began = SystemTime::now().checked_sub(seconds(t)).unwrap_or(SystemTime::UNIX_EPOCH);
        let attributes = [text("pype.job", job), text("pype.run_id", run_id), text("pype.fingerprint", print)];
        let name = net::mask(&format!("run {job}")).into_owned();
        let span = SpanBuilder::from_name(name).with_start_time(began).with_attributes(attributes);
        let span = export.tracer.build_with_context(span, &export.around);
        let ends = links
            .iter()
            .flat_map(|link| [&link.from.node, &link.to.node].map(|node| (node.clone(), Arc::clone(&link.sub_flow))));
        Self {
            job: job.to_owned(),
            began,
            run: export.around.with_span(span),
            sub_flow_of: ends.collect(),
            open: HashMap::new(),
            n_spans: 0,
            n_dropped: 0,
            fault: None,
        }
    }

    pub(crate) fn job(&self) -> &str {
        &self.job
    }

    pub(crate) fn take(&mut self, export: &Export, line: &EventLine) {
        let key = |sub_flow: &str| (sub_flow.to_owned(), line.iter.clone());
        match &line.event {
            Event::SubFlowStarted { sub_flow, .. } => {
                self.open.entry(key(sub_flow)).or_default().start.get_or_insert(line.t);
            }
            Event::Retry { sub_flow, attempt, reason, .. } => {
                let at = self.at(line.t);
                let open = self.open.entry(key(sub_flow)).or_default();
                if open.retries.len() < MOST_RETRIES {
                    let attributes = vec![number("pype.attempt", *attempt), text("pype.reason", reason)];
                    open.retries.push(SpanEvent::new("retry", at, attributes, 0));
                }
            }
            Event::NodeFinished { node, state: ended, rows_in, rows_out, rows_rejected, seconds, fault } => {
                // One without links is a sub flow of its own, and has its name.
                let sub_flow = self.sub_flow_of.get(node).map_or(node.as_str(), |sub_flow| &**sub_flow);
                let mut attributes = vec![text("pype.node", node), text("pype.sub_flow", sub_flow), state(*ended)];
                for (name, rows) in
                    [("pype.rows_in", rows_in), ("pype.rows_out", rows_out), ("pype.rows_rejected", rows_rejected)]
                {
                    attributes.extend(rows.map(|rows| number(name, rows)));
                }
                let fault = fault.as_ref().map(told);
                let key = key(sub_flow);
                let open = self.open.entry(key).or_default();
                if open.fault.is_none() {
                    open.fault.clone_from(&fault);
                }
                open.nodes.push(Node { id: node.clone(), state: *ended, seconds: *seconds, fault, attributes });
            }
            Event::SubFlowFinished { sub_flow, state: ended, attempts, seconds, .. } => {
                let open = self.open.remove(&key(sub_flow)).unwrap_or_default();
                // One that was skipped has taken no time.
                if *ended != State::Skipped {
                    self.end_pass(export, line, sub_flow, (*ended, *attempts, *seconds), open);
                }
            }
            Event::RunFinished { state: ended, exit_code, .. } => self.end(line.t, *ended, *exit_code),
            _ => {}
        }
    }

    fn at(&self, t: f64) -> SystemTime {
        self.began.checked_add(seconds(t)).unwrap_or(self.began)
    }

    fn end_pass(
        &mut self,
        export: &Export,
        line: &EventLine,
        name: &str,
        (ended, attempts, took): (State, Option<u64>, Option<f64>),
        open: Open,
    ) {
        if self.fault.is_none() && ended == State::Failed {
            self.fault.clone_from(&open.fault);
        }
        let nodes: Vec<Node> = open.nodes.into_iter().filter(|node| node.state != State::Skipped).collect();
        let n = 1 + nodes.len();
        let most = if ended == State::Succeeded { export.most_spans.0 } else { export.most_spans.1 };
        if self.n_spans + n > most {
            self.n_dropped += n as u64;
            return;
        }
        self.n_spans += n;
        let start = open.start.unwrap_or_else(|| line.t - took.unwrap_or_default());
        let mut attributes = vec![text("pype.job", &self.job), text("pype.sub_flow", name), state(ended)];
        attributes.extend(attempts.map(|attempts| number("pype.attempts", attempts)));
        let path: Vec<String> = line.iter.iter().map(u64::to_string).collect();
        let item = (!path.is_empty()).then(|| text("pype.iter", &path.join("/")));
        attributes.extend(item.clone());
        let span = SpanBuilder::from_name(net::mask(&format!("sub_flow {name}")).into_owned())
            .with_start_time(self.at(start))
            .with_attributes(attributes)
            .with_events(open.retries);
        let around = self.run.with_span(export.tracer.build_with_context(span, &self.run));
        for node in nodes {
            // Events tell when the pass has ended, and how long a node took: it is shown at the end.
            let start = (line.t - node.seconds.unwrap_or_default()).max(start);
            let attributes = node.attributes.into_iter().chain(item.clone());
            let span = SpanBuilder::from_name(net::mask(&format!("node {}", node.id)).into_owned())
                .with_start_time(self.at(start))
                .with_attributes(attributes);
            let mut span = export.tracer.build_with_context(span, &around);
            span.set_status(status(node.state, node.fault.as_deref()));
            span.end_with_timestamp(self.at(line.t));
        }
        let pass = around.span();
        pass.set_status(status(ended, open.fault.as_deref()));
        pass.end_with_timestamp(self.at(line.t));
    }

    fn end(&mut self, t: f64, ended: State, exit_code: u8) {
        let span = self.run.span();
        span.set_attributes([state(ended), KeyValue::new("pype.exit_code", i64::from(exit_code))]);
        if self.n_dropped > 0 {
            span.set_attribute(number("pype.spans_dropped", self.n_dropped));
        }
        span.set_status(status(ended, self.fault.as_deref()));
        span.end_with_timestamp(self.at(t));
    }
}

fn status(ended: State, fault: Option<&str>) -> Status {
    match ended {
        State::Succeeded => Status::Ok,
        State::Failed => Status::error(fault.unwrap_or("failed").to_owned()),
        // Stopped on request, or not begun: neither good nor bad.
        State::Pending | State::Running | State::Skipped | State::Cancelled | State::Restored => Status::Unset,
    }
}

fn seconds(t: f64) -> Duration {
    Duration::try_from_secs_f64(t.max(0.0)).unwrap_or_default()
}
