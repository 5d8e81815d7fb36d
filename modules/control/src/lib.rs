//! Steps without rows: what control flow is made of.

mod noop_solo;

use noop_solo::Noop;

pypeline_sdk::export_plugin!(Noop);
