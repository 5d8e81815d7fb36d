//! `check`: what a reviewer should never have to say: formatting and lints, of the plugins among the tests too.

use crate::places::Places;
use crate::steps::{Failed, Step};

/// Changes nothing; `cargo fmt --all` mends the formatting.
pub fn run(places: &Places) -> Result<(), Failed> {
    Step::cargo(places, "fmt --all --check").run()?;
    for manifest in places.foreign_manifests()? {
        let manifest = places.shown(&manifest).to_string();
        Step::cargo(places, "fmt --check --manifest-path").arg(manifest).run()?;
    }
    Step::cargo(places, "clippy --workspace --all-targets -- -D warnings").run()
}
