//! The paths that code names (`crate::run::job`, also within `use` trees), and the modules they lead to.

use crate::code::is_word;
use crate::tokens::{Token, stands, text};

/// A path as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Its segments.
    pub segments: Vec<String>,
    /// The modules of the same file around it.
    pub inside: Vec<String>,
    /// Its line, from 1.
    pub line: usize,
}

impl Path {
    /// The segments from the crate's root, for a path in a file of module `module`. None for paths that do not begin with
    /// `crate`, `self` or `super`: those lead to other crates, or to what a `use` has already named.
    pub fn from_root(&self, module: &[String]) -> Option<Vec<String>> {
        let mut here: Vec<String> = module.iter().chain(&self.inside).cloned().collect();
        let mut segments = self.segments.iter();
        match segments.next()?.as_str() {
            "crate" => here.clear(),
            "self" => {}
            "super" => {
                here.pop();
            }
            _ => return None,
        }
        for segment in segments {
            if segment == "super" {
                here.pop();
            } else if segment != "self" {
                here.push(segment.clone());
            }
        }
        Some(here)
    }
}

/// All paths of a file; a single word is a path too.
pub fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut found = Vec::new();
    // One entry for each open brace: the module that it opens, if it opens one.
    let mut braces: Vec<Option<String>> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token.text.as_str() {
            "mod" if stands(tokens, at + 2, &["{"]) => {
                braces.push(Some(text(tokens, at + 1).to_owned()));
                at += 3;
            }
            "{" => {
                braces.push(None);
                at += 1;
            }
            "}" => {
                braces.pop();
                at += 1;
            }
            word if word.starts_with(is_word) => {
                let inside: Vec<String> = braces.iter().flatten().cloned().collect();
                at = tree(tokens, at, &[], &mut |segments, line| {
                    found.push(Path { segments, inside: inside.clone(), line });
                });
            }
            _ => at += 1,
        }
    }
    found
}

/// Reads `a::b`, `a::*` or `a::{b, c::d}` at `at` and tells where it ends.
fn tree(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut dyn FnMut(Vec<String>, usize)) -> usize {
    let line = tokens.get(at).map_or(0, |token| token.line);
    let mut segments = prefix.to_vec();
    loop {
        let token = text(tokens, at);
        if token == "{" {
            return branches(tokens, at + 1, &segments, found);
        }
        if token == "*" {
            at += 1;
        } else if token.starts_with(is_word) {
            segments.push(token.to_owned());
            at += 1;
            if text(tokens, at) == "::" {
                at += 1;
                continue;
            }
        }
        found(segments, line);
        return at;
    }
}

/// Reads the branches of a tree up to its closing brace.
fn branches(tokens: &[Token], mut at: usize, prefix: &[String], found: &mut dyn FnMut(Vec<String>, usize)) -> usize {
    while at < tokens.len() {
        match text(tokens, at) {
            "}" => return at + 1,
            // The new name of a branch is no path.
            "as" => at += 2,
            word if word.starts_with(is_word) => at = tree(tokens, at, prefix, found),
            _ => at += 1,
        }
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tokens::tokens;

    fn roots(module: &[&str], text: &str) -> Vec<String> {
        let module: Vec<String> = module.iter().map(|name| (*name).to_owned()).collect();
        let found = paths(&tokens(text));
        found.iter().filter_map(|path| path.from_root(&module)).map(|path| path.join("::")).collect()
    }

    #[test]
    fn trees_are_taken_apart() {
        let found = roots(&["m"], "use crate::{a::B, c::{self, d as e}, f::*};");
        assert_eq!(found, ["a::B", "c", "c::d", "f"]);
    }

    #[test]
    fn paths_within_code_count() {
        let found = roots(&["m"], "fn x() -> crate::a::B { crate::c::<u8>::d(y); $crate::e::f {} }");
        assert_eq!(found, ["a::B", "c", "e::f"]);
    }

    #[test]
    fn super_leads_up_from_the_innermost_module() {
        assert_eq!(
            roots(&["run", "job"], "use super::prepare; use super::super::build::plan;"),
            ["run::prepare", "build::plan"]
        );
        assert_eq!(roots(&["run"], "mod inner { use super::super::a; } use self::b;"), ["a", "run::b"]);
    }
}
