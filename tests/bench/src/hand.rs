//! The programs that an expert would write with the Polars crate, one for each work: the measure for all others.

mod flat;
mod frames;
mod query;
mod spill;

use crate::Result;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Which program.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Program {
    /// A filter: file of rows
    Filter,
    /// Derive, join, totals: files of rows and customers
    Report,
    /// Many files into one: folder
    Files,
    /// All rows in order: file of rows
    Sort,
    /// Nearly as many groups as rows: file of rows
    Aggregate,
    /// Two large tables: files of rows and notes
    Join,
    /// A query of TPC-H: folder of tables, SELECT
    Tpch,
}

/// Does a work once. The words are those of its other programs too; the last one is the folder of the outputs.
pub fn run(program: Program, words: &[OsString]) -> Result<()> {
    let (out, inputs) = words.split_last().ok_or("the folder of the outputs is missing")?;
    let out = Path::new(out);
    let input = |at: usize| inputs.get(at).map(PathBuf::from).ok_or_else(|| format!("input {} is missing", at + 1));
    match program {
        Program::Filter => flat::filter(&input(0)?, out),
        Program::Report => flat::report(&input(0)?, &input(1)?, out),
        Program::Files => flat::files(&input(0)?, out),
        Program::Sort => spill::sort(&input(0)?, out),
        Program::Aggregate => spill::aggregate(&input(0)?, out),
        Program::Join => spill::join(&input(0)?, &input(1)?, out),
        Program::Tpch => {
            let query = inputs.get(1).and_then(|word| word.to_str()).ok_or("the query is missing")?;
            query::run(&input(0)?, query, out)
        }
    }
}
