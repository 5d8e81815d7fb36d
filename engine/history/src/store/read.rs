//! Questions to the index. Each goes through an index of the database, so that it takes no longer with more runs.

use super::value::{Row, Value};
use super::{Outcome, Store};
use crate::model::{Link, Node, Run, RunState, SubFlow, node_state};
use std::path::PathBuf;

/// A run with its keys.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub key: i64,
    pub job_key: i64,
    pub run: Run,
}

/// Which runs: all that is given must be so.
#[derive(Debug, Clone, Default)]
pub(crate) struct Which {
    pub job_key: Option<i64>,
    pub state: Option<RunState>,
    /// Began then or later, in seconds since 1970.
    pub since: Option<i64>,
}

// The order of the tables is the order of the search in one database, and no matter in the other.
const RUN: &str = "SELECT r.run_key, r.job_key, r.run_id, j.name, j.folder, j.project, r.state, r.exit_code, \
                   r.started_at, r.seconds, r.rows_written, r.n_failures, r.n_handled, r.failed_node, \
                   r.failed_message, r.peak_rss_bytes, r.fingerprint, r.pid, r.host, r.has_record \
                   FROM pype_runs r CROSS JOIN pype_jobs j WHERE j.job_key = r.job_key";

// Of runs that began in the same second, the one that came into the index last.
const NEWEST_FIRST: &str = "ORDER BY r.started DESC, r.run_key DESC";

fn known(mut row: Row) -> Known {
    Known {
        key: row.int(),
        job_key: row.int(),
        run: Run {
            run_id: row.text(),
            job: row.text(),
            job_folder: PathBuf::from(row.text()),
            project: PathBuf::from(row.text()),
            state: RunState::of(&row.text()).unwrap_or(RunState::Unknown),
            exit_code: row.ints().and_then(|code| u8::try_from(code).ok()),
            started_at: row.text(),
            seconds: row.reals(),
            rows: row.counts(),
            n_failures: row.count(),
            n_handled: row.count(),
            failed_node: row.texts(),
            failed_message: row.texts(),
            peak_rss_bytes: row.counts(),
            fingerprint: row.texts(),
            pid: row.ints().and_then(|pid| u32::try_from(pid).ok()),
            host: row.texts(),
            has_record: row.int() != 0,
            resumes: None,
            resumable: false,
        },
    }
}

/// Runs, newest first, at most `limit`.
pub(crate) fn runs(store: &mut dyn Store, which: &Which, limit: usize) -> Outcome<Vec<Known>> {
    let (mut sql, mut values) = (RUN.to_owned(), Vec::new());
    let mut and = |condition: &str, value: Value| {
        values.push(value);
        sql.push_str(&format!(" AND {condition} ${}", values.len()));
    };
    if let Some(job_key) = which.job_key {
        and("r.job_key =", Value::Int(job_key));
    }
    if let Some(state) = which.state {
        and("r.state =", Value::text(state.as_str()));
    }
    if let Some(since) = which.since {
        and("r.started >=", Value::Int(since));
    }
    values.push(Value::count(limit as u64));
    sql.push_str(&format!(" {NEWEST_FIRST} LIMIT ${}", values.len()));
    Ok(store.query(&sql, &values)?.into_iter().map(known).collect())
}

/// Runs whose ids begin with `prefix`, at most `limit`.
pub(crate) fn beginning(store: &mut dyn Store, prefix: &str, limit: usize) -> Outcome<Vec<Known>> {
    // The letters of ids all sort before a tilde.
    let values = [Value::text(prefix), Value::text(&format!("{prefix}~")), Value::count(limit as u64)];
    let sql = format!("{RUN} AND r.run_id >= $1 AND r.run_id < $2 ORDER BY r.run_id LIMIT $3");
    Ok(store.query(&sql, &values)?.into_iter().map(known).collect())
}

/// States of a job's latest runs, newest first.
pub(crate) fn states(store: &mut dyn Store, job_key: i64, limit: usize) -> Outcome<Vec<RunState>> {
    let sql = format!("SELECT r.state FROM pype_runs r WHERE r.job_key = $1 {NEWEST_FIRST} LIMIT $2");
    let rows = store.query(&sql, &[Value::Int(job_key), Value::count(limit as u64)])?;
    Ok(rows.into_iter().filter_map(|mut row| RunState::of(&row.text())).collect())
}

/// A run of a job, as far as reading records needs it.
pub(crate) struct Listed {
    pub run_id: String,
    pub has_record: bool,
    pub host: Option<String>,
}

