//! The index in a SQLite file, in WAL mode: readers and a writer do not wait for each other. The file and its folder are made
//! when something is first written.

use super::tables::{self, VERSION, Words};
use super::value::{Row, Value};
use super::{Outcome, Store};
use crate::error::HistoryError;
use crate::place;
use pypeline_disk::{by_umask, talk};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, Error, ErrorCode, OpenFlags, params_from_iter};
use std::fs::File;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long one who writes waits for another who writes.
const PATIENCE: Duration = Duration::from_millis(1_800);

/// Bytes of the log after which it is emptied. Whoever opens the file reads what is in the log, and each run opens it.
const LOGGED: u64 = 256 << 10;

const WORDS: Words = Words { key: "INTEGER PRIMARY KEY", by_bytes: "", clustered: "WITHOUT ROWID" };

/// What a SQLite file begins with.
const HEADER: &[u8; 16] = b"SQLite format 3\0";

/// There are tables, and none of them is ours.
const IS_FOREIGN: &str = "SELECT count(*) > 0 AND sum(name LIKE 'pype@_%' ESCAPE '@') = 0 FROM sqlite_schema \
                          WHERE name NOT LIKE 'sqlite@_%' ESCAPE '@'";

/// A SQLite database.
pub(crate) struct Sqlite {
    /// None for one in memory.
    path: Option<PathBuf>,
    shown: String,
    open: Option<Open>,
}

struct Open {
    connection: Connection,
    /// Device and number of the file, which tell whether it is still the one at the path.
    file: Option<(u64, u64)>,
    has_tables: bool,
}

impl Sqlite {
    /// The file at `path`, which need not be there yet.
    pub(crate) fn at(path: &Path, shown: String) -> Outcome<Self> {
        let mut store = Self { path: Some(path.to_path_buf()), shown, open: None };
        store.look()?;
        Ok(store)
    }

    /// One that is gone with the process.
    pub(crate) fn in_memory() -> Outcome<Self> {
        let shown = "in memory".to_owned();
        let connection = Connection::open_in_memory().map_err(|error| told(&shown, &error))?;
        Ok(Self { path: None, shown, open: Some(Open { connection, file: None, has_tables: false }) })
    }

    fn told(&self, error: &Error) -> HistoryError {
        told(&self.shown, error)
    }

    fn refused(&self, why: impl std::fmt::Display) -> HistoryError {
        HistoryError::Refused { place: self.shown.clone(), why: why.to_string() }
    }

    /// Opens the file if it is there, and anew if another one has taken its place.
    fn look(&mut self) -> Outcome<()> {
        let Some(path) = self.path.clone() else { return Ok(()) };
        let there = identity(&path);
        if self.open.as_ref().is_some_and(|open| open.file == there && there.is_some()) {
            return Ok(());
        }
        self.open = None;
        match std::fs::metadata(&path) {
            Ok(_) => self.connect(&path),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(self.refused(error)),
        }
    }

