//! The repository as a list of files, with paths as `engine/src/run.rs` on every system.

use std::io;
use std::path::{Path, PathBuf};

/// One text file.
#[derive(Debug, Clone)]
pub struct File {
    /// From the root, with `/` between its parts.
    pub path: String,
    /// All of it.
    pub text: String,
}

impl File {
    /// A file from its parts; for tests of the rules.
    pub fn new(path: &str, text: &str) -> Self {
        Self { path: path.to_owned(), text: text.to_owned() }
    }

    /// The module `place` (a path without `.rs`), or a file below it.
    pub fn is_within(&self, place: &str) -> bool {
        self.path.strip_prefix(place).is_some_and(|rest| rest.is_empty() || rest == ".rs" || rest.starts_with('/'))
    }
}

/// The repository's root: two folders above this crate.
pub fn root() -> PathBuf {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here).to_path_buf()
}

/// Names of what the root holds.
pub fn top_level() -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in root().read_dir()? {
        names.push(entry?.file_name().to_string_lossy().into_owned());
    }
    names.sort();
    Ok(names)
}

/// Every `.rs` file.
pub fn rust_files() -> io::Result<Vec<File>> {
    files(|name| name.ends_with(".rs"))
}

/// Every page.
pub fn pages() -> io::Result<Vec<File>> {
    files(|name| name.ends_with(".md"))
}

/// Every `Cargo.toml` of the workspace; not the root's, and not those of the plugin workspaces among the tests.
pub fn manifests() -> io::Result<Vec<File>> {
    let mut found = files(|name| name == "Cargo.toml")?;
    found.retain(|file| file.path != "Cargo.toml" && !file.is_within("tests/plugins"));
    Ok(found)
}

/// All files with such a name, sorted by path, outside `target` folders and hidden ones.
fn files(wanted: impl Fn(&str) -> bool) -> io::Result<Vec<File>> {
    let root = root();
    let mut found = Vec::new();
    let mut folders = vec![(root, String::new())];
    while let Some((folder, prefix)) = folders.pop() {
        for entry in folder.read_dir()? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            if entry.file_type()?.is_dir() {
                if name != "target" && !name.starts_with('.') {
                    folders.push((entry.path(), format!("{path}/")));
                }
            } else if wanted(&name) {
                found.push(File { text: std::fs::read_to_string(entry.path())?, path });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_is_its_file_and_its_folder() {
        let within = |path| File::new(path, "").is_within("engine/src/plugins");
        assert!(within("engine/src/plugins.rs") && within("engine/src/plugins/load.rs"));
        assert!(!within("engine/src/plugins_of_others.rs") && !within("engine/src/project.rs"));
    }
}