/// All runs of a job whose ids come after `after`.
pub(crate) fn listed(store: &mut dyn Store, job_key: i64, after: &str) -> Outcome<Vec<Listed>> {
    let sql = "SELECT run_id, has_record, host FROM pype_runs WHERE job_key = $1 AND run_id > $2 ORDER BY run_id";
    let rows = store.query(sql, &[Value::Int(job_key), Value::text(after)])?;
    let listed = |mut row: Row| Listed { run_id: row.text(), has_record: row.int() != 0, host: row.texts() };
    Ok(rows.into_iter().map(listed).collect())
}

/// The sub flows of a run.
pub(crate) fn sub_flows(store: &mut dyn Store, run_key: i64) -> Outcome<Vec<SubFlow>> {
    let sql =
        "SELECT name, state, runs, failed, retries, seconds FROM pype_sub_flows WHERE run_key = $1 ORDER BY place";
    let sub_flow = |mut row: Row| SubFlow {
        name: row.text(),
        state: node_state(&row.text()),
        runs: row.count(),
        restored: 0,
        failed: row.count(),
        retries: row.count(),
        seconds: row.reals(),
    };
    Ok(store.query(sql, &[Value::Int(run_key)])?.into_iter().map(sub_flow).collect())
}

/// The nodes of a run.
pub(crate) fn nodes(store: &mut dyn Store, run_key: i64) -> Outcome<Vec<Node>> {
    let sql = "SELECT node, sub_flow, module, state, rows_in, rows_out, rows_rejected, seconds FROM pype_nodes \
               WHERE run_key = $1 ORDER BY place";
    Ok(store.query(sql, &[Value::Int(run_key)])?.into_iter().map(node).collect())
}

fn node(mut row: Row) -> Node {
    Node {
        id: row.text(),
        sub_flow: row.texts(),
        module: row.texts(),
        state: node_state(&row.text()),
        rows_in: row.counts(),
        rows_out: row.counts(),
        rows_rejected: row.counts(),
        seconds: row.reals(),
    }
}

/// The links of a run.
pub(crate) fn links(store: &mut dyn Store, run_key: i64) -> Outcome<Vec<Link>> {
    let sql = "SELECT from_port, to_port, rows_passed FROM pype_links WHERE run_key = $1 ORDER BY place";
    let link = |mut row: Row| Link { from: row.text(), to: row.text(), rows: row.count() };
    Ok(store.query(sql, &[Value::Int(run_key)])?.into_iter().map(link).collect())
}

/// Parts of several runs, each with its run's key.
pub(crate) type Parts<T> = Vec<(i64, T)>;

/// The keys of runs as a list; they are numbers of our own, so that they may stand in the statement.
fn list(run_keys: &[i64]) -> String {
    run_keys.iter().map(i64::to_string).collect::<Vec<_>>().join(", ")
}

/// Sub flows of several runs: name, runs and seconds.
pub(crate) fn sub_flows_of(store: &mut dyn Store, run_keys: &[i64]) -> Outcome<Parts<(String, Option<f64>)>> {
    if run_keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys = list(run_keys);
    let sql =
        format!("SELECT run_key, name, seconds FROM pype_sub_flows WHERE run_key IN ({keys}) ORDER BY run_key, place");
    let part = |mut row: Row| (row.int(), (row.text(), row.reals()));
    Ok(store.query(&sql, &[])?.into_iter().map(part).collect())
}

/// Nodes of several runs.
pub(crate) fn nodes_of(store: &mut dyn Store, run_keys: &[i64]) -> Outcome<Parts<Node>> {
    if run_keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT run_key, node, sub_flow, module, state, rows_in, rows_out, rows_rejected, seconds FROM pype_nodes \
         WHERE run_key IN ({}) ORDER BY run_key, place",
        list(run_keys)
    );
    Ok(store.query(&sql, &[])?.into_iter().map(|mut row| (row.int(), node(row))).collect())
}

/// Links of several runs.
pub(crate) fn links_of(store: &mut dyn Store, run_keys: &[i64]) -> Outcome<Parts<Link>> {
    if run_keys.is_empty() {
        return Ok(Vec::new());
    }
    let keys = list(run_keys);
    let sql = format!(
        "SELECT run_key, from_port, to_port, rows_passed FROM pype_links WHERE run_key IN ({keys}) ORDER BY run_key, place"
    );
    let part = |mut row: Row| (row.int(), Link { from: row.text(), to: row.text(), rows: row.count() });
    Ok(store.query(&sql, &[])?.into_iter().map(part).collect())
}
