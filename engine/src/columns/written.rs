//! Files that the flow itself writes: what lies there now says nothing of what a source will find.

use super::Rows;
use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

/// Targets of sinks by path, with the columns of the rows that reach them.
#[derive(Default)]
pub(super) struct Written {
    /// None where more than one sink writes it, or where its rows are not known.
    targets: HashMap<PathBuf, Option<Rows>>,
    /// Some sink's path is not known.
    is_any_unknown: bool,
}

impl Written {
    /// A sink writes there; what it writes is not known yet.
    pub fn announce(&mut self, path: Option<&str>) {
        match path {
            Some(path) => drop(self.targets.insert(plain(path), None)),
            None => self.is_any_unknown = true,
        }
    }

    /// Rows with these columns are written there.
    pub fn note(&mut self, path: &str, rows: Rows) {
        self.targets.insert(plain(path), Some(rows));
    }

    /// What a source of this path will find: `None` if no sink has to do with it, else what is known of the sink's rows.
    pub fn at(&self, path: &str) -> Option<Option<&Rows>> {
        let plain = plain(path);
        if let Some(found) = self.targets.get(&plain) {
            return Some(found.as_ref());
        }
        let is_pattern = path.contains(['*', '?', '[']);
        // A folder of partitions, a file in one, a pattern: more than can be told apart without looking.
        let is_touched = |target: &PathBuf| {
            target.starts_with(&plain)
                || plain.starts_with(target)
                || (is_pattern && glob::Pattern::new(path).map_or(true, |pattern| pattern.matches_path(target)))
        };
        (self.is_any_unknown || self.targets.keys().any(is_touched)).then_some(None)
    }
}

/// The path without `.` and `..`, as far as that can be said without a look at the disk.
fn plain(path: &str) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                plain.pop();
            }
            part => plain.push(part),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn what_the_flow_writes_is_not_looked_up_on_disk() {
        let mut written = Written::default();
        written.announce(Some("/p/out/../out/a.csv"));
        assert!(written.at("/p/out/a.csv").is_some_and(|rows| rows.is_none()));
        written.note("/p/out/a.csv", Rows { fields: Arc::from([]), is_declared: true });
        assert!(written.at("/p/./out/a.csv").is_some_and(|rows| rows.is_some()));
        for touched in ["/p/out/*.csv", "/p/out", "/p/out/a.csv/year=1/x.parquet"] {
            assert!(written.at(touched).is_some_and(|rows| rows.is_none()), "{touched}");
        }
        assert!(written.at("/p/in/*.csv").is_none() && written.at("/p/out/b.csv").is_none());
        written.announce(None);
        assert!(written.at("/p/in/x.csv").is_some());
    }
}
