//! The index of all runs, kept in SQLite or PostgreSQL; the records in the job folders are the truth.
//!
//! In reading order: what is known of a run ([`model`]), where the index is ([`place`]) and what can go wrong with it
//! ([`HistoryError`]); how a record is read (`record`) and how the index keeps it (`store`, the only place with SQL); the index
//! itself ([`History`]), how it catches up with the records (`sync`), what it knows of what is usual ([`stats`]), and who
//! writes a run into it while it goes on ([`Recorder`]). Whatever happens to the index, no run fails of it.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod error;
pub mod time;
pub mod model;
pub mod place;
mod record;
mod store;
pub mod stats;
mod history;
mod sync;
mod recorder;

pub use error::HistoryError;
pub use history::{Filter, Found, History, RunBegin};
pub use model::{Detail, JobLine, JobRef, Link, Node, Resume, Run, RunState, SubFlow};
pub use place::Place;
pub use record::{Live, LiveLoop, LiveSubFlow};
pub use recorder::Recorder;
pub use sync::Synced;
