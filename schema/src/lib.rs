//! Every file format of pype and the words they share: the contract between build and run, which never see each other.
//!
//! In reading order: a flow as written ([`flow`], [`settings`], [`link`], [`valve`]), a module as it declares itself
//! ([`manifest`], [`ports`], [`lowering`], [`fields`], [`columns`], [`fault`]), what a check of it finds ([`check_result`]), a job as built
//! ([`dag`], [`execution_metadata`], [`registry`]), and a run as it
//! is told ([`event`], [`log_line`], [`run_result`]). Nothing here does I/O or decides anything: types, parsers of short texts, and defaults.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

pub mod check_result;
pub mod checkpoint;
pub mod columns;
pub mod dag;
pub mod event;
pub mod execution_metadata;
pub mod fault;
pub mod fields;
pub mod flow;
pub mod lineage;
pub mod link;
pub mod log_line;
pub mod lowering;
pub mod manifest;
pub mod ports;
pub mod registry;
pub mod run_result;
pub mod secret;
pub mod formats;
pub mod settings;
pub mod valve;

/// Version of `*_dag.json`, `*_execution_metadata.json`, `ModRegistry.json` and the run result.
/// A reader refuses a file whose version it does not know.
pub const FORMAT_VERSION: u32 = 1;
