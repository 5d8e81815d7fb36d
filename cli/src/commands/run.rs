//! `pype run`: a job folder's rows, or with `--explain` its plan.

use crate::args::{Global, LogFormat, LogLevel, Output, RunArgs};
use crate::exit::Failure;
use crate::progress::Progress;
use crate::render;
use crate::report;
use pypeline_engine::project::Project;
use pypeline_engine::run::{self, RunOptions, explain, observe::logging};
use pypeline_polars::PolarsExecutor;
use serde_json::Value;
use std::sync::Arc;

/// Runs a job folder, or shows how it would run.
pub fn run(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    let project = Project::locate_job(global.project.as_deref(), &args.job);
    let options = RunOptions {
        context: args.context.clone(),
        set: args.set.iter().map(|(name, value)| (name.clone(), Value::String(value.clone()))).collect(),
        threads: args.threads.map(usize::from),
        inherited: Vec::new(),
        fuse: !args.no_fuse,
        events: args.events.clone(),
    };
    if args.explain {
        let text = explain::explain(&project, &args.job, &options, &PolarsExecutor)?;
        render::text(&text);
        return Ok(0);
    }
    let progress = Arc::new(Progress::new(render::is_terminal() && global.output == Output::Text));
    start_logging(global, &progress);
    let result = run::run(&project, &args.job, &options, Arc::new(PolarsExecutor), Arc::clone(&progress) as _);
    progress.finish();
    let result = result?;
    let is_stdout_taken = args.events.as_ref().is_some_and(|path| path.as_os_str() == "-");
    match global.output {
        _ if is_stdout_taken => {}
        Output::Json => render::json(&result),
        Output::Text => report::run_result(&result, &args.job),
    }
    Ok(result.exit_code)
}

fn start_logging(global: &Global, progress: &Arc<Progress>) {
    use tracing::level_filters::LevelFilter;
    let level = match (global.verbose, global.log_level) {
        (2.., _) | (_, LogLevel::Trace) => LevelFilter::TRACE,
        (1, _) | (_, LogLevel::Debug) => LevelFilter::DEBUG,
        (_, LogLevel::Info) => LevelFilter::INFO,
        (_, LogLevel::Warn) => LevelFilter::WARN,
        (_, LogLevel::Error) => LevelFilter::ERROR,
    };
    let format = match global.log_format {
        LogFormat::Pretty => logging::LogFormat::Pretty,
        LogFormat::Json => logging::LogFormat::Json,
    };
    let progress = Arc::clone(progress);
    logging::init(format, level, render::colour_on_stderr(), move || progress.writer());
}
