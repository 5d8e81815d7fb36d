//! The way to the collector: batches of spans and, at the end, metrics, each sent on a thread of the library's.

use crate::Settings;
use opentelemetry::Context;
use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{MetricExporter, Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::ResourceMetrics;
use opentelemetry_sdk::metrics::exporter::PushMetricExporter;
use opentelemetry_sdk::metrics::{PeriodicReader, SdkMeterProvider, Temporality};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::resource::TelemetryResourceDetector;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, SdkTracer, SdkTracerProvider, SpanData};
use pypeline_engine::secrets::net;
use pypeline_schema::secret::Secret;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Metrics are sent once, at the end: a run is over before anybody would look twice.
const NEVER: Duration = Duration::from_secs(86_400);

/// Spans of a run that did not succeed, beyond the others: one part in so many.
const SHARE_FOR_FAILURES: usize = 10;

/// What sends.
pub(crate) struct Export {
    traces: SdkTracerProvider,
    metrics: SdkMeterProvider,
    pub tracer: SdkTracer,
    /// The caller's span, or nothing.
    pub around: Context,
    /// Spans at most, and at most with those that did not succeed.
    pub most_spans: (usize, usize),
    pub rows: Counter<u64>,
    pub run_seconds: Histogram<f64>,
    pub sub_flow_seconds: Histogram<f64>,
}

impl Export {
    pub(crate) fn new(settings: Settings) -> Result<Self, String> {
        let secrets: Vec<Secret> = settings.secrets().into_iter().map(Secret::new).collect();
        net::add(&secrets);
        // Somebody else's choice is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let attributes =
            settings.resource.iter().map(|(key, value)| KeyValue::new(key.clone(), net::mask(value).into_owned()));
        let resource = Resource::builder_empty()
            .with_detector(Box::new(TelemetryResourceDetector))
            .with_attributes(attributes)
            .build();
        let has_warned = Arc::new(AtomicBool::new(false));
        let most = settings.most_spans.saturating_add(settings.most_spans / SHARE_FOR_FAILURES);
        let mut traces = SdkTracerProvider::builder().with_resource(resource.clone());
        if let Some(url) = &settings.traces {
            let exporter = SpanExporter::builder().with_http();
            let exporter =
                exporter.with_protocol(Protocol::HttpBinary).with_endpoint(url).with_timeout(settings.timeout);
            let exporter = exporter.with_headers(headers(&settings)).with_http_client(client(settings.timeout)?);
            let exporter = exporter.build().map_err(|error| error.to_string())?;
            // All of a run fits in, also while the collector takes its time.
            let batches = BatchConfigBuilder::default().with_max_queue_size(most.saturating_add(1)).build();
            let exporter = Watched { exporter, has_warned: Arc::clone(&has_warned) };
            traces =
                traces.with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build());
        }
        let mut metrics = SdkMeterProvider::builder().with_resource(resource);
        if let Some(url) = &settings.metrics {
            let exporter = MetricExporter::builder().with_http();
            let exporter =
                exporter.with_protocol(Protocol::HttpBinary).with_endpoint(url).with_timeout(settings.timeout);
            let exporter = exporter.with_headers(headers(&settings)).with_http_client(client(settings.timeout)?);
            let exporter = exporter.build().map_err(|error| error.to_string())?;
            let exporter = Watched { exporter, has_warned };
            metrics = metrics.with_reader(PeriodicReader::builder(exporter).with_interval(NEVER).build());
        }
        let (traces, metrics) = (traces.build(), metrics.build());
        let meter = metrics.meter("pype");
        let seconds =
            |name: &'static str, what| meter.f64_histogram(name).with_unit("s").with_description(what).build();
        Ok(Self {
            tracer: traces.tracer("pype"),
            around: around(settings.parent),
            most_spans: (settings.most_spans, most),
            rows: meter
                .u64_counter("pype.link.rows")
                .with_unit("{row}")
                .with_description("Rows on a data link")
                .build(),
            run_seconds: seconds("pype.run.duration", "Wall time of a run"),
            sub_flow_seconds: seconds("pype.sub_flow.duration", "Wall time of a pass of a sub flow, with its retries"),
            traces,
            metrics,
        })
    }

    /// Sends what is left. It has been told already of what the collector does not take.
    pub(crate) fn close(&self, patience: Duration) {
        std::thread::scope(|both| {
            both.spawn(|| self.metrics.shutdown_with_timeout(patience));
            let _ = self.traces.shutdown_with_timeout(patience);
        });
    }
}

fn headers(settings: &Settings) -> HashMap<String, String> {
    settings.headers.iter().cloned().collect()
}

/// Made on a thread of its own: it may not be where a runtime is at work.
fn client(timeout: Duration) -> Result<reqwest::blocking::Client, String> {
    let build = move || reqwest::blocking::Client::builder().timeout(timeout).build();
    let built = std::thread::Builder::new().spawn(build).map_err(|error| error.to_string())?.join();
    built.map_err(|_| "its client cannot be made".to_owned())?.map_err(|error| error.to_string())
}

fn around(parent: Option<(String, String)>) -> Context {
    let Some((parent, state)) = parent else { return Context::new() };
    let carrier = HashMap::from([("traceparent".to_owned(), parent), ("tracestate".to_owned(), state)]);
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier)
}

/// Tells once of what the collector does not take.
#[derive(Debug)]
struct Watched<E> {
    exporter: E,
    has_warned: Arc<AtomicBool>,
}

impl<E> Watched<E> {
    fn note(&self, sent: &OTelSdkResult) {
        if let Err(error) = sent
            && !self.has_warned.swap(true, Ordering::AcqRel)
        {
            tracing::warn!("the collector does not take traces or metrics: {error}");
        }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Watched<SpanExporter> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let sent = self.exporter.export(batch).await;
        self.note(&sent);
        sent
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl PushMetricExporter for Watched<MetricExporter> {
    async fn export(&self, metrics: &ResourceMetrics) -> OTelSdkResult {
        let sent = self.exporter.export(metrics).await;
        self.note(&sent);
        sent
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn temporality(&self) -> Temporality {
        self.exporter.temporality()
    }
}
