//! What lies in a folder: a walk that chooses entries and puts them in order. It knows nothing of modules and tables.

use glob::{MatchOptions, Pattern};
use pypeline_sdk::prelude::*;
use std::cmp::Ordering;
use std::fs::Metadata;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::SystemTime;
use walkdir::{DirEntry, WalkDir};

/// `*` ends at a `/`, as in a shell; `**` does not.
const MATCHING: MatchOptions =
    MatchOptions { case_sensitive: true, require_literal_separator: true, require_literal_leading_dot: false };

/// What to look for.
pub struct Walk {
    /// Absolute.
    pub folder: PathBuf,
    pub masks: Vec<Pattern>,
    pub recursive: bool,
    pub kind: EntryKind,
    pub order_by: Order,
    pub descending: bool,
    pub hidden: bool,
}

/// Which entries are listed.
#[derive(Deserialize, Serialize, JsonSchema, Debug, Clone, Copy, PartialEq, Default)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Files
    #[default]
    Files,
    /// Folders
    Folders,
    /// Files and folders
    Both,
}

/// What decides the order.
#[derive(Deserialize, Serialize, JsonSchema, Debug, Clone, Copy, PartialEq, Default)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The name alone
    Name,
    /// The whole path
    #[default]
    Path,
    /// When it was last written
    Modified,
    /// Bytes
    Size,
}

/// One entry.
#[derive(Debug, PartialEq)]
pub struct Entry {
    pub path: String,
    pub name: String,
    /// A folder has none.
    pub size: Option<u64>,
    pub modified: Option<SystemTime>,
}

impl Walk {
    /// The entries in order. `must_stop` is asked at each of them; `warn` hears of those that could not be looked at.
    pub fn entries(&self, must_stop: &dyn Fn() -> bool, warn: &dyn Fn(&str)) -> Result<Vec<Entry>> {
        let metadata = std::fs::metadata(&self.folder).map_err(|error| unreadable(&self.folder, &error))?;
        if !metadata.is_dir() {
            return Err(Error::io("it is no folder").with("path", self.folder.display()));
        }
        let depth = if self.recursive { usize::MAX } else { 1 };
        let is_shown = |entry: &DirEntry| self.hidden || entry.depth() == 0 || !is_hidden(entry);
        let walk = WalkDir::new(&self.folder).min_depth(1).max_depth(depth).into_iter().filter_entry(is_shown);
        let mut entries = Vec::new();
        for entry in walk {
            if must_stop() {
                return Err(Error::cancelled());
            }
            match entry {
                Ok(entry) => entries.extend(self.look_at(&entry, warn)?),
                Err(error) => self.forgive(&error, warn)?,
            }
        }
        entries.sort_by(|a, b| self.compare(a, b));
        Ok(entries)
    }

    /// The entry, if it is one of those that are asked for.
    fn look_at(&self, entry: &DirEntry, warn: &dyn Fn(&str)) -> Result<Option<Entry>> {
        if !self.matches(entry.path()) {
            return Ok(None);
        }
        // A link is what it leads to; the walk itself does not go into linked folders, which may lead back.
        let metadata = match std::fs::metadata(entry.path()) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                warn(&format!("`{}` is left out: it is not there any more, or leads nowhere", entry.path().display()));
                return Ok(None);
            }
            Err(error) => return Err(unreadable(entry.path(), &error)),
        };
        if !self.kind.holds(&metadata) {
            return Ok(None);
        }
        let (Some(path), Some(name)) = (entry.path().to_str(), entry.file_name().to_str()) else {
            return Err(Error::data("a name is not UTF-8: no text can hold it")
                .with("path", entry.path().display())
                .help("rename it, or leave it out by `mask`"));
        };
        let size = metadata.is_file().then_some(metadata.len());
        Ok(Some(Entry { path: path.to_owned(), name: name.to_owned(), size, modified: metadata.modified().ok() }))
    }

    fn matches(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let below = path.strip_prefix(&self.folder).unwrap_or(path).to_string_lossy();
        let fits = |mask: &Pattern| {
            let subject = if mask.as_str().contains('/') { &below } else { &name };
            mask.matches_with(subject, MATCHING)
        };
        self.masks.iter().any(fits)
    }

    /// A folder that vanished while the walk came to it is no failure; one that must not be read is.
    fn forgive(&self, error: &walkdir::Error, warn: &dyn Fn(&str)) -> Result<()> {
        let path = error.path().unwrap_or(&self.folder);
        match error.io_error() {
            Some(error) if error.kind() == ErrorKind::NotFound && path != self.folder => {
                warn(&format!("`{}` is left out: it is not there any more", path.display()));
                Ok(())
            }
            Some(error) => Err(unreadable(path, error)),
            None => Err(Error::io(error.to_string()).with("path", path.display())),
        }
    }

    /// Equal entries stand by their paths, so that the order is always the same.
    fn compare(&self, a: &Entry, b: &Entry) -> Ordering {
        let order = match self.order_by {
            Order::Name => a.name.cmp(&b.name),
            Order::Path => a.path.cmp(&b.path),
            Order::Modified => a.modified.cmp(&b.modified),
            Order::Size => a.size.cmp(&b.size),
        };
        let order = if self.descending { order.reverse() } else { order };
        order.then_with(|| a.path.cmp(&b.path))
    }
}

impl EntryKind {
    /// Pipes, sockets and devices are neither.
    fn holds(self, metadata: &Metadata) -> bool {
        match self {
            Self::Files => metadata.is_file(),
            Self::Folders => metadata.is_dir(),
            Self::Both => metadata.is_file() || metadata.is_dir(),
        }
    }
}

fn is_hidden(entry: &DirEntry) -> bool {
    entry.file_name().as_encoded_bytes().starts_with(b".")
}

fn unreadable(path: &Path, error: &std::io::Error) -> Error {
    Error::io(format!("it cannot be read: {error}")).with("path", path.display())
}

#[cfg(test)]
mod tests;
