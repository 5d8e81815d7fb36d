//! Modules that misbehave, each in one way, beside two that behave well in unusual ways: tokio tasks, blocking streams.

mod bad_rows_source;
mod endless_solo;
mod panics;
mod pass_mod;
mod stream_mod;
mod transient_source;

use bad_rows_source::BadRows;
use endless_solo::Endless;
use panics::{PanicRun, PanicSetup};
use pass_mod::Pass;
use stream_mod::Stream;
use transient_source::Transient;

pypeline_sdk::export_plugin!(PanicRun, PanicSetup, Transient, Endless, BadRows, Pass, Stream);
