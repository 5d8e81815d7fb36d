//! `pype run`: a job folder's rows, or with `--explain` its plan.

use crate::args::{Global, Output, RunArgs, ValueArgs};
use crate::exit::Failure;
use crate::progress::{Expected, Progress, Style};
use crate::render;
use crate::report;
use pypeline_engine::project::Project;
use pypeline_engine::run::{self, RunOptions, Tools, explain};
use pypeline_polars::PolarsExecutor;
use pypeline_vault::VaultOfEnvironment;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// Runs a job folder, or shows how it would run.
pub fn run(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    let project = Project::locate_job(global.project.as_deref(), &args.job);
    let options = RunOptions {
        threads: args.threads.map(usize::from),
        fuse: !args.no_fuse,
        events: args.events.clone(),
        ..options(&args.values)
    };
    if args.explain {
        let text = explain::explain(&project, &args.job, &options, &PolarsExecutor)?;
        render::text(&text);
        return Ok(0);
    }
    let progress = Arc::new(Progress::new(style(global, args), Expected::new()));
    let writer = Arc::clone(&progress);
    let _log = crate::logging::init(global, move || writer.writer());
    let tools = Tools {
        executor: Arc::new(PolarsExecutor),
        vault: Some(Arc::new(VaultOfEnvironment::default()) as _),
        observer: Arc::clone(&progress) as _,
    };
    let result = run::run(&project, &args.job, &options, tools);
    progress.finish();
    let result = result?;
    let is_stdout_taken = args.events.as_ref().is_some_and(|path| path.as_os_str() == "-");
    match global.output {
        _ if is_stdout_taken => {}
        Output::Json => render::json(&result),
        Output::Text if global.quiet => report::failures(&result, &args.job),
        Output::Text => report::run_result(&result, &args.job),
    }
    Ok(result.exit_code)
}

fn style(global: &Global, args: &RunArgs) -> Style {
    if global.quiet {
        Style::Quiet
    } else if render::is_terminal() && global.output == Output::Text {
        Style::Live
    } else {
        Style::Plain(Some(args.progress_every).filter(|every| *every > 0.0).map(Duration::from_secs_f64))
    }
}

/// A run's values, as the command line gives them.
pub fn options(args: &ValueArgs) -> RunOptions {
    let text = |(name, value): &(String, String)| (name.clone(), Value::String(value.clone()));
    let params = args.params.iter().flatten().map(|(name, value)| (name.clone(), value.clone()));
    RunOptions {
        context: args.context.clone(),
        set: args.set.iter().map(text).collect(),
        params: params.chain(args.param.iter().map(text)).collect(),
        ..RunOptions::default()
    }
}
