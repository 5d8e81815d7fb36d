//! The tables. Jobs, their runs, and the parts of runs; and per job and machine how far its records have been read.
//!
//! A new version adds a step here and raises [`VERSION`]; an index of a later version is left alone.

/// Version of these tables.
pub(crate) const VERSION: i64 = 1;

/// Words in which the databases differ.
pub(crate) struct Words {
    /// A number that the database gives by itself.
    pub key: &'static str,
    /// Compare and sort by bytes.
    pub by_bytes: &'static str,
    /// Keep the rows in the order of the primary key.
    pub clustered: &'static str,
}

/// The statements that make them.
pub(crate) fn statements(words: &Words) -> Vec<String> {
    let Words { key, by_bytes, clustered } = words;
    vec![
        format!(
            "CREATE TABLE pype_jobs (job_key {key}, name TEXT NOT NULL, folder TEXT {by_bytes} NOT NULL UNIQUE, \
             project TEXT NOT NULL)"
        ),
        format!(
            "CREATE TABLE pype_scans (job_key BIGINT NOT NULL, host TEXT NOT NULL, mtime BIGINT NOT NULL, \
             watermark TEXT NOT NULL, digest BIGINT NOT NULL, PRIMARY KEY (job_key, host)) {clustered}"
        ),
        // `started` is `started_at` in seconds since 1970: texts of several makers do not sort as times do.
        format!(
            "CREATE TABLE pype_runs (run_key {key}, job_key BIGINT NOT NULL, run_id TEXT {by_bytes} NOT NULL, \
             state TEXT NOT NULL, exit_code BIGINT, started BIGINT NOT NULL, started_at TEXT NOT NULL, \
             seconds DOUBLE PRECISION, rows_written BIGINT, n_failures BIGINT NOT NULL, n_handled BIGINT NOT NULL, \
             failed_node TEXT, failed_message TEXT, peak_rss_bytes BIGINT, fingerprint TEXT, pid BIGINT, host TEXT, \
             has_record BIGINT NOT NULL, UNIQUE (run_id, job_key))"
        ),
        "CREATE INDEX pype_runs_by_start ON pype_runs (started, run_key)".to_owned(),
        "CREATE INDEX pype_runs_by_state ON pype_runs (state, started, run_key)".to_owned(),
        "CREATE INDEX pype_runs_by_job ON pype_runs (job_key, started, run_key)".to_owned(),
        "CREATE INDEX pype_runs_by_job_state ON pype_runs (job_key, state, started, run_key)".to_owned(),
        format!(
            "CREATE TABLE pype_sub_flows (run_key BIGINT NOT NULL, place BIGINT NOT NULL, name TEXT NOT NULL, \
             state TEXT NOT NULL, runs BIGINT NOT NULL, failed BIGINT NOT NULL, retries BIGINT NOT NULL, \
             seconds DOUBLE PRECISION, PRIMARY KEY (run_key, place)) {clustered}"
        ),
        format!(
            "CREATE TABLE pype_nodes (run_key BIGINT NOT NULL, place BIGINT NOT NULL, node TEXT NOT NULL, \
             sub_flow TEXT, module TEXT, state TEXT NOT NULL, rows_in BIGINT, rows_out BIGINT, rows_rejected BIGINT, \
             seconds DOUBLE PRECISION, PRIMARY KEY (run_key, place)) {clustered}"
        ),
        format!(
            "CREATE TABLE pype_links (run_key BIGINT NOT NULL, place BIGINT NOT NULL, from_port TEXT NOT NULL, \
             to_port TEXT NOT NULL, rows_passed BIGINT NOT NULL, PRIMARY KEY (run_key, place)) {clustered}"
        ),
    ]
}
