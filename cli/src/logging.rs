//! The command line's wishes about log lines.

use crate::args::{Global, LogFormat};
use crate::render;
use pypeline_engine::run::observe::logging::{
    self, FileSettings, LogFiles, LogGuard, LogLevels, RunSettings, Settings,
};
use std::io::Write;
use tracing::level_filters::LevelFilter;

/// Starts logging; what is written to stderr goes through `writer`. The guard waits for the last lines.
pub fn init<W: Write>(global: &Global, writer: impl Fn() -> W + Send + 'static) -> LogGuard {
    let levels = match global.verbose {
        _ if global.quiet => LogLevels::all(LevelFilter::ERROR),
        0 => global.log_level.clone(),
        1 => LogLevels::all(LevelFilter::DEBUG),
        _ => LogLevels::all(LevelFilter::TRACE),
    };
    let format = match global.log_format {
        LogFormat::Auto if !render::is_terminal() => logging::LogFormat::Json,
        LogFormat::Auto | LogFormat::Pretty => logging::LogFormat::Pretty,
        LogFormat::Json => logging::LogFormat::Json,
    };
    let file = global.log_file.clone().map(|path| FileSettings {
        path,
        // A file is read later, by somebody who wants to know more.
        levels: if global.quiet { global.log_level.clone() } else { levels.clone() },
        files: LogFiles::default(),
    });
    let runs = Some(RunSettings::default());
    logging::init(Settings { format, colour: render::colour_on_stderr(), levels, file, runs }, writer)
}
