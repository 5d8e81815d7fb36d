//! Log lines: of the engine and of modules, to stderr, to a file, and to the log of each run. One event is one line; nothing
//! that is said holds up a run, forges a line or shows a secret.
//!
//! Everything is said by `tracing`. What modules say has the target [`MODULE_TARGET`], the module's name in the field `module`
//! and its facts as JSON in `fields`; of all events, `run`, `sub_flow`, `node_id` and `iter` become keys of the line.

mod escape;
mod file;
mod json;
mod levels;
mod line;
mod logger;
mod pretty;
pub mod read;
mod sink;

pub use file::LogFiles;
pub use levels::LogLevels;
pub use logger::{FileSettings, LogFormat, RunLogGuard, RunSettings, Settings};
use logger::{Logger, ToLogger};
pub use pretty::{Style, pretty};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, OnceLock};
use tracing::Level;
use tracing_subscriber::layer::SubscriberExt;

/// The target of events that are a module's.
pub const MODULE_TARGET: &str = "pype::module";

/// Name of a run's own log, in the folder of its record.
pub const RUN_LOG: &str = "log.jsonl";

static LOGGER: OnceLock<Arc<Logger>> = OnceLock::new();

/// What was said is written before this is gone, if the outputs take it within 2 seconds each.
#[must_use = "dropped at once, it waits for nothing"]
pub struct LogGuard(());

impl Drop for LogGuard {
    fn drop(&mut self) {
        settle();
    }
}

/// Sets the process's logger; once. `stderr` is called for each block of lines that is to be written, on a thread of its own.
pub fn init<W, F>(settings: Settings, stderr: F) -> LogGuard
where
    W: Write,
    F: Fn() -> W + Send + 'static,
{
    let logger = Logger::new(settings, stderr);
    let subscriber = tracing_subscriber::registry().with(ToLogger(Arc::clone(&logger)));
    // A logger that is set already belongs to whoever embeds this crate.
    if tracing::subscriber::set_global_default(subscriber).is_ok() {
        // It cannot be set: only this function does it, behind what succeeds once.
        let _ = LOGGER.set(logger);
    }
    LogGuard(())
}

/// Starts the log of a run, `log.jsonl` in `folder`, which must be there. Its lines are those that name the run; those that
/// name none belong to the outermost run. Without [`init`], or where it asks for no such logs, nothing is written.
pub fn open_run_log(run_id: &str, folder: &Path) -> io::Result<RunLogGuard> {
    match LOGGER.get() {
        Some(logger) => logger.open_run_log(run_id, folder),
        None => Ok(RunLogGuard::none()),
    }
}

/// Somebody may want a module's line of this level; true where somebody else's logger is set.
pub fn wants(level: Level, module: &str, node: &str) -> bool {
    LOGGER.get().is_none_or(|logger| logger.wants(level, module, node))
}

/// What waits is to be written now; does not wait for it.
pub fn flush() {
    if let Some(logger) = LOGGER.get() {
        logger.hurry();
    }
}

/// Waits until all is written, 2 seconds at most for each output; tells what could not be.
pub fn settle() {
    if let Some(logger) = LOGGER.get() {
        logger.settle();
    }
}

#[cfg(test)]
mod tests;
