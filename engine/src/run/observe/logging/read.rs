//! Reading a run's log: which run is meant, its files in their order, and following it until its end.

mod files;
mod find;
mod follow;

pub use files::LogReader;
pub use find::{FindError, FoundRun, find};
pub use follow::{Outcome, each_line};
use pypeline_schema::log_line::{LogLevel, LogLine};

/// Which lines are asked for.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Those of this node, or of nodes whose names begin with it and a dot.
    pub node: Option<String>,
    /// Those that are as grave, or graver.
    pub level: Option<LogLevel>,
}

impl Filter {
    /// The line is asked for.
    pub fn takes(&self, line: &LogLine) -> bool {
        let is_of = |node: &String| {
            line.node_id.strip_prefix(node.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.level.is_none_or(|level| line.level <= level) && self.node.as_ref().is_none_or(is_of)
    }
}
