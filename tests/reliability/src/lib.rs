//! The pype binary killed, starved of space and cut from power at every point, and what it promises then.
//!
//! `cargo xtask test` builds the binary, and a second one in which bugs can be switched on, and says where they are. What is
//! not `#[ignore]`d is done in three minutes; `cargo xtask nightly` does the rest. docs/guides/reliability.md says which test
//! proves which promise. `PYPE_SEED` repeats what chance has found, `PYPE_RELIABILITY_DIR` moves the trials to another disk.
//!
//! In reading order: [`support`], [`fixtures`], [`promises`], then the tests.

#![allow(clippy::disallowed_methods)] // Tests set the scene by the plainest means.

#[cfg(test)]
mod support;

#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod promises;

#[cfg(test)]
mod kill_points;
#[cfg(test)]
mod error_points;
#[cfg(test)]
mod power_cut;
#[cfg(test)]
mod power_cuts;
#[cfg(test)]
mod random_kills;
#[cfg(test)]
mod environment;
#[cfg(test)]
mod corruption;
#[cfg(test)]
mod locks;
#[cfg(test)]
mod readers;
#[cfg(test)]
mod planted_bugs;
