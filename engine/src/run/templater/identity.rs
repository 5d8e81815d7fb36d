//! A run's id, and when it began.

use crate::run::job::Job;
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::event::Event;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Who a run is.
#[derive(Clone)]
pub(in crate::run) struct Identity {
    /// Sorts by time.
    pub id: String,
    /// RFC 3339, UTC.
    pub started_at: String,
    /// Id of the run that it goes on with, and when that began: what templates see.
    pub resumes: Option<(String, String)>,
    /// `run.id` and `run.started_at`.
    pub values: Arc<Map<String, Value>>,
}

impl Identity {
    /// A run that begins now.
    pub(in crate::run) fn now() -> Self {
        let now = jiff::Timestamp::now();
        // Microseconds, so that runs of one second sort by time too, and a little of the process.
        let micros = u32::try_from(now.subsec_nanosecond() / 1000).unwrap_or_default();
        let tail = micros << 4 | (std::process::id() & 0xF);
        let id = format!("{}-{tail:06x}", now.strftime("%Y%m%dT%H%M%S"));
        let started_at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        Self { values: values(&id, &started_at), id, started_at, resumes: None }
    }

    /// The same, going on with another: to templates it is that one.
    pub(in crate::run) fn resuming(self, id: &str, started_at: &str) -> Self {
        let resumes = Some((id.to_owned(), started_at.to_owned()));
        Self { values: values(id, started_at), resumes, ..self }
    }

    /// The run's id in templates.
    pub(in crate::run) fn logical_id(&self) -> &str {
        self.resumes.as_ref().map_or(&self.id, |(id, _)| id)
    }

    /// When the run began, in templates.
    pub(in crate::run) fn logical_start(&self) -> &str {
        self.resumes.as_ref().map_or(&self.started_at, |(_, started_at)| started_at)
    }

    /// The first line of the run's event log.
    pub(in crate::run) fn started(&self, job: &Job) -> Event {
        Event::RunStarted {
            format_version: FORMAT_VERSION,
            run_id: self.id.clone(),
            job: job.dag.flow.name.clone(),
            started_at: self.started_at.clone(),
            fingerprint: job.metadata.fingerprint.clone(),
            resumes: self.resumes.as_ref().map(|(id, _)| id.clone()),
        }
    }
}

fn values(id: &str, started_at: &str) -> Arc<Map<String, Value>> {
    let values = [("id", id), ("started_at", started_at)];
    Arc::new(values.into_iter().map(|(name, value)| (name.to_owned(), Value::from(value))).collect())
}
