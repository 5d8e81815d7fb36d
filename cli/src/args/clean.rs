//! What `pype clean` takes away.

use clap::Args;
use std::path::PathBuf;

/// What to clean.
#[derive(Debug, Args)]
pub struct CleanArgs {
    /// The job folder
    #[arg(value_name = "JOB_FOLDER")]
    pub job: PathBuf,
    /// Remove records of runs too, but for those of the newest N
    #[arg(long, value_name = "N")]
    pub keep_runs: Option<usize>,
    /// Remove records of runs too that began longer ago, with `--keep-runs` those of them that it does not keep; checkpoints
    /// only of runs that have done nothing for so long
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36_500))]
    pub older_than: Option<u32>,
    /// Say what would be removed, and remove nothing
    #[arg(long)]
    pub dry_run: bool,
}
