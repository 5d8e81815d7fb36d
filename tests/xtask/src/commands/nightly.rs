//! `nightly`: the long part of the tests of reliability: every operation killed, every state of the disk after a power cut.

use super::setup;
use crate::places::Places;
use crate::steps::{Failed, Step};
use std::ffi::OsString;

/// Builds pype with and without planted bugs, runs what is ignored elsewhere, and shows what was counted.
pub fn run(places: &Places, args: &[OsString]) -> Result<(), Failed> {
    setup::tuned(places)?;
    setup::planted(places)?;
    let (lines, table) = (places.target.join("reliability.jsonl"), places.target.join("reliability.txt"));
    for old in [&lines, &table] {
        // There is none before the first time.
        let _ = std::fs::remove_file(old);
    }
    let result = Step::cargo(places, "test -p reliability -- --ignored --nocapture --test-threads=1")
        .args(args)
        .env("PYPE_PLUGINS", places.release())
        .env("PYPE_BIN", places.pype())
        .env("PYPE_PLANTED_BIN", places.pype_with_planted_bugs())
        .run();
    // What was counted is of interest all the more where something failed.
    let counted = std::fs::read_to_string(&table).unwrap_or_default();
    println!("\n{counted}\nthe same as JSON: {}", lines.display());
    result
}
