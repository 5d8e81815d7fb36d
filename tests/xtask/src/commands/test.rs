//! `test`: every test of the project. The end-to-end tests use the release build, so that Polars is built only once.

use super::setup;
use crate::places::Places;
use crate::steps::{Failed, Step};
use std::ffi::OsString;

/// What would build Polars a second time, for the dev profile. Their tests: `cargo test --release -p <name>`.
const WITHOUT: &str = "--exclude pype --exclude pypeline-polars --exclude bench";

/// Builds pype and the plugins among the tests, then runs `cargo test` with more arguments, if there are any.
pub fn run(places: &Places, args: &[OsString]) -> Result<(), Failed> {
    setup::tuned(places)?;
    let foreign = places.foreign_target();
    for manifest in places.foreign_manifests()? {
        Step::cargo(places, "build --release")
            .arg("--manifest-path")
            .arg(places.shown(&manifest).to_string())
            .arg("--target-dir")
            .arg(&foreign)
            .run()?;
    }
    Step::cargo(places, "test --workspace")
        .args(WITHOUT.split(' '))
        .args(args)
        .env("PYPE_FOREIGN_PLUGINS", foreign.join("release"))
        .env("PYPE_PLUGINS", places.release())
        .env("PYPE_BIN", places.pype())
        .run()
}
