//! Modules that misbehave, each in one way, beside four that behave well in unusual ways: tokio tasks, blocking streams, and
//! steps that log their life, and what they see around them. One more says whatever it is given.

mod abort_solo;
mod around_solo;
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
mod twice_mod;

use abort_solo::Abort;
use around_solo::Around;
use bad_rows_source::BadRows;
use endless_solo::Endless;
use life_solo::Life;
use panics::{PanicRun, PanicSetup, PanicSolo};
use pass_mod::Pass;
use secret_echo_solo::SecretEcho;
use spin::{Spin, SpinMod};
use stream_mod::Stream;
use transient_source::Transient;
use twice_mod::Twice;

pypeline_sdk::export_plugin!(
    PanicRun, PanicSetup, PanicSolo, Transient, Endless, BadRows, Pass, Stream, Spin, SpinMod, Life, Around,
    SecretEcho, Abort, Twice
);
