//! What can go wrong with the index. Every text names the place without its password, and none fails a run.

/// Why the index cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// The text that says where the index is cannot be used.
    #[error("the place of the run history (PYPE_HISTORY) cannot be used: {0}")]
    Place(String),
    /// The history is turned off.
    #[error("the run history is off (PYPE_HISTORY=off)")]
    Off,
    /// The server did not take the connection, or not in time.
    #[error("the run history {place} cannot be reached: {why}")]
    Unreachable {
        /// The index.
        place: String,
        /// Why.
        why: String,
    },
    /// Somebody else writes, and went on doing so.
    #[error("the run history {place} is locked by another process")]
    Locked {
        /// The index.
        place: String,
    },
    /// It is a damaged index.
    #[error(
        "the run history {place} is damaged ({why}); `pype runs --rebuild` puts it aside and makes it anew from the records"
    )]
    Corrupt {
        /// The index.
        place: String,
        /// Why.
        why: String,
    },
    /// It is a file of somebody else's.
    #[error("{place} is not a run history, and is left alone; PYPE_HISTORY names the file of the run history")]
    Foreign {
        /// The file.
        place: String,
    },
    /// A later pype wrote it.
    #[error("the run history {place} is of version {found}, and this pype knows versions up to {known}")]
    Newer {
        /// The index.
        place: String,
        /// Its version.
        found: i64,
        /// The version of this build.
        known: i64,
    },
    /// The file system or the server refused.
    #[error("the run history {place} cannot be used: {why}")]
    Refused {
        /// The index.
        place: String,
        /// Why.
        why: String,
    },
}
