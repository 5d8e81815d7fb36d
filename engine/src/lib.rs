//! Builds flows into job folders and runs them.
//!
//! In reading order: what a person is told ([`diagnostics`]), where things are ([`project`]), who does the work ([`plugins`],
//! [`registry`], [`executor`], [`artifacts`], [`streams`], [`memory`]), what is shared between the two stages ([`config`], [`template`], [`columns`]), and the two
//! stages themselves: [`build`] (YAML to job folder) and [`run`] (job folder to rows). They never see each other.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

#[cfg(windows)]
compile_error!("pype runs on Linux and macOS; on Windows, use it inside WSL");

pub mod diagnostics;
pub mod project;
pub mod plugins;
pub mod registry;
mod json_schema;
mod placeholder;
mod scalar;
mod typed;
pub mod config;
pub mod flow_schema;
pub mod memory;
pub mod artifacts;
pub mod streams;
mod rows_as_json;
pub mod secrets;
pub mod executor;
pub mod scheduling;
pub mod control_graph;
pub mod columns;
mod job_files;
pub mod graph;
pub mod job_folder;
pub mod build;
pub mod run;
pub mod template;
