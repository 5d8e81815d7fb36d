//! The index over both databases: the same questions to both, and what each does when its place is not as it should be.

#![cfg(test)]
#![allow(clippy::disallowed_methods)] // Tests set the scene by the plainest means.

mod ends;
mod etl;
mod moved;
mod postgres;
mod server;
mod sqlite;
mod suite;
