//! The index of all runs, kept in SQLite or PostgreSQL; the records in the job folders are the truth.
