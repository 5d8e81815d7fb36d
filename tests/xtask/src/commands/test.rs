//! `test`: every test of the project. The end-to-end tests use the release build, so that Polars is built only once.

use super::{postgres, setup};
use crate::places::Places;
use crate::steps::{Failed, Step};
use std::ffi::OsString;

/// What links Polars is tested with the release build that is there, by one command of the same packages that made it.
const LINKING_POLARS: &str = "-p pype -p pypeline-polars -p bench";

/// The rest is tested in the dev profile, where Polars would be built a second time.
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
    setup::planted(places)?;
    let postgres = postgres::programs(places)?;
    Step::cargo(places, "test --release").args(LINKING_POLARS.split(' ')).args(args).run()?;
    Step::cargo(places, "test --workspace")
        .args(WITHOUT.split(' '))
        .args(args)
        .env("PYPE_FOREIGN_PLUGINS", foreign.join("release"))
        .env("PYPE_PLUGINS", places.release())
        .env("PYPE_BIN", places.pype())
        .env("PYPE_PLANTED_BIN", places.pype_with_planted_bugs())
        .env("PYPE_POSTGRES_BIN", postgres.unwrap_or_default())
        .run()
}
