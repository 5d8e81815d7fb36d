//! Modules that misbehave, each in one way, beside one that only uses its own tokio and behaves well.

mod bad_rows_source;
mod endless_solo;
mod panics;
mod pass_mod;
mod transient_source;

use bad_rows_source::BadRows;
use endless_solo::Endless;
use panics::{PanicRun, PanicSetup};
use pass_mod::Pass;
use transient_source::Transient;

pypeline_sdk::export_plugin!(PanicRun, PanicSetup, Transient, Endless, BadRows, Pass);
