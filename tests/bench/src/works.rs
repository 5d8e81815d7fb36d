//! The works of the suite. Each is one race or several: the same work by all contenders.

mod files;
mod filter;
mod plan;
mod report;
mod setting;
mod spill;
mod tpch;

pub use setting::{Setting, Sizes};

use crate::Result;
use crate::race::Race;

/// A work's name on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Work {
    /// A file of text, filtered, into Parquet
    Filter,
    /// Derive, join, aggregate and sort, into two files
    Report,
    /// Many small files, each by itself
    Files,
    /// The filter, with a module that runs in the middle
    Module,
    /// Sort, aggregate and join with a quarter of the data's size in memory
    Spill,
    /// The 22 queries of TPC-H
    Tpch,
}

impl Work {
    /// All, in the order in which they are done.
    pub const ALL: [Self; 6] = [Self::Filter, Self::Report, Self::Files, Self::Module, Self::Spill, Self::Tpch];

    /// Makes what its races need.
    pub fn races(self, setting: &Setting) -> Result<Vec<Race>> {
        match self {
            Self::Filter => filter::races(setting),
            Self::Report => report::races(setting),
            Self::Files => files::races(setting),
            Self::Module => filter::with_a_module(setting),
            Self::Spill => spill::races(setting),
            Self::Tpch => tpch::races(setting),
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Report => "report",
            Self::Files => "files",
            Self::Module => "module",
            Self::Spill => "spill",
            Self::Tpch => "tpch",
        }
    }
}
