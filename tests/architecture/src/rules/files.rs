//! Every file says first why it exists, is where its module's name says, and is short enough to be read at once.

use crate::tokens::{Token, stands, tokens};
use crate::tree::File;

const SHORTEST_HEADER: usize = 20;
const LONGEST_FILE: usize = 400;
/// The header of a file that is longer on purpose has these words, and the reason after them.
const ON_PURPOSE: &str = "One thought";

/// Files that do not begin with a `//!` line that says something.
pub fn headers(files: &[File]) -> Vec<String> {
    let says_something = |file: &&File| {
        let first = file.text.lines().next().and_then(|line| line.strip_prefix("//!"));
        first.is_some_and(|words| words.trim().chars().count() >= SHORTEST_HEADER)
    };
    let silent = files.iter().filter(|file| !says_something(file));
    silent.map(|file| format!("{} does not begin with `//!` and why it exists", file.path)).collect()
}

/// Files that are too long.
pub fn lengths(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let lines = file.text.lines().count();
        let header: Vec<&str> = file.text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
        if lines > LONGEST_FILE && !header.join(" ").contains(ON_PURPOSE) {
            found.push(format!("{} has {lines} lines, more than {LONGEST_FILE}", file.path));
        }
    }
    found
}

/// Modules that are read from another place than their names say.
pub fn module_paths(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let tokens = tokens(&file.text);
        for (at, token) in tokens.iter().enumerate() {
            if is_path_attribute(&tokens, at) {
                found.push(format!("{}:{} has a `path` attribute", file.path, token.line));
            }
        }
    }
    found
}

/// `#[path = …]`, also behind a `cfg_attr`.
fn is_path_attribute(tokens: &[Token], at: usize) -> bool {
    if stands(tokens, at, &["#", "[", "path"]) {
        return true;
    }
    let end = tokens.iter().skip(at).position(|token| token.text == "]").map_or(tokens.len(), |length| at + length);
    stands(tokens, at, &["#", "[", "cfg_attr"]) && (at..end).any(|at| stands(tokens, at, &["path", "="]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silent_files_are_found() {
        let of = |text| headers(&[File::new("a.rs", text)]);
        assert_eq!(of("//! Says why it is there.\nfn a() {}"), [""; 0]);
        for text in ["", "fn a() {}", "//! stub", "\n//! Says why it is there, too late."] {
            assert_eq!(of(text), ["a.rs does not begin with `//!` and why it exists"]);
        }
    }

    #[test]
    fn long_files_are_found() {
        let of = |header: &str| lengths(&[File::new("a.rs", &format!("{header}\n{}", "\n".repeat(LONGEST_FILE)))]);
        assert_eq!(of("//! Long."), ["a.rs has 401 lines, more than 400"]);
        assert_eq!(of("//! One\n//! thought: a table."), [""; 0]);
    }

    #[test]
    fn path_attributes_are_found() {
        let of = |text| module_paths(&[File::new("a.rs", text)]);
        assert_eq!(of("#[path = \"b.rs\"]\nmod a;").len(), 1);
        assert_eq!(of("\n#[cfg_attr(unix, path = \"b.rs\")]\nmod a;"), ["a.rs:2 has a `path` attribute"]);
        assert_eq!(of("// #[path]\n#[derive(Debug)]\nstruct A { path: u8 }"), [""; 0]);
    }
}
