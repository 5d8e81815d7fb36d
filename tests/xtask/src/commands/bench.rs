//! `bench`: the benchmark of tests/bench, beside the binary and the plugins that it measures.

use super::setup;
use crate::places::Places;
use crate::steps::{Failed, Step};
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;

/// Builds pype, its plugins and the benchmark, then runs the benchmark with these arguments.
pub fn run(places: &Places, args: &[OsString]) -> Result<(), Failed> {
    setup::tuned(places)?;
    // Together with pype, the benchmark takes Polars as pype has built it; alone, it would build one with other features.
    Step::cargo(places, "build --release -p pype -p bench").run()?;
    let program = places.release().join(format!("bench{EXE_SUFFIX}"));
    Step::new(places, &program, "bench").args(args).env("PYPE_BIN", places.pype()).run()
}
