//! Log lines to stderr: pretty for people, JSON with `node_id` for machines.

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// How lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Sets the process's logger; once. Lines go to `writer`, in colour if asked for.
pub fn init<W>(format: LogFormat, level: LevelFilter, colour: bool, writer: W)
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(writer).with_target(false);
    // A logger that is set already belongs to whoever embeds this crate.
    let _ = match format {
        LogFormat::Json => builder.json().flatten_event(true).with_ansi(false).try_init(),
        LogFormat::Pretty => builder.without_time().with_ansi(colour).try_init(),
    };
}
