//! The command line. It is a file of its own because Clap's macros and the crate's `Result` do not mix well.

use crate::contenders::Kind;
use crate::hand;
use crate::works::{Sizes, Work};
use clap::{Parser, Subcommand};
use std::ffi::OsString;
use std::path::PathBuf;

/// Options of the benchmark, or another task.
#[derive(Parser)]
#[command(
    name = "bench",
    version,
    about = "The same works by pype, hand-written Polars, the Polars wheel, DuckDB and pandas",
    args_conflicts_with_subcommands = true
)]
pub struct Args {
    /// What to do instead of the benchmark
    #[command(subcommand)]
    pub task: Option<Task>,
    /// Works, separated by commas; all of them where it is left out
    #[arg(long, value_enum, value_delimiter = ',')]
    pub works: Vec<Work>,
    /// Size of the CSV file in GB (1,000,000,000 bytes)
    #[arg(long, default_value = "1.0", value_parser = gigabytes)]
    pub gb: f64,
    /// Number of small files
    #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=99_999))]
    pub files: u64,
    /// Scale factor of TPC-H: 1 is about a GB
    #[arg(long, default_value = "1", value_parser = scale)]
    pub sf: f64,
    /// MB of memory that `spill` may take; a quarter of its input where it is left out
    #[arg(long, value_name = "MB", value_parser = clap::value_parser!(u64).range(64..))]
    pub memory: Option<u64>,
    /// Do each work once and compare the answers; measure nothing
    #[arg(long, conflicts_with = "rounds")]
    pub check: bool,
    /// Measured rounds, after one that is not measured
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Contenders, separated by commas; all of them where it is left out
    #[arg(long, value_enum, value_delimiter = ',')]
    pub only: Vec<Kind>,
    /// Another pype binary, with its plugins beside it, which takes part as `other`
    #[arg(long, value_name = "FILE")]
    pub other: Option<PathBuf>,
    /// Write all raw numbers to this file
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Folder for the inputs, the Python environment and the outputs; `pype-bench` in the temporary folder by default
    #[arg(long, value_name = "DIR")]
    pub work: Option<PathBuf>,
    /// Leave projects, logs and the last outputs in the work folder
    #[arg(long)]
    pub keep: bool,
}

/// Tasks other than the benchmark.
#[derive(Subcommand)]
pub enum Task {
    /// Do a work once, as the hand-written contender does it
    Hand {
        /// Which one
        program: hand::Program,
        /// Its inputs, and the folder of its outputs
        words: Vec<OsString>,
    },
    /// Measure what control flow itself costs: a chain, loops and a fan of sub flows that do nothing
    Scheduler {
        /// Measured rounds
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Measure what checks and builds cost: flows of up to a hundred thousand modules
    Build {
        /// Measured rounds
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Measure what checkpoints cost, and how soon a run that is resumed goes on
    Checkpoints {
        /// Measured rounds
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
        rounds: u32,
    },
    /// Print the bytes of the plugin libraries beside the pype binary
    Size,
}

impl Args {
    /// This contender takes part.
    pub fn runs(&self, kind: Kind) -> bool {
        match kind {
            Kind::Other => self.other.is_some(),
            _ => self.only.is_empty() || self.only.contains(&kind),
        }
    }

    /// This work is done.
    pub fn does(&self, work: Work) -> bool {
        self.works.is_empty() || self.works.contains(&work)
    }

    /// How large the inputs are.
    pub fn sizes(&self) -> Sizes {
        Sizes { gb: self.gb, files: self.files, scale: self.sf, memory: self.memory }
    }
}

fn gigabytes(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    // A million bytes hold enough rows to infer types from; a terabyte is surely a slip.
    if (0.001..=1000.0).contains(&value) { Ok(value) } else { Err("use a size between 0.001 and 1000".to_owned()) }
}

fn scale(text: &str) -> Result<f64, String> {
    let value: f64 = text.parse().map_err(|_| format!("`{text}` is not a number"))?;
    if (0.001..=1000.0).contains(&value) { Ok(value) } else { Err("use a factor between 0.001 and 1000".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_are_chosen_by_name() {
        let args = Args::try_parse_from(["bench", "--only", "hand,duckdb", "--gb", "0.5"]).unwrap();
        let chosen: Vec<Kind> = Kind::ALL.into_iter().filter(|kind| args.runs(*kind)).collect();
        assert_eq!(chosen, [Kind::Hand, Kind::Duckdb]);
        let args = Args::try_parse_from(["bench", "--only", "hand", "--other", "pype"]).unwrap();
        assert!(args.runs(Kind::Other) && args.runs(Kind::Hand) && !args.runs(Kind::Pype));
        assert!(Args::try_parse_from(["bench", "--gb", "0"]).is_err());
        assert!(Args::try_parse_from(["bench", "--rounds", "0"]).is_err());
    }

    #[test]
    fn works_are_chosen_by_name() {
        let args = Args::try_parse_from(["bench", "--works", "tpch,filter", "--sf", "0.1"]).unwrap();
        let chosen: Vec<Work> = Work::ALL.into_iter().filter(|work| args.does(*work)).collect();
        assert_eq!(chosen, [Work::Filter, Work::Tpch]);
        assert!(Args::try_parse_from(["bench", "--sf", "0"]).is_err());
        assert!(Args::try_parse_from(["bench", "--check", "--rounds", "2"]).is_err());
    }

    #[test]
    fn hand_is_a_task_with_a_program() {
        let args = Args::try_parse_from(["bench", "hand", "filter", "in.csv", "out"]).unwrap();
        assert!(matches!(args.task, Some(Task::Hand { .. })));
    }
}
