//! Values for templates: context variables, parameters, and what is known of the run itself.

use super::frames::FrameData;
use super::job::Job;
use super::{RunError, RunOptions};
use crate::template::Scope;
use pypeline_schema::flow::VariableType;
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// The values of one run.
#[derive(Debug)]
pub(super) struct Values {
    context: Mutex<Arc<Map<String, Value>>>,
    params: Arc<Map<String, Value>>,
    run: Arc<Map<String, Value>>,
}

impl Values {
    /// What templates may use now, in a frame.
    pub(super) fn scope(&self, frame: &Arc<FrameData>) -> Scope {
        Scope {
            context: self.context(),
            params: Arc::clone(&self.params),
            run: Arc::clone(&self.run),
            variables: Arc::clone(frame) as _,
        }
    }

    /// The context variables as they are now.
    pub(super) fn context(&self) -> Arc<Map<String, Value>> {
        Arc::clone(&self.context.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sets context variables for what begins from now on.
    pub(super) fn load_context(&self, variables: Map<String, Value>) {
        let mut context = self.context.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut context).extend(variables);
    }

    /// The run's id.
    pub(super) fn run_id(&self) -> &str {
        self.run.get("id").and_then(Value::as_str).unwrap_or_default()
    }

    /// When the run began, as an RFC 3339 text in UTC.
    pub(super) fn started_at(&self) -> &str {
        self.run.get("started_at").and_then(Value::as_str).unwrap_or_default()
    }
}

/// The values that a run begins with. Precedence: `--set`, `PYPE_CTX_*`, the named context, the default file, the declared
/// default. All that is missing is told at once.
pub(super) fn values(job: &Job, options: &RunOptions) -> Result<Values, RunError> {
    let mut context = Map::new();
    for (name, variable) in &job.metadata.context {
        if let Some(default) = &variable.default {
            context.insert(name.clone(), default.clone());
        }
    }
    overlay(&mut context, &job.folder.context("default"), false)?;
    if let Some(name) = &options.context {
        overlay(&mut context, &job.folder.context(name), true)?;
    }
    for name in job.metadata.context.keys().chain(&job.metadata.uses.context) {
        if let Ok(text) = std::env::var(format!("PYPE_CTX_{}", name.to_uppercase())) {
            context.insert(name.clone(), typed(job, name, Value::String(text))?);
        }
    }
    let is_known = |name: &String, context: &Map<String, Value>| {
        context.contains_key(name)
            || job.metadata.context.contains_key(name)
            || job.metadata.uses.context.contains(name)
    };
    for (name, value) in
        options.inherited.iter().filter(|(name, _)| is_known(name, &context)).cloned().collect::<Vec<_>>()
    {
        context.insert(name.clone(), typed(job, &name, value)?);
    }
    let unknown = options.set.iter().filter(|(name, _)| !is_known(name, &context));
    let unknown: Vec<String> = unknown.map(|(name, _)| format!("`{name}`")).collect();
    if !unknown.is_empty() {
        return Err(RunError::UnknownSet(unknown));
    }
    for (name, value) in &options.set {
        context.insert(name.clone(), typed(job, name, value.clone())?);
    }
    context.retain(|_, value| !value.is_null());
    let params: Map<String, Value> = job
        .metadata
        .params
        .iter()
        .filter_map(|(name, variable)| Some((name.clone(), variable.default.clone()?)))
        .collect();
    check("context variables", &job.metadata.uses.context, &context)?;
    check("parameters", &job.metadata.uses.params, &params)?;
    let (id, started_at) = identity();
    let run = [("id".to_owned(), Value::String(id)), ("started_at".to_owned(), Value::String(started_at))];
    let (context, run) = (Mutex::new(Arc::new(context)), Arc::new(run.into_iter().collect()));
    Ok(Values { context, params: Arc::new(params), run })
}

fn overlay(context: &mut Map<String, Value>, path: &Path, required: bool) -> Result<(), RunError> {
    let fail = |why: String| RunError::Context { path: path.display().to_string(), why };
    match std::fs::read(path) {
        Ok(bytes) => {
            let values: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| fail(error.to_string()))?;
            context.extend(values);
            Ok(())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !required => Ok(()),
        Err(error) => Err(fail(error.to_string())),
    }
}

/// A value given from outside, as the declared type; a text where none is declared is taken for what it looks like.
pub(super) fn typed(job: &Job, name: &str, value: Value) -> Result<Value, RunError> {
    let declared = job.metadata.context.get(name).and_then(|variable| variable.type_name);
    let fits = |value: &Value| match declared {
        None => true,
        Some(VariableType::Str) => value.is_string(),
        Some(VariableType::Int) => value.is_i64() || value.is_u64(),
        Some(VariableType::Float) => value.is_number(),
        Some(VariableType::Bool) => value.is_boolean(),
        Some(VariableType::List) => value.is_array(),
        Some(VariableType::Dict) => value.is_object(),
    };
    match (&value, declared) {
        (Value::Null, _) => Ok(value),
        (Value::String(_), Some(VariableType::Str)) => Ok(value),
        (Value::String(text), _) => match serde_json::from_str(text).ok().filter(fits) {
            Some(parsed) => Ok(parsed),
            None if declared.is_none() => Ok(value),
            None => Err(RunError::WrongType(name.to_owned())),
        },
        (Value::Number(_) | Value::Bool(_), Some(VariableType::Str)) => Ok(Value::String(value.to_string())),
        _ if fits(&value) => Ok(value),
        _ => Err(RunError::WrongType(name.to_owned())),
    }
}

fn check(kind: &'static str, needed: &[String], given: &Map<String, Value>) -> Result<(), RunError> {
    let names: Vec<String> =
        needed.iter().filter(|name| !given.contains_key(*name)).map(|name| format!("`{name}`")).collect();
    if names.is_empty() { Ok(()) } else { Err(RunError::Missing { kind, names }) }
}

/// A run's id, which sorts by time, and its beginning as an RFC 3339 text, both in UTC.
fn identity() -> (String, String) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let (days, seconds) = (now.as_secs() / 86_400, now.as_secs() % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let tail = (now.subsec_nanos() ^ std::process::id().wrapping_mul(0x9E37_79B9)) & 0xFF_FFFF;
    (
        format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}-{tail:06x}"),
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"),
    )
}

/// Year, month and day of a day since 1970-01-01 (Howard Hinnant, "chrono-compatible low-level date algorithms").
fn civil(days: u64) -> (u64, u64, u64) {
    let z = days + 719_468;
    let (era, of_era) = (z / 146_097, z % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_778), (2026, 11, 21));
    }
}
