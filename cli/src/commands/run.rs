//! `pype run`: a job folder's rows, or with `--explain` its plan.

use crate::args::{Global, OnChangeArg, Output, RunArgs, ValueArgs};
use crate::exit::Failure;
use crate::progress::{Expected, Progress, Style};
use crate::render;
use crate::report;
use pypeline_engine::project::Project;
use pypeline_engine::run::observe::logging::settle;
use pypeline_engine::run::observe::metrics::MetricsFile;
use pypeline_engine::run::observe::{Observer, Several};
use pypeline_engine::run::{self, OnChange, Resume, RunError, RunOptions, Tools, explain};
use pypeline_history::{History, Place, Recorder};
use pypeline_polars::PolarsExecutor;
use pypeline_vault::VaultOfEnvironment;
use serde_json::Value;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Runs a job folder, or shows how it would run.
pub fn run(global: &Global, args: &RunArgs) -> Result<u8, Failure> {
    let project = Project::locate_job(global.project.as_deref(), &args.job);
    let options = RunOptions {
        threads: args.threads.map(usize::from),
        fuse: !args.no_fuse,
        memory_limit: args.memory_limit,
        events: args.events.clone(),
        resume: resume(args),
        ..options(&args.values)
    };
    let (place, wrong) = match Place::of(&project) {
        Ok(place) => (place, None),
        Err(error) => (Place::Off, Some(error)),
    };
    let progress = Arc::new(Progress::new(style(global, args), expected(&project, &args.job, &place)));
    let recorder = Arc::new(Recorder::new(place, &project, &args.job));
    let writer = Arc::clone(&progress);
    let _log = crate::logging::init(global, move || writer.writer());
    if let Some(error) = wrong {
        tracing::warn!("{error}; this run is written into no history");
    }
    if args.explain {
        let text = explain::explain(&project, &args.job, &options, &PolarsExecutor)?;
        match global.output {
            Output::Json => render::json(&serde_json::json!({"plan": text})),
            Output::Text => render::text(&text),
        }
        return Ok(0);
    }
    let metrics = args.metrics_file.as_ref().map(|path| Arc::new(MetricsFile::new(path)));
    let mut observers: Vec<Arc<dyn Observer>> = vec![Arc::clone(&progress) as _, Arc::clone(&recorder) as _];
    observers.extend(metrics.map(|metrics| metrics as _));
    #[cfg(feature = "otlp")]
    let telemetry = pypeline_telemetry::Telemetry::from_env().map(Arc::new);
    #[cfg(feature = "otlp")]
    observers.extend(telemetry.clone().map(|telemetry| telemetry as _));
    let tools = Tools {
        executor: Arc::new(PolarsExecutor),
        vault: Some(Arc::new(VaultOfEnvironment::default()) as _),
        observer: Arc::new(Several(observers)),
    };
    let result = run::run(&project, &args.job, &options, tools);
    progress.finish();
    #[cfg(feature = "otlp")]
    if let Some(telemetry) = telemetry {
        telemetry.finish();
    }
    let result = match result {
        Err(error @ RunError::NothingToResume) => {
            match global.output {
                Output::Json => render::json(&serde_json::json!({"nothing_to_resume": true})),
                Output::Text => render::text(&error.to_string()),
            }
            return Ok(0);
        }
        result => result?,
    };
    if let Some(warning) = recorder.finish(&result) {
        tracing::warn!("{warning}");
    }
    // What was logged stands before the report.
    settle();
    let is_stdout_taken = args.events.as_ref().is_some_and(|path| path.as_os_str() == "-");
    match global.output {
        _ if is_stdout_taken => {}
        // What modules have said is masked in it already; its own words are its own.
        Output::Json => render::json_as_it_is(&result),
        Output::Text if global.quiet => report::failures(&result, &args.job),
        Output::Text => report::run_result(&result, &args.job),
    }
    Ok(result.exit_code)
}

fn resume(args: &RunArgs) -> Option<Resume> {
    let on_change = args.on_change.map(|how| match how {
        OnChangeArg::RerunAffected => OnChange::RerunAffected,
        OnChangeArg::Accept => OnChange::Accept,
    });
    args.resume.then_some(Resume { on_change, force: args.force })
}

/// What earlier runs have brought through each link.
fn expected(project: &Project, job: &Path, place: &Place) -> Expected {
    let (project, job, place) = (project.clone(), job.to_path_buf(), place.clone());
    Expected::new(move || {
        let mut history = History::open(&place).ok()?;
        let folder = job.canonicalize().ok()?.display().to_string();
        let known = history.jobs_named(&folder).ok()?.into_iter().find(|job| job.project == project.root())?;
        let usual = history.expected(&known).ok()?.links;
        // A whole number of rows, far below where they are no longer exact.
        Some(usual.into_iter().filter_map(|(link, usual)| Some((link, usual.rows? as u64))).collect())
    })
}

/// A terminal on which nothing can move.
fn is_dumb() -> bool {
    std::env::var("TERM").is_ok_and(|term| term == "dumb")
}

fn style(global: &Global, args: &RunArgs) -> Style {
    if global.quiet {
        Style::Quiet
    } else if render::is_terminal() && !is_dumb() && global.output == Output::Text {
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