    fn connect(&mut self, path: &Path) -> Outcome<()> {
        let foreign = || HistoryError::Foreign { place: self.shown.clone() };
        if !is_own_place(path) && has_other_header(path) {
            return Err(foreign());
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open = || -> Result<(Connection, i64, bool), Error> {
            let connection = Connection::open_with_flags(path, flags)?;
            connection.busy_timeout(PATIENCE)?;
            // Emptying the log at every run's end would wait for the disk; it is emptied when it has grown (`empty_log`).
            connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let version = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            let is_foreign = !is_own_place(path) && connection.query_row(IS_FOREIGN, [], |row| row.get(0))?;
            Ok((connection, version, is_foreign))
        };
        let (connection, found, is_foreign) = open().map_err(|error| self.told(&error))?;
        if is_foreign {
            return Err(foreign());
        }
        if found > VERSION {
            return Err(HistoryError::Newer { place: self.shown.clone(), found, known: VERSION });
        }
        self.open = Some(Open { connection, file: identity(path), has_tables: found == VERSION });
        Ok(())
    }

    /// Empties the log where it has grown. SQLite itself would begin it anew only in a connection that writes twice after it was emptied,
    /// and those of runs write once or twice in all. Where somebody else is at it, the next one may.
    fn empty_log(&self) {
        let (Some(path), Some(open)) = (&self.path, &self.open) else { return };
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        if std::fs::metadata(log).is_ok_and(|log| log.len() > LOGGED) {
            let _ = open.connection.busy_timeout(Duration::ZERO);
            let _ = open.connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
            let _ = open.connection.busy_timeout(PATIENCE);
        }
    }

    /// The connection, made with its file if need be.
    fn made(&mut self) -> Outcome<&mut Open> {
        self.look()?;
        if let (None, Some(path)) = (&self.open, self.path.clone()) {
            make_folder(&path).map_err(|error| self.refused(error))?;
            self.connect(&path)?;
        }
        let shown = self.shown.clone();
        self.open.as_mut().ok_or(HistoryError::Refused { place: shown, why: "it is not open".to_owned() })
    }
}

impl Store for Sqlite {
    fn begin(&mut self) -> Outcome<()> {
        let shown = self.shown.clone();
        let open = self.made()?;
        if !open.has_tables && open.file.is_some() {
            // It stays with the file. Where the file system cannot do it, the old way works too.
            let mode = open.connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
            mode.map_err(|error| told(&shown, &error))?;
        }
        let make = |open: &mut Open| -> Result<(), Error> {
            open.connection.execute_batch("BEGIN IMMEDIATE")?;
            if open.has_tables {
                return Ok(());
            }
            // Another process may have made them in the meantime.
            let found: i64 = open.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
            if found == 0 {
                for statement in tables::statements(&WORDS) {
                    open.connection.execute_batch(&statement)?;
                }
                open.connection.pragma_update(None, "user_version", VERSION)?;
            }
            Ok(())
        };
        let made = make(open);
        if made.is_err() {
            self.rollback();
        }
        made.map_err(|error| told(&shown, &error))
    }

    fn claim(&mut self) -> Outcome<()> {
        // Only one writes at a time anyway.
        Ok(())
    }

    fn commit(&mut self) -> Outcome<()> {
        let Some(open) = &mut self.open else { return Ok(()) };
        let done = open.connection.execute_batch("COMMIT");
        open.has_tables |= done.is_ok();
        if done.is_ok() {
            self.empty_log();
        }
        done.map_err(|error| self.told(&error))
    }

    fn rollback(&mut self) {
        if let Some(open) = &self.open
            && !open.connection.is_autocommit()
        {
            // What is not committed is forgotten when the connection closes, at the latest.
            let _ = open.connection.execute_batch("ROLLBACK");
        }
    }

    fn execute(&mut self, sql: &str, values: &[Value]) -> Outcome<()> {
        let Some(open) = &self.open else { return Ok(()) };
        let done = open.connection.execute(sql, params_from_iter(values));
        done.map(|_| ()).map_err(|error| self.told(&error))
    }

    fn query(&mut self, sql: &str, values: &[Value]) -> Outcome<Vec<Row>> {
        if self.open.as_ref().is_none_or(|open| open.connection.is_autocommit()) {
            self.look()?;
        }
        let Some(open) = self.open.as_mut() else { return Ok(Vec::new()) };
        let in_transaction = !open.connection.is_autocommit();
        if !open.has_tables && !in_transaction {
            let found = open.connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0));
            open.has_tables = found.map_err(|error| told(&self.shown, &error))? == VERSION;
            if !open.has_tables {
                return Ok(Vec::new());
            }
        }
        let read = || -> Result<Vec<Row>, Error> {
            let mut statement = open.connection.prepare(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query(params_from_iter(values))?;
            let mut found = Vec::new();
            while let Some(row) = rows.next()? {
                let values = (0..columns).map(|at| row.get_ref(at).map(value));
                found.push(Row::new(values.collect::<Result<_, _>>()?));
            }
            Ok(found)
        };
        read().map_err(|error| told(&self.shown, &error))
    }

