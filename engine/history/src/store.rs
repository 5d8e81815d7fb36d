//! Where rows are kept: SQL for two databases, which differ in a few words. No other module has SQL.

mod postgres;
mod sqlite;
pub(crate) mod jobs;
pub(crate) mod moves;
pub(crate) mod read;
pub(crate) mod tables;
pub(crate) mod value;
pub(crate) mod write;

pub(crate) use self::postgres::Postgres;
pub(crate) use self::sqlite::Sqlite;
use crate::error::HistoryError;
use value::{Row, Value};

/// A result of the index.
pub(crate) type Outcome<T> = Result<T, HistoryError>;

/// A database. Parameters are `$1`, `$2`, …, each named for the first time in this order.
pub(crate) trait Store: Send {
    /// Makes sure that the tables are there, and begins a transaction that may write.
    fn begin(&mut self) -> Outcome<()>;

    /// In a transaction that writes many runs: waits until no other one does, lest they wait for each other.
    fn claim(&mut self) -> Outcome<()>;

    /// Ends it and keeps what it wrote.
    fn commit(&mut self) -> Outcome<()>;

    /// Ends it and forgets what it wrote. It does not fail: where the connection is gone, so is the transaction.
    fn rollback(&mut self);

    /// Runs a statement without rows.
    fn execute(&mut self, sql: &str, values: &[Value]) -> Outcome<()>;

    /// Runs a statement with rows. A database that is not there yet has none.
    fn query(&mut self, sql: &str, values: &[Value]) -> Outcome<Vec<Row>>;

    /// Inserts rows; `into` names table and columns: `t (a, b)`.
    fn insert(&mut self, into: &str, rows: Vec<Vec<Value>>) -> Outcome<()>;
}

/// Does `work` in one transaction: all of it, or nothing.
pub(crate) fn transaction<T>(store: &mut dyn Store, work: impl FnOnce(&mut dyn Store) -> Outcome<T>) -> Outcome<T> {
    store.begin()?;
    match work(store).and_then(|done| store.commit().map(|()| done)) {
        Ok(done) => Ok(done),
        Err(error) => {
            store.rollback();
            Err(error)
        }
    }
}

/// The same for work on many runs.
pub(crate) fn bulk<T>(store: &mut dyn Store, work: impl FnOnce(&mut dyn Store) -> Outcome<T>) -> Outcome<T> {
    transaction(store, |store| {
        store.claim()?;
        work(store)
    })
}
