//! The command line: commands, their arguments, and the help that explains them.

mod clean;
pub mod history;
pub mod logs;
mod look;
mod run;
mod schema;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
pub use clean::CleanArgs;
use history::{RunsArgs, StatsArgs, StatusArgs};
use logs::LogsArgs;
pub use look::{DryRunArgs, GraphArgs, GraphForm, LineageArgs};
use pypeline_engine::run::observe::logging::LogLevels;
pub use run::{ContextArgs, OnChangeArg, RunArgs, ValueArgs};
pub use schema::SchemaArgs;
use std::path::PathBuf;

/// Build and run ETL flows written in YAML.
#[derive(Debug, Parser)]
#[command(name = "pype", version, propagate_version = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// Options of all commands.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 success, 1 the run failed, 2 usage, 3 the flow, job folder or a plugin is invalid or has changed,
4 another run holds the job, 129/130/143 stopped by SIGHUP/SIGINT/SIGTERM.";

/// Options of all commands.
#[derive(Debug, Args)]
pub struct Global {
    /// Project root; else PYPE_PROJECT, else the nearest folder above with a pype.toml, else the flow's folder
    #[arg(long, global = true, value_name = "FOLDER")]
    pub project: Option<PathBuf>,
    /// How results are printed on stdout
    #[arg(long, global = true, value_enum, default_value_t = Output::Text)]
    pub output: Output,
    /// How log lines are written to stderr
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Auto)]
    pub log_format: LogFormat,
    /// Least grave log lines that are written, for all or by module, node and part of pype: `warn,csv_source=debug`
    #[arg(long, global = true, value_name = "LEVELS", default_value = "info", value_parser = LogLevels::parse)]
    pub log_level: LogLevels,
    /// Write log lines there too, one JSON object a line; rotated at 16 MB
    #[arg(long, global = true, value_name = "FILE")]
    pub log_file: Option<PathBuf>,
    /// Write more log lines; twice for all
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
    /// Say nothing but failures; `run` prints its result with `--output json` alone
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

/// Forms of a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// Forms of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people on a terminal, else one JSON object a line
    Auto,
    /// For people
    Pretty,
    /// One JSON object a line
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Check a flow and write nothing
    Validate(FlowArgs),
    /// Explain what a diagnostic code stands for, with a wrong and a right example
    Explain(ExplainArgs),
    /// Check a flow and write its job folder
    Build(BuildArgs),
    /// Draw a flow or a job: sub flows, nodes and links
    Graph(GraphArgs),
    /// Show what a run would do, and do none of it
    DryRun(DryRunArgs),
    /// Show which columns of sources the columns of sinks come from
    Lineage(LineageArgs),
    /// Run a job folder
    Run(RunArgs),
    /// Remove what runs of a job have left: checkpoints, temporary files and, on request, records
    Clean(CleanArgs),
    /// Show the values that a run would begin with, and where each comes from
    Context(ContextArgs),
    /// List runs, the newest first
    Runs(RunsArgs),
    /// Show what runs now and how each job's last run went, or one run in detail
    Status(StatusArgs),
    /// Show what a run has logged
    Logs(LogsArgs),
    /// Show rows and seconds of a job's runs over time, and what is unusual
    Stats(StatsArgs),
    /// List the modules of all plugins on the search path
    ListModules,
    /// Show all that a module says of itself
    DescribeModule(NameArgs),
    /// Register one module, or all modules of a plugin library
    RegisterModule(NameArgs),
    /// Register all modules of all plugins on the search path
    AutoRegister,
    /// Forget all registered modules
    ClearRegistry,
    /// Print the JSON Schema of flows with the modules that are there, for editors
    Schema(SchemaArgs),
    /// Make a folder a project: write its pype.toml, and the schema for editors
    Init(InitArgs),
}

/// A flow file.
#[derive(Debug, Args)]
pub struct FlowArgs {
    /// The flow
    #[arg(value_name = "FLOW.yaml")]
    pub flow: PathBuf,
    /// How far to check
    #[command(flatten)]
    pub checks: CheckArgs,
}

/// What to explain.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Codes as findings show them, e.g. P003; all of them in a table if none is named
    #[arg(value_name = "CODE")]
    pub codes: Vec<String>,
}

/// What to build.
#[derive(Debug, Args)]
pub struct BuildArgs {
    /// The flow
    #[arg(value_name = "FLOW.yaml")]
    pub flow: PathBuf,
    /// The job folder; else `<root>/jobs/<flow name>`
    #[arg(long, value_name = "FOLDER")]
    pub out: Option<PathBuf>,
    /// How far to check
    #[command(flatten)]
    pub checks: CheckArgs,
}

/// How far to check.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Checks to make: these and those before them
    #[arg(long, value_enum, default_value_t = LevelArg::Columns)]
    pub level: LevelArg,
    /// Context whose values stand in for templates while columns are checked; else the default one
    #[arg(long, value_name = "NAME")]
    pub context: Option<String>,
}

/// Parts of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    /// It is YAML
    Yaml,
    /// It has the form of a flow
    Schema,
    /// Links, sub flows, loops, names that templates use
    Graph,
    /// Modules, their configurations, templates, expressions
    Modules,
    /// Columns and types; of files no more than the head is read
    Columns,
}

/// A module or a library.
#[derive(Debug, Args)]
pub struct NameArgs {
    /// Name of a module, or path of a plugin library where that is asked for
    #[arg(value_name = "NAME|PATH")]
    pub name: String,
}

/// What to make a project.
#[derive(Debug, Args)]
pub struct InitArgs {
    /// The folder; it is made if need be
    #[arg(default_value = ".")]
    pub folder: PathBuf,
}
