//! What docs/spec-coverage.md says of the specification can be checked: every row is done or open for a reason, and names
//! tests or files that are there.

use crate::coverage::{PAGE, Row};
use crate::test_paths::Tests;

const DONE: &str = "done";
const OPEN: &str = "open:";
const SHORTEST_REASON: usize = 10;

/// How many requirements there are, by their state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// There, and shown by what is named.
    pub done: usize,
    /// Not there, or not shown.
    pub open: usize,
}

/// Counts rows; those of no known state are open.
pub fn count(rows: &[Row]) -> Count {
    let done = rows.iter().filter(|row| row.state == DONE).count();
    Count { done, open: rows.len() - done }
}

/// Rows that say nothing, or name what is not there. `is_file` tells whether a path from the root is a file.
pub fn violations(rows: &[Row], tests: &Tests<'_>, is_file: &dyn Fn(&str) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    if rows.is_empty() {
        found.push(format!("{PAGE} has no rows"));
    }
    for row in rows {
        let mut report = |what: String| found.push(format!("{PAGE}:{}: {what}", row.line));
        if row.asked.is_empty() || row.does.is_empty() {
            report("a cell is empty".to_owned());
        }
        if let Some(what) = wrong_state(&row.state) {
            report(what);
        }
        for place in row.shown.split(", ") {
            let name = place.strip_prefix('`').and_then(|place| place.strip_suffix('`'));
            match name.filter(|name| !name.is_empty() && !name.contains('`')) {
                None => report(format!("`{place}` is no test and no file between backticks")),
                Some(name) if name.contains("::") => tests.missing(name).into_iter().for_each(&mut report),
                Some(name) if !is_file(name) => report(format!("there is no file `{name}`")),
                Some(_) => {}
            }
        }
    }
    found
}

fn wrong_state(state: &str) -> Option<String> {
    match state.strip_prefix(OPEN).map(str::trim) {
        None if state == DONE => None,
        None => Some(format!("`{state}` is neither `{DONE}` nor `{OPEN} reason`")),
        Some(reason) if reason.chars().count() < SHORTEST_REASON => Some("it is open without a reason".to_owned()),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::rows;
    use crate::tree::File;

    /// What is found in a page of one row, without page and line.
    fn of(row: &str) -> Vec<String> {
        let files = [File::new("engine/src/run.rs", "mod tests { #[test] fn it() {} }")];
        let manifests = [File::new("engine/Cargo.toml", "[package]\nname = \"engine\"\n")];
        let page = format!("| asked | in pype | state | shown by |\n| - | - | - | - |\n{row}\n");
        let (rows, wrong) = rows(&page);
        assert_eq!(wrong, [""; 0]);
        let found = violations(&rows, &Tests::new(&manifests, &files), &|path| path == "README.md");
        found.into_iter().map(|text| text.trim_start_matches("docs/spec-coverage.md:3: ").to_owned()).collect()
    }

    #[test]
    fn rows_that_can_be_checked_pass() {
        for row in [
            "| a | b | done | `engine::run::tests::it` |",
            "| a | b | done | `README.md` |",
            "| a | b | done | `engine::run::tests::it`, `README.md` |",
            "| a | b | open: it is not built yet | `README.md` |",
        ] {
            assert_eq!(of(row), [""; 0], "{row}");
        }
    }

    #[test]
    fn rows_that_cannot_be_checked_are_found() {
        for (row, what) in [
            ("| | b | done | `README.md` |", "a cell is empty"),
            ("| a | | done | `README.md` |", "a cell is empty"),
            ("| a | b | PENDING | `README.md` |", "`PENDING` is neither `done` nor `open: reason`"),
            ("| a | b | done: nearly | `README.md` |", "`done: nearly` is neither `done` nor `open: reason`"),
            ("| a | b | open: later | `README.md` |", "it is open without a reason"),
            ("| a | b | open | `README.md` |", "`open` is neither `done` nor `open: reason`"),
            ("| a | b | done | |", "`` is no test and no file between backticks"),
            ("| a | b | done | README.md |", "`README.md` is no test and no file between backticks"),
            ("| a | b | done | `READ.md` |", "there is no file `READ.md`"),
            ("| a | b | open: it is not built yet | `READ.md` |", "there is no file `READ.md`"),
            ("| a | b | done | `engine::run::tests::that` |", "engine/src/run.rs has no test `tests::that`"),
            ("| a | b | done | `README.md`, `engine::it` |", "no file of `engine` has the module ``"),
        ] {
            assert_eq!(of(row), [what], "{row}");
        }
        assert_eq!(of(""), ["docs/spec-coverage.md has no rows"]);
    }

    #[test]
    fn rows_are_counted_by_state() {
        let page = "| asked | in pype | state | shown by |\n|-|-|-|-|\n| a | b | done | c |\n| a | b | open: no | c |\n| a | b | | c |\n";
        assert_eq!(count(&rows(page).0), Count { done: 1, open: 2 });
    }
}
