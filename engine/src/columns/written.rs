//! Files that the flow itself writes: what lies there now says nothing of what a source will find.

use super::Rows;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

/// Targets of sinks by path, with the columns of the rows that reach them.
#[derive(Default)]
pub(super) struct Written {
    /// None where more than one sink writes it, or where its rows are not known.
    targets: HashMap<PathBuf, Option<Rows>>,
    /// All folders above targets.
    above: HashSet<PathBuf>,
    /// What paths begin with that are not known to their ends.
    beginnings: BTreeSet<String>,
}

impl Written {
    /// A sink writes there; what it writes is not known yet.
    pub fn announce(&mut self, path: &str) {
        let path = plain(path);
        for folder in path.ancestors().skip(1) {
            if !self.above.insert(folder.to_path_buf()) {
                break;
            }
        }
        self.targets.insert(path, None);
    }

    /// A sink writes to a path that begins so, as far as it is known.
    pub fn announce_beginning(&mut self, beginning: &str) {
        self.beginnings.insert(beginning.to_owned());
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
        // A folder of partitions, or a file in one: more than can be told apart without looking.
        let is_touched =
            self.above.contains(&plain) || plain.ancestors().any(|folder| self.targets.contains_key(folder));
        let is_pattern = path.contains(['*', '?', '[']);
        let is_met = || match glob::Pattern::new(path) {
            Ok(pattern) => self.targets.keys().any(|target| pattern.matches_path(target)),
            Err(_) => true,
        };
        let known = path.split(['*', '?', '[']).next().unwrap_or_default();
        let is_begun =
            |beginning: &String| known.starts_with(beginning.as_str()) || (is_pattern && beginning.starts_with(known));
        (is_touched || self.beginnings.iter().any(is_begun) || (is_pattern && is_met())).then_some(None)
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
        written.announce("/p/out/../out/a.csv");
        assert!(written.at("/p/out/a.csv").is_some_and(|rows| rows.is_none()));
        written.note("/p/out/a.csv", Rows { fields: Arc::from([]), is_declared: true });
        assert!(written.at("/p/./out/a.csv").is_some_and(|rows| rows.is_some()));
        for touched in ["/p/out/*.csv", "/p/out", "/p/out/a.csv/year=1/x.parquet"] {
            assert!(written.at(touched).is_some_and(|rows| rows.is_none()), "{touched}");
        }
        assert!(written.at("/p/in/*.csv").is_none() && written.at("/p/out/b.csv").is_none());
        written.announce_beginning("/p/in/day_");
        assert!(written.at("/p/in/day_1.csv").is_some() && written.at("/p/in/*.csv").is_some());
        assert!(written.at("/p/in/x.csv").is_none());
    }
}
