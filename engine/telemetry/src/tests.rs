//! A run against a collector in this process, which takes OTLP over HTTP and is asked afterwards what it got.

use super::*;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue as Pair};
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::{Span, status::StatusCode};
use prost::Message;
use pypeline_engine::secrets::net;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::link::PortRef;
use pypeline_schema::run_result::State as RunState;
use pypeline_schema::secret::Secret;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::AtomicU64;
use std::time::Instant;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(60);

struct Request {
    path: String,
    head: String,
    body: Vec<u8>,
}

#[derive(Default)]
struct Got(Mutex<Vec<Request>>);

impl Got {
    fn of<T: Message + Default>(&self, path: &str) -> Vec<T> {
        let requests = self.0.lock().unwrap();
        requests
            .iter()
            .filter(|request| request.path == path)
            .map(|request| T::decode(&*request.body).unwrap())
            .collect()
    }

    fn spans(&self) -> Vec<Span> {
        let requests = self.of::<ExportTraceServiceRequest>("/v1/traces");
        let scopes = requests.into_iter().flat_map(|request| request.resource_spans).flat_map(|of| of.scope_spans);
        scopes.flat_map(|scope| scope.spans).collect()
    }
}

fn collector() -> (String, Arc<Got>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, got) = (listener.local_addr().unwrap(), Arc::new(Got::default()));
    let takes = Arc::clone(&got);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let got = Arc::clone(&takes);
            std::thread::spawn(move || serve(stream, &got));
        }
    });
    (format!("http://{address}"), got)
}

fn serve(mut stream: TcpStream, got: &Got) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let lower = head.to_lowercase();
        let length = lower.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        got.0.lock().unwrap().push(Request { path, head: lower, body });
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    }
}

fn settings(url: &str, more: &[(&str, &str)]) -> Settings {
    let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", url);
    let variables: BTreeMap<&str, &str> = more.iter().copied().chain([base]).collect();
    Settings::from_variables(|name| variables.get(name).map(|value| (*value).to_owned())).unwrap()
}

fn links() -> Vec<LinkCounter> {
    let port = |node: &str, port: &str| PortRef { node: node.to_owned(), port: port.to_owned() };
    let (from, to) = (port("read", "data"), port("write", "input"));
    vec![LinkCounter { from, to, sub_flow: "read".into(), rows: Arc::new(AtomicU64::new(42)) }]
}

fn node(node: &str, state: RunState, rows: Option<u64>, fault: Option<Fault>) -> Event {
    let (node, seconds) = (node.to_owned(), Some(0.25));
    Event::NodeFinished { node, state, rows_in: None, rows_out: rows, rows_rejected: None, seconds, fault }
}

fn started(sub_flow: &str, attempt: u64) -> Event {
    Event::SubFlowStarted { sub_flow: sub_flow.to_owned(), attempt }
}

fn ended(sub_flow: &str, state: RunState) -> Event {
    let (attempts, seconds) = (Some(1), Some(0.5));
    Event::SubFlowFinished { sub_flow: sub_flow.to_owned(), state, skipped: None, attempts, seconds }
}

/// A run of these events, a second apart.
fn run(telemetry: &Telemetry, events: Vec<(Vec<u64>, Event)>, state: RunState) {
    telemetry.begin(&links());
    let first = Event::RunStarted {
        format_version: 1,
        run_id: "r1".to_owned(),
        job: "daily".to_owned(),
        started_at: String::new(),
        fingerprint: "f".to_owned(),
        resumes: None,
    };
    let last = Event::RunFinished { state, exit_code: 1, seconds: 9.0 };
    let all = std::iter::once((Vec::new(), first)).chain(events).chain([(Vec::new(), last)]);
    for (n, (iter, event)) in all.enumerate() {
        telemetry.event(&EventLine { seq: n as u64 + 1, t: n as f64, iter, event });
    }
    telemetry.finish();
}

fn value(pairs: &[Pair], key: &str) -> Option<String> {
    let pair = pairs.iter().find(|pair| pair.key == key)?;
    match &pair.value {
        Some(AnyValue { value: Some(Value::StringValue(text)) }) => Some(text.clone()),
        Some(AnyValue { value: Some(Value::IntValue(number)) }) => Some(number.to_string()),
        _ => None,
    }
}

