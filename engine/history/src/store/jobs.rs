//! Jobs in the index, and how far each machine has read their records.

use super::value::{Row, Value};
use super::{Outcome, Store};
use crate::model::JobRef;
use std::path::{Path, PathBuf};

/// What was in a job's folder of records when a machine last looked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Scan {
    /// When the folder had changed, in nanoseconds since 1970; [`Scan::UNSETTLED`] or [`Scan::GONE`].
    pub mtime: i64,
    /// The greatest name of a record that was read.
    pub watermark: String,
    /// Made of all names up to the watermark.
    pub digest: i64,
}

impl Scan {
    /// The folder changed so lately that it may change again without a later time.
    pub(crate) const UNSETTLED: i64 = 0;
    /// The folder was not there.
    pub(crate) const GONE: i64 = -1;
}

fn job(mut row: Row) -> JobRef {
    JobRef { key: row.int(), name: row.text(), folder: PathBuf::from(row.text()), project: PathBuf::from(row.text()) }
}

/// All jobs, by name.
pub(crate) fn all(store: &mut dyn Store) -> Outcome<Vec<JobRef>> {
    let rows = store.query("SELECT job_key, name, folder, project FROM pype_jobs ORDER BY name, folder", &[])?;
    Ok(rows.into_iter().map(job).collect())
}

/// The job of a folder.
pub(crate) fn at(store: &mut dyn Store, folder: &Path) -> Outcome<Option<JobRef>> {
    let folder = [Value::text(&folder.to_string_lossy())];
    let rows = store.query("SELECT job_key, name, folder, project FROM pype_jobs WHERE folder = $1", &folder)?;
    Ok(rows.into_iter().next().map(job))
}

/// The jobs of a name.
pub(crate) fn named(store: &mut dyn Store, name: &str) -> Outcome<Vec<JobRef>> {
    let name = [Value::text(name)];
    let sql = "SELECT job_key, name, folder, project FROM pype_jobs WHERE name = $1 ORDER BY folder";
    Ok(store.query(sql, &name)?.into_iter().map(job).collect())
}

/// The key of a job, which is made known if need be.
pub(crate) fn ensure(store: &mut dyn Store, name: &str, folder: &Path, project: &Path) -> Outcome<i64> {
    if let Some(known) = at(store, folder)?.filter(|known| known.name == name && known.project == project) {
        return Ok(known.key);
    }
    let values = [Value::text(name), Value::text(&folder.to_string_lossy()), Value::text(&project.to_string_lossy())];
    let sql = "INSERT INTO pype_jobs (name, folder, project) VALUES ($1, $2, $3) ON CONFLICT (folder) DO UPDATE SET \
               name = excluded.name, project = excluded.project RETURNING job_key";
    Ok(store.query(sql, &values)?.into_iter().next().map_or(0, |mut row| row.int()))
}

/// What a machine saw of each job's records when it last looked.
pub(crate) fn scans(store: &mut dyn Store, host: &str) -> Outcome<Vec<(i64, Scan)>> {
    let sql = "SELECT job_key, mtime, watermark, digest FROM pype_scans WHERE host = $1";
    let scan = |mut row: Row| (row.int(), Scan { mtime: row.int(), watermark: row.text(), digest: row.int() });
    Ok(store.query(sql, &[Value::text(host)])?.into_iter().map(scan).collect())
}

/// Keeps what a machine sees now.
pub(crate) fn set_scan(store: &mut dyn Store, job_key: i64, host: &str, scan: &Scan) -> Outcome<()> {
    let values = [
        Value::Int(job_key),
        Value::text(host),
        Value::Int(scan.mtime),
        Value::text(&scan.watermark),
        Value::Int(scan.digest),
    ];
    let sql = "INSERT INTO pype_scans (job_key, host, mtime, watermark, digest) VALUES ($1, $2, $3, $4, $5) \
               ON CONFLICT (job_key, host) DO UPDATE SET mtime = excluded.mtime, watermark = excluded.watermark, \
               digest = excluded.digest";
    store.execute(sql, &values)
}

/// Forgets what a machine has seen: it reads all records anew.
pub(crate) fn forget_scans(store: &mut dyn Store, host: &str) -> Outcome<()> {
    store.execute("DELETE FROM pype_scans WHERE host = $1", &[Value::text(host)])
}
