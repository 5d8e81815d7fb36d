//! What a contender wrote, and whether it is what another wrote: nobody wins by doing less.

mod key;
mod print;
mod read;
mod whole;

pub use key::Key;

use crate::Result;
use print::Print;
use std::path::PathBuf;
use whole::Whole;

/// A file, or a folder of Parquet files, that a contender writes.
#[derive(Debug, Clone)]
pub struct Output {
    /// Where.
    pub path: PathBuf,
    /// Columns by which its rows are in order.
    pub order: &'static [Key],
    /// It is small, and compared value by value, with some tolerance; else by what adds up over all rows.
    pub whole: bool,
}

/// What is compared.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// By what adds up.
    Print(Print),
    /// Value by value.
    Whole(Whole),
}

impl Output {
    /// Reads all of it.
    pub fn answer(&self) -> Result<Answer> {
        Ok(match self.whole {
            true => Answer::Whole(Whole::of(read::all(&self.path)?, self.order)?),
            false => {
                let mut print = Print::new(self.order);
                read::parts(&self.path, |part| print.add(&part))?;
                Answer::Print(print)
            }
        })
    }

    /// Its rows, by looking at as little as possible.
    pub fn rows(&self) -> Result<u64> {
        read::rows(&self.path)
    }

    /// Its size.
    pub fn bytes(&self) -> Result<u64> {
        Ok(read::files(&self.path)?.iter().map(|file| std::fs::metadata(file).map_or(0, |found| found.len())).sum())
    }
}

impl Answer {
    /// Rows of the output.
    pub fn rows(&self) -> u64 {
        match self {
            Self::Print(print) => print.rows,
            Self::Whole(whole) => whole.rows() as u64,
        }
    }

    /// How this answer is not that one, if it is not.
    pub fn difference(&self, wanted: &Self) -> Option<String> {
        match (self, wanted) {
            (Self::Print(own), Self::Print(wanted)) => own.difference(wanted),
            (Self::Whole(own), Self::Whole(wanted)) => own.difference(wanted),
            _ => Some("the answers are of two kinds".to_owned()),
        }
    }
}
