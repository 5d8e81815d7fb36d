//! All files below a folder with their contents, to be compared: outputs are small, and bytes are the strictest measure.

use super::Check;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Paths of files and folders, relative to a root; folders have no content.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<PathBuf, Option<Vec<u8>>>);

impl Tree {
    /// What is below a folder; nothing where it is not there.
    pub fn read(root: &Path) -> Self {
        let mut tree = Self::default();
        tree.add(root, Path::new(""));
        tree
    }

    fn add(&mut self, root: &Path, below: &Path) {
        for entry in std::fs::read_dir(root.join(below)).into_iter().flatten().flatten() {
            let path = below.join(entry.file_name());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.0.insert(path.clone(), None);
                self.add(root, &path);
            } else {
                self.0.insert(path, Some(std::fs::read(entry.path()).unwrap_or_default()));
            }
        }
    }

    /// Without the paths for which `is_left_out` holds.
    pub fn without(mut self, is_left_out: impl Fn(&Path) -> bool) -> Self {
        self.0.retain(|path, _| !is_left_out(path));
        self
    }

    /// It is the same as another, or the paths that differ.
    pub fn same_as(&self, golden: &Tree) -> Check {
        let mut found = Vec::new();
        for (path, content) in &golden.0 {
            match self.0.get(path) {
                None => found.push(format!("{} is missing", path.display())),
                Some(other) if other != content => found.push(different(path, other.as_deref(), content.as_deref())),
                Some(_) => {}
            }
        }
        let strange = self.0.keys().filter(|path| !golden.0.contains_key(*path));
        found.extend(strange.map(|path| format!("{} does not belong there", path.display())));
        if found.is_empty() { Ok(()) } else { Err(found.join("; ")) }
    }
}

fn different(path: &Path, found: Option<&[u8]>, golden: Option<&[u8]>) -> String {
    let shown = |content: Option<&[u8]>| match content {
        None => "a folder".to_owned(),
        Some(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) if text.len() < 200 => format!("{text:?}"),
            _ => format!("{} bytes", bytes.len()),
        },
    };
    format!("{} is {}, not {}", path.display(), shown(found), shown(golden))
}

#[test]
fn trees_differ_by_path_and_content() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("a")).unwrap();
    std::fs::write(folder.path().join("a/b"), "x").unwrap();
    let golden = Tree::read(folder.path());
    assert_eq!(golden.same_as(&golden), Ok(()));
    std::fs::write(folder.path().join("a/b"), "y").unwrap();
    std::fs::write(folder.path().join("c"), "").unwrap();
    let wrong = Tree::read(folder.path()).same_as(&golden).unwrap_err();
    assert_eq!(wrong, "a/b is \"y\", not \"x\"; c does not belong there");
    assert_eq!(Tree::default().same_as(&golden).unwrap_err(), "a is missing; a/b is missing");
}