    fn insert(&mut self, into: &str, rows: Vec<Vec<Value>>) -> Outcome<()> {
        let Some(width) = rows.first().map(Vec::len) else { return Ok(()) };
        let Some(open) = &self.open else { return Ok(()) };
        let places: Vec<String> = (1..=width).map(|at| format!("?{at}")).collect();
        let write = || -> Result<(), Error> {
            let mut statement =
                open.connection.prepare(&format!("INSERT INTO {into} VALUES ({})", places.join(", ")))?;
            for row in &rows {
                statement.execute(params_from_iter(row))?;
            }
            Ok(())
        };
        write().map_err(|error| self.told(&error))
    }
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        use rusqlite::types::{ToSqlOutput, Value as Owned};
        Ok(match self {
            Self::Null => ToSqlOutput::Owned(Owned::Null),
            Self::Int(n) => ToSqlOutput::Owned(Owned::Integer(*n)),
            Self::Real(x) => ToSqlOutput::Owned(Owned::Real(*x)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}

fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        ValueRef::Integer(n) => Value::Int(n),
        ValueRef::Real(x) => Value::Real(x),
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// Where nobody else keeps a file: what is there, whatever has become of it, was ours.
fn is_own_place(path: &Path) -> bool {
    path.ends_with(place::DEFAULT)
}

/// It is a file with something in it that is no SQLite database. One that cannot be read may be anything.
fn has_other_header(path: &Path) -> bool {
    let is_file = std::fs::metadata(path).is_ok_and(|found| found.is_file());
    let mut begins = Vec::new();
    let read = |file: File| file.take(HEADER.len() as u64).read_to_end(&mut begins);
    is_file && File::open(path).and_then(read).is_ok() && !begins.is_empty() && begins != HEADER
}

fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

/// A folder of our own keeps itself out of version control.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let Some(folder) = path.parent().filter(|folder| !folder.is_dir()) else { return Ok(()) };
    talk::make_folders(folder, by_umask(0o777))?;
    if folder.file_name().is_some_and(|name| name == ".pype") {
        talk::replace_as(&folder.join(".gitignore"), b"*\n", by_umask(0o666))?;
    }
    Ok(())
}

fn told(shown: &str, error: &Error) -> HistoryError {
    let place = shown.to_owned();
    let code = error.sqlite_error_code();
    let why = error.to_string();
    match code {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => HistoryError::Locked { place },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::TypeMismatch) => {
            HistoryError::Corrupt { place, why }
        }
        // A file of ours has all its tables.
        _ if why.contains("no such table") || why.contains("no such column") || why.contains("already exists") => {
            HistoryError::Corrupt { place, why }
        }
        _ => HistoryError::Refused { place, why },
    }
}

#[cfg(test)]
mod tests {
    use super::super::transaction;
    use super::{LOGGED, Sqlite};

    /// As runs do: each opens the file, writes once, and goes.
    #[test]
    fn the_log_stays_short_however_many_write_into_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("history.db");
        let log = || std::fs::metadata(folder.path().join("history.db-wal")).map_or(0, |log| log.len());
        let mut longest = 0;
        for run in 0..300 {
            let mut store = Sqlite::at(&path, "history".to_owned()).unwrap();
            let text = format!(
                "INSERT INTO pype_jobs (name, folder, project) VALUES ('{}', 'folder {run}', 'project')",
                "a name that fills pages ".repeat(100)
            );
            transaction(&mut store, |store| store.execute(&text, &[])).unwrap();
            longest = longest.max(log());
        }
        assert!(longest > 0 && longest < 2 * LOGGED, "{longest}");
    }
}
