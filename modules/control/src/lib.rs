//! Steps without rows, and what the engine itself does for a flow: variables, commands, caches, other jobs.

mod cache_sink;
mod cache_source;
mod captured;
mod command;
mod context_load_sink;
mod die_solo;
mod names;
mod noop_solo;
mod return_sink;
mod run_flow_solo;
mod set_var_solo;
mod shell_solo;
mod sleep_solo;
mod warn_solo;

use cache_sink::CacheSink;
use cache_source::CacheSource;
use context_load_sink::ContextLoadSink;
use die_solo::Die;
use noop_solo::Noop;
use return_sink::ReturnSink;
use run_flow_solo::RunFlow;
use set_var_solo::SetVar;
use shell_solo::Shell;
use sleep_solo::Sleep;
use warn_solo::Warn;

pypeline_sdk::export_plugin!(
    CacheSink,
    CacheSource,
    ContextLoadSink,
    Die,
    Noop,
    ReturnSink,
    RunFlow,
    SetVar,
    Shell,
    Sleep,
    Warn,
);
