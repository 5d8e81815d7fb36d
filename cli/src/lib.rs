//! The `pype` command: parse, call the engine, render. Thin on purpose.

mod allocator;
mod args;
mod commands;
mod cpu;
mod exit;
mod logging;
mod progress;
mod render;
mod report;

use args::{Cli, Command};
use clap::Parser;
use exit::Exit;
use std::process::ExitCode;

/// The whole program.
pub fn main() -> ExitCode {
    allocator::set_up();
    if let Err(wrong) = pypeline_disk::faults::arm_from_env() {
        eprintln!("pype: {wrong}");
        return ExitCode::from(Exit::Usage as u8);
    }
    if let Err(missing) = cpu::check() {
        eprintln!(
            "pype: this build needs a CPU of the x86-64-v3 level (AVX2, FMA, BMI2; Intel Haswell or AMD Excavator and later), \
             and this one lacks {missing}. Build it for any x86-64: `cargo xtask setup --portable`"
        );
        return ExitCode::from(Exit::Failed as u8);
    }
    quiet_panics();
    outlive_full_quotas();
    let cli = Cli::parse();
    match dispatch(&cli) {
        Ok(0) if render::is_lost() => ExitCode::from(Exit::Failed as u8),
        Ok(exit) => ExitCode::from(exit),
        Err(failure) => {
            render::failure(&cli.global, &failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}

fn dispatch(cli: &Cli) -> Result<u8, exit::Failure> {
    if let Some(folder) = cli.global.project.as_deref().filter(|folder| !folder.is_dir()) {
        let message = format!("--project: there is no folder `{}`", folder.display());
        return Err(exit::Failure::new(Exit::Usage, message));
    }
    // A run's lines keep out of the way of its progress.
    let is_run = matches!(cli.command, Command::Run(_));
    let _log = (!is_run).then(|| logging::init(&cli.global, std::io::stderr));
    match &cli.command {
        Command::Validate(args) => commands::flow::validate(&cli.global, args),
        Command::Explain(args) => commands::explain::explain(&cli.global, args),
        Command::Build(args) => commands::flow::build(&cli.global, args),
        Command::Graph(args) => commands::graph::graph(&cli.global, args),
        Command::DryRun(args) => commands::dry_run::dry_run(&cli.global, args),
        Command::Lineage(args) => commands::lineage::lineage(&cli.global, args),
        Command::Run(args) => commands::run::run(&cli.global, args),
        Command::Clean(args) => commands::clean::clean(&cli.global, args),
        Command::Context(args) => commands::context::context(&cli.global, args),
        Command::Runs(args) => commands::history::runs(&cli.global, args),
        Command::Status(args) => commands::history::status(&cli.global, args),
        Command::Stats(args) => commands::history::stats(&cli.global, args),
        Command::Logs(args) => commands::logs::logs(&cli.global, args),
        Command::ListModules => commands::modules::list(&cli.global),
        Command::DescribeModule(args) => commands::modules::describe(&cli.global, args),
        Command::RegisterModule(args) => commands::registry::register(&cli.global, args),
        Command::AutoRegister => commands::registry::auto_register(&cli.global),
        Command::ClearRegistry => commands::registry::clear(&cli.global),
        Command::Schema(args) => commands::schema::schema(&cli.global, args),
        Command::Init(args) => commands::init::init(&cli.global, args),
    }
}

/// A file that grows beyond its limit is an error with a path, and not the end of the process.
fn outlive_full_quotas() {
    // Where that cannot be had, the process ends as others do.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, std::sync::Arc::default());
}

/// A panic on a worker's thread is caught and becomes an error with a place. One on the main thread is a defect, and is shown
/// without the secrets that its text may hold.
fn quiet_panics() {
    std::panic::set_hook(Box::new(|info| {
        if std::thread::current().name() == Some("main") {
            render::talk(&format!("pype has a defect, please report it: {info}"));
        } else {
            tracing::debug!("caught: {info}");
        }
    }));
}
