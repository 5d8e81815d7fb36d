//! Runs on their way into the index. Each call may be repeated: the last word counts, and an end is never taken back.

use super::value::Value;
use super::{Outcome, Store};
use crate::model::{Detail, Run, RunState};
use crate::time;

const COLUMNS: &str = "job_key, run_id, state, exit_code, started, started_at, seconds, rows_written, n_failures, \
                       n_handled, failed_node, failed_message, peak_rss_bytes, fingerprint, pid, host, has_record";

const PLACES: &str = "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17";

fn values(job_key: i64, run: &Run) -> Vec<Value> {
    vec![
        Value::Int(job_key),
        Value::text(&run.run_id),
        Value::text(run.state.as_str()),
        Value::counts(run.exit_code.map(u64::from)),
        Value::Int(time::seconds(&run.started_at).unwrap_or_default()),
        Value::text(&run.started_at),
        Value::reals(run.seconds),
        Value::counts(run.rows),
        Value::count(run.n_failures),
        Value::count(run.n_handled),
        Value::texts(run.failed_node.as_deref()),
        Value::said(run.failed_message.as_deref()),
        Value::counts(run.peak_rss_bytes),
        Value::texts(run.fingerprint.as_deref()),
        Value::counts(run.pid.map(u64::from)),
        Value::texts(run.host.as_deref()),
        Value::flag(run.has_record),
    ]
}

/// A run goes on. What is known of its end stays.
pub(crate) fn begin(store: &mut dyn Store, job_key: i64, run: &Run) -> Outcome<()> {
    let sql = format!(
        "INSERT INTO pype_runs ({COLUMNS}) VALUES ({PLACES}) ON CONFLICT (run_id, job_key) DO UPDATE SET \
         pid = COALESCE(excluded.pid, pype_runs.pid), host = COALESCE(excluded.host, pype_runs.host)"
    );
    store.execute(&sql, &values(job_key, run))
}

/// A run has ended, one way or another. That it died is no news of one whose end is known.
pub(crate) fn put(store: &mut dyn Store, job_key: i64, detail: &Detail) -> Outcome<()> {
    let only = match detail.run.state {
        RunState::Died => " WHERE pype_runs.state IN ('running', 'died', 'unknown')",
        // A record that says nothing takes nothing back.
        RunState::Unknown => " WHERE pype_runs.state IN ('running', 'unknown')",
        _ => "",
    };
    let sql = format!(
        "INSERT INTO pype_runs ({COLUMNS}) VALUES ({PLACES}) ON CONFLICT (run_id, job_key) DO UPDATE SET \
         state = excluded.state, exit_code = excluded.exit_code, started = excluded.started, \
         started_at = excluded.started_at, seconds = excluded.seconds, rows_written = excluded.rows_written, \
         n_failures = excluded.n_failures, n_handled = excluded.n_handled, failed_node = excluded.failed_node, \
         failed_message = excluded.failed_message, peak_rss_bytes = excluded.peak_rss_bytes, \
         fingerprint = COALESCE(excluded.fingerprint, pype_runs.fingerprint), \
         pid = COALESCE(pype_runs.pid, excluded.pid), host = COALESCE(pype_runs.host, excluded.host), \
         has_record = excluded.has_record{only} RETURNING run_key"
    );
    let Some(mut row) = store.query(&sql, &values(job_key, &detail.run))?.into_iter().next() else { return Ok(()) };
    let key = row.int();
    for table in ["pype_sub_flows", "pype_nodes", "pype_links"] {
        store.execute(&format!("DELETE FROM {table} WHERE run_key = $1"), &[Value::Int(key)])?;
    }
    parts(store, key, detail)
}

fn parts(store: &mut dyn Store, key: i64, detail: &Detail) -> Outcome<()> {
    let id = |at: usize| [Value::Int(key), Value::count(at as u64)];
    let sub_flows = detail.sub_flows.iter().enumerate().map(|(at, part)| {
        let state = Value::text(part.state.as_str());
        let counts = [part.runs, part.failed, part.retries].map(Value::count);
        id(at)
            .into_iter()
            .chain([Value::text(&part.name), state])
            .chain(counts)
            .chain([Value::reals(part.seconds)])
            .collect()
    });
    let into = "pype_sub_flows (run_key, place, name, state, runs, failed, retries, seconds)";
    store.insert(into, sub_flows.collect())?;
    let nodes = detail.nodes.iter().enumerate().map(|(at, part)| {
        let texts =
            [Value::text(&part.id), Value::texts(part.sub_flow.as_deref()), Value::texts(part.module.as_deref())];
        let counts = [part.rows_in, part.rows_out, part.rows_rejected].map(Value::counts);
        let state = [Value::text(part.state.as_str())];
        id(at).into_iter().chain(texts).chain(state).chain(counts).chain([Value::reals(part.seconds)]).collect()
    });
    let into = "pype_nodes (run_key, place, node, sub_flow, module, state, rows_in, rows_out, rows_rejected, seconds)";
    store.insert(into, nodes.collect())?;
    let links = detail.links.iter().enumerate().map(|(at, part)| {
        let ends = [Value::text(&part.from), Value::text(&part.to), Value::count(part.rows)];
        id(at).into_iter().chain(ends).collect()
    });
    store.insert("pype_links (run_key, place, from_port, to_port, rows_passed)", links.collect())
}

/// Says of a run whether its record is still in the job folder.
pub(crate) fn set_record(store: &mut dyn Store, job_key: i64, run_id: &str, has_record: bool) -> Outcome<()> {
    let values = [Value::flag(has_record), Value::Int(job_key), Value::text(run_id)];
    store.execute("UPDATE pype_runs SET has_record = $1 WHERE job_key = $2 AND run_id = $3", &values)
}

/// A run is over, and nothing is left that says how.
pub(crate) fn set_died(store: &mut dyn Store, run_key: i64) -> Outcome<()> {
    let sql = "UPDATE pype_runs SET state = 'died', has_record = 0 WHERE run_key = $1 AND state = 'running'";
    store.execute(sql, &[Value::Int(run_key)])
}
