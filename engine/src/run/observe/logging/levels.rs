//! Which lines are written: a level for all, and others for parts of the engine, for modules, and for single nodes.

use crate::diagnostics::suggest;
use tracing::level_filters::LevelFilter;

/// The words for levels, the gravest last.
const WORDS: [(&str, LevelFilter); 6] = [
    ("trace", LevelFilter::TRACE),
    ("debug", LevelFilter::DEBUG),
    ("info", LevelFilter::INFO),
    ("warn", LevelFilter::WARN),
    ("error", LevelFilter::ERROR),
    ("off", LevelFilter::OFF),
];

/// `info`, or `warn,csv_source=debug,pypeline_engine::run=trace,load.orders=trace`: without a name for all lines, with one
/// for those of a part of the engine and what is inside it, of a module, or of a node and what its name is the beginning of
/// (`load` for `load.orders`). Of several that fit a line, that of its node counts, else the longest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLevels {
    default: LevelFilter,
    /// The longest name first.
    rules: Vec<(String, LevelFilter)>,
}

impl LogLevels {
    /// One level for all.
    pub fn all(level: LevelFilter) -> Self {
        Self { default: level, rules: Vec::new() }
    }

    /// Reads `info` or `warn,csv_source=debug`; without a level for all it is `info`. An error names all parts that are wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (mut default, mut rules, mut wrong) = (None, Vec::new(), Vec::new());
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (name, word) = match part.split_once('=') {
                Some((name, word)) => (Some(name.trim()), word.trim()),
                None => (None, part),
            };
            match (name, level(word)) {
                (Some(""), _) => wrong.push(format!("`{part}`: there is no name before the `=`")),
                (None, Err(help)) => wrong.push(format!("`{word}` is no level; {help}")),
                (_, Err(help)) => wrong.push(format!("`{part}`: `{word}` is no level; {help}")),
                (Some(name), Ok(_)) if rules.iter().any(|(known, _)| known == name) => {
                    wrong.push(format!("`{part}`: `{name}` has a level already"));
                }
                (Some(name), Ok(level)) => rules.push((name.to_owned(), level)),
                (None, Ok(_)) if default.is_some() => wrong.push(format!("`{part}`: there is a level for all already")),
                (None, Ok(level)) => default = Some(level),
            }
        }
        if !wrong.is_empty() {
            return Err(wrong.join("; "));
        }
        rules.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        Ok(Self { default: default.unwrap_or(LevelFilter::INFO), rules })
    }

    /// The level of lines of this target and node.
    pub fn of(&self, target: &str, node: &str) -> LevelFilter {
        if self.rules.is_empty() {
            return self.default;
        }
        let of_node = self.rules.iter().find(|(name, _)| !node.is_empty() && lies_in(node, name, "."));
        let found = of_node.or_else(|| self.rules.iter().find(|(name, _)| lies_in(target, name, "::")));
        found.map_or(self.default, |(_, level)| *level)
    }

    /// The level that no line is below, whatever its target and node.
    pub fn most(&self) -> LevelFilter {
        self.rules.iter().map(|(_, level)| *level).fold(self.default, Ord::max)
    }
}

/// `name` is `place`, or what is before one of its separators.
fn lies_in(place: &str, name: &str, separator: &str) -> bool {
    place.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(separator))
}

/// The level, or advice.
fn level(word: &str) -> Result<LevelFilter, String> {
    let found = WORDS.iter().find(|(known, _)| known.eq_ignore_ascii_case(word));
    found.map(|(_, level)| *level).ok_or_else(|| suggest::help(word, "levels", &WORDS.map(|(known, _)| known)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_rule_counts() {
        let levels =
            LogLevels::parse("warn, csv_source=debug,pypeline_engine::run=trace,load=off,load.orders=INFO").unwrap();
        for (target, node, level) in [
            ("pypeline_engine::build", "", LevelFilter::WARN),
            ("pypeline_engine::run", "", LevelFilter::TRACE),
            ("pypeline_engine::run::job", "", LevelFilter::TRACE),
            ("pypeline_engine::runner", "", LevelFilter::WARN),
            ("csv_source", "people", LevelFilter::DEBUG),
            ("csv_source_2", "people", LevelFilter::WARN),
            ("csv_source", "load", LevelFilter::OFF),
            ("csv_source", "load.files", LevelFilter::OFF),
            ("csv_source", "load.orders.big", LevelFilter::INFO),
            ("csv_source", "loader", LevelFilter::DEBUG),
        ] {
            assert_eq!(levels.of(target, node), level, "{target} {node}");
        }
        assert_eq!(levels.most(), LevelFilter::TRACE);
        assert_eq!(LogLevels::parse("x=error").unwrap().of("y", ""), LevelFilter::INFO);
    }

    #[test]
    fn all_that_is_wrong_is_said_at_once() {
        let wrong = LogLevels::parse("wran,=info,a=debug,a=info,b=loud,info,error").unwrap_err();
        for part in [
            "did you mean `warn`?",
            "no name before",
            "`a` has a level",
            "`loud` is no level; levels: `trace`",
            "for all",
        ] {
            assert!(wrong.contains(part), "{part} is not in: {wrong}");
        }
        assert_eq!(wrong.matches("; ").count(), 5 + 1, "{wrong}");
    }
}
