//! A run's id, and when it began.

use serde_json::{Map, Value};
use std::sync::Arc;

/// Who a run is.
pub(super) struct Identity {
    /// Sorts by time.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// `run.id` and `run.started_at`.
    pub values: Arc<Map<String, Value>>,
}

impl Identity {
    /// A run that begins now.
    pub(super) fn now() -> Self {
        let now = jiff::Timestamp::now();
        let tail = (now.subsec_nanosecond().unsigned_abs() ^ std::process::id().wrapping_mul(0x9E37_79B9)) & 0xFF_FFFF;
        let id = format!("{}-{tail:06x}", now.strftime("%Y%m%dT%H%M%S"));
        let started_at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let values = [("id", &id), ("started_at", &started_at)];
        let values = values.map(|(name, value)| (name.to_owned(), Value::String(value.clone())));
        Self { values: Arc::new(values.into_iter().collect()), id, started_at }
    }
}
