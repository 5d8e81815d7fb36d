//! Runs that are known twice: a run's id is one of its own wherever its record is, so that a record that turns up elsewhere is the
//! same run in another place.

use super::value::{Row, Value};
use super::{Outcome, Store};
use std::path::PathBuf;

/// The tables of a run's parts.
const PARTS: [&str; 3] = ["pype_sub_flows", "pype_nodes", "pype_links"];

/// Ids in one question.
const BLOCK: usize = 500;

/// A run that is known under another job.
#[derive(Debug, Clone)]
pub(crate) struct Twin {
    pub run_id: String,
    pub run_key: i64,
    pub job_key: i64,
    pub folder: PathBuf,
    pub project: PathBuf,
    pub host: Option<String>,
}

/// The runs of these ids that other jobs have.
pub(crate) fn twins(store: &mut dyn Store, job_key: i64, run_ids: &[&str]) -> Outcome<Vec<Twin>> {
    let mut found = Vec::new();
    for block in run_ids.chunks(BLOCK) {
        let places: Vec<String> = (0..block.len()).map(|at| format!("${}", at + 2)).collect();
        let sql = format!(
            "SELECT r.run_id, r.run_key, r.job_key, j.folder, j.project, r.host FROM pype_runs r CROSS JOIN pype_jobs j \
             WHERE j.job_key = r.job_key AND r.job_key <> $1 AND r.run_id IN ({}) ORDER BY r.run_id, r.run_key",
            places.join(", ")
        );
        let ids = block.iter().map(|run_id| Value::text(run_id));
        let values: Vec<Value> = [Value::Int(job_key)].into_iter().chain(ids).collect();
        let twin = |mut row: Row| Twin {
            run_id: row.text(),
            run_key: row.int(),
            job_key: row.int(),
            folder: PathBuf::from(row.text()),
            project: PathBuf::from(row.text()),
            host: row.texts(),
        };
        found.extend(store.query(&sql, &values)?.into_iter().map(twin));
    }
    Ok(found)
}

/// Gives a run to the job that has its record now; one that the job has already is the same.
pub(crate) fn take(store: &mut dyn Store, twin: &Twin, job_key: i64) -> Outcome<()> {
    let values = [Value::text(&twin.run_id), Value::Int(job_key)];
    if !store.query("SELECT run_key FROM pype_runs WHERE run_id = $1 AND job_key = $2", &values)?.is_empty() {
        return drop_run(store, twin.run_key);
    }
    let values = [Value::Int(job_key), Value::Int(twin.run_key)];
    store.execute("UPDATE pype_runs SET job_key = $1, has_record = 1 WHERE run_key = $2", &values)
}

/// Forgets a run.
pub(crate) fn drop_run(store: &mut dyn Store, run_key: i64) -> Outcome<()> {
    for table in PARTS.iter().chain(&["pype_runs"]) {
        store.execute(&format!("DELETE FROM {table} WHERE run_key = $1"), &[Value::Int(run_key)])?;
    }
    Ok(())
}

/// Forgets a job's run of this id.
pub(crate) fn drop_run_of(store: &mut dyn Store, job_key: i64, run_id: &str) -> Outcome<()> {
    let values = [Value::text(run_id), Value::Int(job_key)];
    let found = store.query("SELECT run_key FROM pype_runs WHERE run_id = $1 AND job_key = $2", &values)?;
    found.into_iter().try_for_each(|mut row| drop_run(store, row.int()))
}

/// Forgets the runs of a job that have records.
pub(crate) fn drop_recorded(store: &mut dyn Store, job_key: i64) -> Outcome<()> {
    let of_job = "SELECT run_key FROM pype_runs WHERE job_key = $1 AND has_record = 1";
    for table in PARTS {
        store.execute(&format!("DELETE FROM {table} WHERE run_key IN ({of_job})"), &[Value::Int(job_key)])?;
    }
    store.execute("DELETE FROM pype_runs WHERE job_key = $1 AND has_record = 1", &[Value::Int(job_key)])
}

/// Gives what a job has left, which has no records, to the job that it has become. Of several machines' runs only those of `host`;
/// an empty name is all.
pub(crate) fn absorb(store: &mut dyn Store, from: i64, to: i64, host: &str) -> Outcome<()> {
    let known = "SELECT r.run_key FROM pype_runs r WHERE r.job_key = $1 AND ($2 = '' OR r.host = $2) \
                 AND EXISTS (SELECT 1 FROM pype_runs k WHERE k.run_id = r.run_id AND k.job_key = $3)";
    for mut row in store.query(known, &[Value::Int(from), Value::text(host), Value::Int(to)])? {
        drop_run(store, row.int())?;
    }
    let sql = "UPDATE pype_runs SET job_key = $1, has_record = 0 WHERE job_key = $2 AND ($3 = '' OR host = $3)";
    store.execute(sql, &[Value::Int(to), Value::Int(from), Value::text(host)])
}

/// Forgets a job that has no runs left and that no other machine has looked at. False if it stays.
pub(crate) fn forget(store: &mut dyn Store, job_key: i64, seer: &str) -> Outcome<bool> {
    let key = || Value::Int(job_key);
    let sql = "DELETE FROM pype_jobs WHERE job_key = $1 \
               AND NOT EXISTS (SELECT 1 FROM pype_runs r WHERE r.job_key = $2) \
               AND NOT EXISTS (SELECT 1 FROM pype_scans s WHERE s.job_key = $3 AND s.host <> $4) RETURNING job_key";
    let is_gone = !store.query(sql, &[key(), key(), key(), Value::text(seer)])?.is_empty();
    if is_gone {
        store.execute("DELETE FROM pype_scans WHERE job_key = $1", &[key()])?;
    }
    Ok(is_gone)
}
