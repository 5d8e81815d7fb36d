//! The pype binary, used as its users use it: flows, files, exit codes and signals, and nothing of what is inside.
//!
//! `cargo xtask test` builds the binary and its plugins and says where they are. All tests are one binary, so that they
//! link once; each has a project folder of its own, so that they run side by side.

#![allow(clippy::disallowed_methods)] // Tests set the scene by the plainest means.

#[cfg(test)]
mod support;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod rows;
#[cfg(test)]
mod relational;
#[cfg(test)]
mod csv;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod targets;
#[cfg(test)]
mod partitions;
#[cfg(test)]
mod control;
#[cfg(test)]
mod control_modules;
#[cfg(test)]
mod row_modules;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod templates;
#[cfg(test)]
mod contexts;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod bad_input;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod flow_files;
#[cfg(test)]
mod findings;
#[cfg(test)]
mod control_checks;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod search_path;
#[cfg(test)]
mod registry;
#[cfg(test)]
mod foreign;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod checkpoints;
#[cfg(test)]
mod private_jobs;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod failures;
#[cfg(test)]
mod threads;
#[cfg(test)]
mod scheduler_docs;
#[cfg(test)]
mod talend;
#[cfg(test)]
mod observing;
#[cfg(test)]
mod columns;
#[cfg(test)]
mod memory;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod mutated;
#[cfg(test)]
mod conformance;
#[cfg(test)]
mod many_inputs;
#[cfg(test)]
mod real_data;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod schemas;
#[cfg(test)]
mod looking;
#[cfg(test)]
mod same_bytes;
#[cfg(test)]
mod same_rows;