#[test]
fn a_run_is_a_trace_with_its_parts() {
    let secret = "hunter2-hunter2-hunter2";
    net::add([&Secret::new(secret)]);
    let (url, got) = collector();
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let variables = [
        ("TRACEPARENT", parent),
        ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20tok-5f2c9a71"),
        ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=test"),
    ];
    let telemetry = Telemetry::new(settings(&url, &variables)).unwrap();
    let fault = Fault::new(FaultKind::Io, format!("no login as u:{secret}"));
    let retry = Event::Retry { sub_flow: "read".to_owned(), attempt: 1, delay: 0.1, reason: format!("{secret}!") };
    let events = vec![
        (vec![], started("read", 1)),
        (vec![], retry),
        (vec![], started("read", 2)),
        (vec![], node("read", RunState::Succeeded, Some(42), None)),
        (vec![], node("write", RunState::Failed, None, Some(fault))),
        (vec![], ended("read", RunState::Failed)),
        (vec![], ended("never", RunState::Skipped)),
        (vec![3, 1], started("solo", 1)),
        (vec![3, 1], node("solo", RunState::Succeeded, None, None)),
        (vec![3, 1], ended("solo", RunState::Succeeded)),
    ];
    run(&telemetry, events, RunState::Failed);
    let spans = got.spans();
    let span = |name: &str| spans.iter().find(|span| span.name == name).unwrap();
    let mut names: Vec<&str> = spans.iter().map(|span| span.name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["node read", "node solo", "node write", "run daily", "sub_flow read", "sub_flow solo"]);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    assert!(spans.iter().all(|span| hex(&span.trace_id) == "0af7651916cd43dd8448eb211c80319c"));
    assert_eq!(hex(&span("run daily").parent_span_id), "b7ad6b7169203331");
    for (child, parent) in [
        ("sub_flow read", "run daily"),
        ("sub_flow solo", "run daily"),
        ("node read", "sub_flow read"),
        ("node write", "sub_flow read"),
        ("node solo", "sub_flow solo"),
    ] {
        assert_eq!(span(child).parent_span_id, span(parent).span_id, "{child}");
    }
    let of = |name: &str, key: &str| value(&span(name).attributes, key);
    assert_eq!(of("run daily", "pype.run_id").as_deref(), Some("r1"));
    assert_eq!(of("run daily", "pype.state").as_deref(), Some("failed"));
    assert_eq!(of("node read", "pype.rows_out").as_deref(), Some("42"));
    assert_eq!(of("sub_flow solo", "pype.iter").as_deref(), Some("3/1"));
    assert_eq!(of("node solo", "pype.iter").as_deref(), Some("3/1"));
    let status = |name: &str| span(name).status.clone().map(|status| (status.code, status.message)).unwrap();
    let failed = (StatusCode::Error as i32, "no login as u:***".to_owned());
    for name in ["run daily", "sub_flow read", "node write"] {
        assert_eq!(status(name), failed, "{name}");
    }
    assert_eq!(status("node read").0, StatusCode::Ok as i32);
    let seconds = |name: &str| (span(name).end_time_unix_nano - span(name).start_time_unix_nano) as f64 / 1e9;
    assert_eq!((seconds("run daily"), seconds("sub_flow read"), seconds("node read")), (11.0, 5.0, 0.25));
    assert_eq!(value(&span("sub_flow read").events[0].attributes, "pype.reason").as_deref(), Some("***!"));
    let requests = got.0.lock().unwrap();
    assert!(requests.iter().all(|request| request.head.contains("authorization: bearer tok-5f2c9a71")));
    let shows = |request: &Request| request.body.windows(8).any(|part| part == b"hunter2-");
    assert!(!requests.iter().any(shows));
    drop(requests);
    let resource = got.of::<ExportTraceServiceRequest>("/v1/traces")[0].resource_spans[0].resource.clone().unwrap();
    assert_eq!(value(&resource.attributes, "service.name").as_deref(), Some("pype"));
    assert_eq!(value(&resource.attributes, "deployment.environment").as_deref(), Some("test"));
    assert_eq!(net::mask("tok-5f2c9a71"), net::MASK);
}

#[test]
fn metrics_are_sent_at_the_end() {
    let (url, got) = collector();
    let telemetry = Telemetry::new(settings(&url, &[])).unwrap();
    run(&telemetry, vec![(vec![], ended("read", RunState::Succeeded))], RunState::Succeeded);
    let requests = got.of::<ExportMetricsServiceRequest>("/v1/metrics");
    let scopes = requests.into_iter().flat_map(|request| request.resource_metrics).flat_map(|of| of.scope_metrics);
    let data: BTreeMap<String, Data> =
        scopes.flat_map(|scope| scope.metrics).map(|metric| (metric.name, metric.data.unwrap())).collect();
    let Data::Sum(rows) = &data["pype.link.rows"] else { panic!("no sum") };
    assert_eq!(value(&rows.data_points[0].attributes, "pype.link.to").as_deref(), Some("write.input"));
    assert!(format!("{:?}", rows.data_points[0].value).contains("42"));
    let Data::Histogram(seconds) = &data["pype.run.duration"] else { panic!("no histogram") };
    assert_eq!((seconds.data_points[0].count, seconds.data_points[0].sum), (1, Some(9.0)));
    let Data::Histogram(seconds) = &data["pype.sub_flow.duration"] else { panic!("no histogram") };
    assert_eq!(value(&seconds.data_points[0].attributes, "pype.sub_flow").as_deref(), Some("read"));
}

#[test]
fn a_long_loop_has_so_many_spans_and_a_count() {
    let (url, got) = collector();
    let telemetry = Telemetry::new(Settings { most_spans: 20, ..settings(&url, &[]) }).unwrap();
    let item = |n: u64| {
        let state = if n == 900 { RunState::Failed } else { RunState::Succeeded };
        [(vec![n], node("item", state, None, None)), (vec![n], ended("item", state))]
    };
    run(&telemetry, (0..1000).flat_map(item).collect(), RunState::Failed);
    let spans = got.spans();
    let run = spans.iter().find(|span| span.name == "run daily").unwrap();
    // Two for each of ten items, two for the one that failed, and the run's own.
    assert_eq!(spans.len(), 23);
    assert_eq!(value(&run.attributes, "pype.spans_dropped").as_deref(), Some("1978"));
    assert!(spans.iter().any(|span| value(&span.attributes, "pype.iter").as_deref() == Some("900")));
}

#[test]
fn a_collector_that_is_dead_or_silent_holds_nobody_up() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    for address in [gone, silent.local_addr().unwrap()] {
        let began = Instant::now();
        let telemetry = Telemetry::new(settings(&format!("http://{address}"), &[])).unwrap();
        let events = (0..100).map(|n| (vec![n], ended("item", RunState::Succeeded))).collect();
        run(&telemetry, events, RunState::Succeeded);
        drop(telemetry);
        assert!(began.elapsed() < LONG, "{address}: {:?}", began.elapsed());
    }
    assert!(Telemetry::new(settings("no address", &[])).is_none());
}
