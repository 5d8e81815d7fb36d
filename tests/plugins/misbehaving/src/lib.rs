//! Modules that misbehave, each in one way, beside three that behave well in unusual ways: tokio tasks, blocking streams, and
//! a step that logs its life. One more says whatever it is given.

mod bad_rows_source;
mod endless_solo;
mod life_solo;
mod panics;
mod pass_mod;
mod secret_echo_solo;
mod secret_forms;
mod spin;
mod stream_mod;
mod transient_source;

use bad_rows_source::BadRows;
use endless_solo::Endless;
use life_solo::Life;
use panics::{PanicRun, PanicSetup};
use pass_mod::Pass;
use secret_echo_solo::SecretEcho;
use spin::{Spin, SpinMod};
use stream_mod::Stream;
use transient_source::Transient;

pypeline_sdk::export_plugin!(PanicRun, PanicSetup, Transient, Endless, BadRows, Pass, Stream, Spin, SpinMod, Life, SecretEcho);
