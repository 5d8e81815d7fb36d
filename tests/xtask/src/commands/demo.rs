//! `demo`: from a fresh clone to rows, with every command on the way shown. The README begins with it.

use super::setup;
use crate::places::Places;
use crate::steps::{Failed, Step};

/// A project of its own, with a flow and the data it reads.
const PROJECT: &str = "jobs/demo";
const FLOW: &str = "jobs/demo/flow.yaml";
/// The job folder that `pype build` makes of it.
const JOB: &str = "jobs/demo/jobs/demo";

/// Builds pype, then checks, builds and runs the demo's flow.
pub fn run(places: &Places) -> Result<(), Failed> {
    eprintln!("This builds pype and its plugins, then checks, builds and runs the flow {FLOW}.");
    setup::tuned(places)?;
    for (command, subject) in [("validate", FLOW), ("build", FLOW), ("run", JOB)] {
        eprintln!();
        // The demo is its own project, whatever project the person works on.
        Step::new(places, &places.pype(), "pype").arg(command).arg(subject).without_env("PYPE_PROJECT").run()?;
    }
    let pype = places.pype();
    let pype = places.shown(&pype);
    eprintln!("\nDone. The flow is {FLOW}, the job made of it is {JOB}, and what it wrote is in {PROJECT} too.");
    eprintln!("Next: change the flow and repeat the three commands (`pype` is {pype}), or look at `{pype} --help`.");
    Ok(())
}
