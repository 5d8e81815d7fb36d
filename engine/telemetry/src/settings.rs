//! Where traces and metrics go: the variables that OpenTelemetry defines.

use percent_encoding::percent_decode_str;
use std::time::Duration;

/// Spans of a run, at most; the run's own is not counted.
const MOST_SPANS: usize = 5_000;

/// Words in the names of headers that log in. The value of another, as a tenant's name, is an ordinary word.
const LOGINS: [&str; 7] = ["auth", "cookie", "key", "pass", "secret", "signature", "token"];

/// How long one request may take.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Where and as whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The URL that takes traces.
    pub traces: Option<String>,
    /// The URL that takes metrics.
    pub metrics: Option<String>,
    /// Headers of each request; the values of those that log in are taken for secrets.
    pub headers: Vec<(String, String)>,
    /// How long one request may take.
    pub timeout: Duration,
    /// Attributes of everything that is sent, `service.name` among them.
    pub resource: Vec<(String, String)>,
    /// The caller's span, as `traceparent` and `tracestate` of W3C Trace Context.
    pub parent: Option<(String, String)>,
    /// Spans at most; later ones are counted.
    pub most_spans: usize,
}

impl Settings {
    /// As the variables say; none where they name no collector, or `OTEL_SDK_DISABLED` is true.
    pub fn from_variables(get: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let get = |name: &str| get(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        if get("OTEL_SDK_DISABLED").is_some_and(|text| text.eq_ignore_ascii_case("true")) {
            return None;
        }
        let base = get("OTEL_EXPORTER_OTLP_ENDPOINT");
        let signal = |name: &str, path: &str| {
            let is_off = get(&format!("OTEL_{name}_EXPORTER")).is_some_and(|text| text == "none");
            let of_base = || base.as_ref().map(|base| format!("{}/{path}", base.trim_end_matches('/')));
            get(&format!("OTEL_EXPORTER_OTLP_{name}_ENDPOINT")).or_else(of_base).filter(|_| !is_off)
        };
        let (traces, metrics) = (signal("TRACES", "v1/traces"), signal("METRICS", "v1/metrics"));
        if traces.is_none() && metrics.is_none() {
            return None;
        }
        let mut resource = pairs(&get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default());
        let named = resource.iter().position(|(key, _)| key == "service.name").map(|at| resource.remove(at).1);
        let name = get("OTEL_SERVICE_NAME").or(named).unwrap_or_else(|| "pype".to_owned());
        resource.push(("service.name".to_owned(), name));
        let timeout = get("OTEL_EXPORTER_OTLP_TIMEOUT").and_then(|text| text.parse().ok());
        Some(Self {
            traces,
            metrics,
            headers: pairs(&get("OTEL_EXPORTER_OTLP_HEADERS").unwrap_or_default()),
            timeout: timeout.map_or(TIMEOUT, Duration::from_millis),
            resource,
            parent: get("TRACEPARENT").map(|parent| (parent, get("TRACESTATE").unwrap_or_default())),
            most_spans: MOST_SPANS,
        })
    }

    /// What nobody may read in a log: values of headers that log in, and a password in an address.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let addresses = self.traces.iter().chain(&self.metrics);
        let logins = addresses
            .filter_map(|url| Some(url.split_once("://")?.1.split('/').next()?.rsplit_once('@')?.0.to_owned()));
        let passwords: Vec<String> = logins.filter_map(|login| Some(login.split_once(':')?.1.to_owned())).collect();
        let is_login = |name: &str| LOGINS.iter().any(|word| name.to_ascii_lowercase().contains(word));
        let values = self.headers.iter().filter(|(name, _)| is_login(name)).map(|(_, value)| value);
        // The scheme before a token is in every request.
        let tokens = values.map(|value| value.rsplit_once(' ').map_or(value.as_str(), |(_, token)| token).to_owned());
        tokens.chain(passwords).collect()
    }
}

/// `a=b,c=d`, with `%20` and the like in the values.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split(',').filter_map(|pair| pair.split_once('='));
    let decoded = |value: &str| percent_decode_str(value.trim()).decode_utf8_lossy().into_owned();
    pairs.map(|(key, value)| (key.trim().to_owned(), decoded(value))).filter(|(key, _)| !key.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(variables: &[(&str, &str)]) -> Option<Settings> {
        Settings::from_variables(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn the_standard_variables_are_read() {
        assert!(of(&[]).is_none());
        assert!(of(&[("OTEL_SERVICE_NAME", "x"), ("OTEL_EXPORTER_OTLP_ENDPOINT", " ")]).is_none());
        let base = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://c:4318/");
        assert!(of(&[base, ("OTEL_SDK_DISABLED", "True")]).is_none());
        let settings = of(&[
            base,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://u:pa%20ss@t/x"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abcdef, x-tenant=one,broken"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=late,host.name=h"),
            ("OTEL_SERVICE_NAME", "etl"),
            ("TRACEPARENT", "00-1-2-01"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
        ]);
        let settings = settings.unwrap();
        assert_eq!(settings.traces.as_deref(), Some("http://u:pa%20ss@t/x"));
        assert_eq!(settings.metrics.as_deref(), Some("http://c:4318/v1/metrics"));
        assert_eq!(settings.secrets(), ["abcdef", "pa%20ss"]);
        let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        assert_eq!(settings.resource, [pair("host.name", "h"), pair("service.name", "etl")]);
        assert_eq!(settings.parent, Some(pair("00-1-2-01", "")));
        assert_eq!(settings.timeout, Duration::from_millis(250));
        assert!(of(&[base, ("OTEL_METRICS_EXPORTER", "none")]).unwrap().metrics.is_none());
    }
}
