//! A job should cost what hand-written Polars costs. This program measures it: the same works by `pype`, by the Polars
//! programs that an expert would write, by the Polars wheel, by DuckDB and by pandas, each in a process of its own.

#![allow(clippy::disallowed_methods)] // Data of a measurement.

mod args;
mod building;
mod checkpoints;
mod contenders;
mod data;
mod hand;
mod machine;
mod measure;
mod outputs;
mod process;
mod project;
mod race;
mod report;
mod scheduler;
mod startup;
mod suite;
mod venv;
mod works;

use args::{Args, Task};
use clap::Parser;
use contenders::Kind;
use std::path::Path;
use std::process::ExitCode;
use works::{Setting, Work};

// The allocator of the `pype` binary: `hand` shall differ from it in the program alone.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Errors here are only ever shown to a person.
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> ExitCode {
    let args = Args::parse();
    let outcome = match &args.task {
        Some(Task::Hand { program, words }) => hand::run(*program, words).map(|()| true),
        Some(Task::Size) => print_sizes().map(|()| true),
        Some(Task::Scheduler { rounds }) => apart(&args, "scheduler", |work| scheduler::run(work, *rounds)),
        Some(Task::Build { rounds }) => apart(&args, "build", |work| building::run(work, *rounds)),
        Some(Task::Checkpoints { rounds }) => apart(&args, "checkpoints", |work| checkpoints::run(work, *rounds)),
        None => bench(&args),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// A measurement of the engine alone, in a folder of its own.
fn apart(args: &Args, name: &str, run: impl FnOnce(&Path) -> Result<()>) -> Result<bool> {
    let parent = std::path::absolute(args.work.clone().unwrap_or_else(std::env::temp_dir))?;
    let work = parent.join(format!("pype-bench-{name}"));
    remove_folder(&work)?;
    std::fs::create_dir_all(&work)?;
    run(&work)?;
    remove_folder(&work)?;
    Ok(true)
}

/// The suite; false where one of the project's own contenders could not be measured.
fn bench(args: &Args) -> Result<bool> {
    let work = std::path::absolute(args.work.clone().unwrap_or_else(|| std::env::temp_dir().join("pype-bench")))?;
    // What is made anew each time has a folder of its own, so that removing it cannot touch anything else in `work`.
    let scratch = work.join("pype-bench-run");
    remove_folder(&scratch)?;
    std::fs::create_dir_all(&scratch)?;

    let setting = Setting {
        work,
        scratch: scratch.clone(),
        kinds: Kind::ALL.into_iter().filter(|kind| args.runs(*kind)).collect(),
        sizes: args.sizes(),
        other: args.other.as_deref().map(std::path::absolute).transpose()?,
    };
    let works: Vec<Work> = Work::ALL.into_iter().filter(|work| args.does(*work)).collect();
    let report = suite::run(&setting, &works, if args.check { 0 } else { args.rounds });
    print!("{}", report.text());
    if let Some(file) = &args.json {
        std::fs::write(file, format!("{:#}\n", report.json()))
            .map_err(|error| format!("{}: {error}", file.display()))?;
    }
    if !args.keep {
        remove_folder(&scratch)?;
    }
    Ok(report.is_complete())
}

/// Removes a folder that may not be there.
fn remove_folder(folder: &Path) -> Result<()> {
    match std::fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(format!("cannot remove {}: {error}", folder.display()).into())
        }
        _ => Ok(()),
    }
}

/// One line for each plugin library: its bytes and its name.
fn print_sizes() -> Result<()> {
    let libraries = project::libraries()?;
    if libraries.is_empty() {
        return Err("no plugin library is beside the pype binary".into());
    }
    for (name, bytes) in libraries {
        println!("{bytes:>12}  {name}");
    }
    Ok(())
}
