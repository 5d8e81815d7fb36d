//! One run of the binary: how it ended, what it said, what it wrote down.

use super::Check;
use super::log::Log;
use super::process::End;
use std::time::Duration;

/// A process that has ended.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// The command line, as a person would type it.
    pub shown: String,
    pub end: End,
    pub stdout: String,
    pub stderr: String,
    pub log: Log,
    pub took: Duration,
    /// What it must have done for a sub flow that is to be kept: `written` survives a death of the process, `landed` a loss of
    /// power and a failing sync.
    pub survives: &'static str,
}

impl Attempt {
    /// It ended as it should.
    pub fn expect(&self, end: End) -> Check {
        if self.end == end {
            self.sane()
        } else {
            Err(format!("it ended with {:?}, not {end:?}: {}", self.end, self.last_words()))
        }
    }

    /// It neither hung nor crashed, whatever else it did.
    pub fn sane(&self) -> Check {
        if self.end == End::Hung {
            return Err(format!("it hung: {}", self.last_words()));
        }
        if self.end.is_crash() || self.stderr.contains("thread '") || self.stderr.contains("panicked at") {
            return Err(format!("it crashed with {:?}: {}", self.end, self.stderr));
        }
        Ok(())
    }

    /// It found nothing that it could go on with: no sub flow began and none was restored.
    pub fn found_nothing(&self) -> bool {
        self.log.of("begin").is_empty() && self.log.of("restored").is_empty()
    }

    /// It came to an end, and to no good one.
    pub fn has_failed(&self) -> bool {
        matches!(self.end, End::Code(code) if code != 0)
    }

    /// The end of what it said.
    pub fn last_words(&self) -> String {
        let skip = self.stderr.chars().count().saturating_sub(1500);
        self.stderr.chars().skip(skip).collect()
    }
}
