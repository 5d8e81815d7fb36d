//! Tests by their paths, as `pypeline-engine::run::frames::tests::name`: crate, modules, function.

use crate::tokens::{Token, stands, text, tokens};
use crate::tree::File;
use std::collections::BTreeMap;

/// All tests of the project: what a path leads to is looked up when it is asked for.
#[derive(Debug)]
pub struct Tests<'a> {
    /// Folders of crates by their names.
    crates: BTreeMap<String, String>,
    /// Texts by paths.
    files: BTreeMap<&'a str, &'a str>,
}

/// A function that is run as a test.
#[derive(Debug, PartialEq, Eq)]
struct TestFn {
    /// The modules of its file around it.
    inside: Vec<String>,
    name: String,
}

impl<'a> Tests<'a> {
    /// From the Cargo.toml files of the crates and all Rust files.
    pub fn new(manifests: &[File], files: &'a [File]) -> Self {
        let crates = manifests.iter().filter_map(|manifest| {
            let folder = manifest.path.strip_suffix("/Cargo.toml")?.to_owned();
            let name = manifest.text.lines().find_map(|line| line.strip_prefix("name = "))?;
            Some((name.trim().trim_matches('"').to_owned(), folder))
        });
        Self {
            crates: crates.collect(),
            files: files.iter().map(|file| (file.path.as_str(), file.text.as_str())).collect(),
        }
    }

    /// Why there is no such test, if there is none.
    pub fn missing(&self, path: &str) -> Option<String> {
        let segments: Vec<&str> = path.split("::").collect();
        let (Some((name, _)), Some((function, modules))) = (segments.split_first(), segments.split_last()) else {
            return Some(format!("`{path}` is no path"));
        };
        let Some(folder) = self.crates.get(*name) else { return Some(format!("there is no crate `{name}`")) };
        let modules = modules.get(1..).unwrap_or_default();
        let places = self.places(folder, modules);
        let is_there = |(file, inside): &(String, &[&str])| {
            let code = self.files.get(file.as_str()).copied().unwrap_or_default();
            tests_of(code).iter().any(|test| test.name == *function && test.inside == *inside)
        };
        if places.iter().any(is_there) {
            return None;
        }
        Some(match places.first() {
            Some((file, inside)) => format!("{file} has no test `{}`", [inside, &[*function][..]].concat().join("::")),
            None => format!("no file of `{name}` has the module `{}`", modules.join("::")),
        })
    }

    /// The files of the innermost module that has one, of the crate itself or of its tests, and the modules that must be within.
    fn places<'b>(&self, folder: &str, modules: &'b [&'b str]) -> Vec<(String, &'b [&'b str])> {
        for length in (0..=modules.len()).rev() {
            let (outer, inside) = modules.split_at(length);
            let names = match outer {
                [] => ["src/lib".to_owned(), "src/main".to_owned()],
                outer => ["src", "tests"].map(|place| format!("{place}/{}", outer.join("/"))),
            };
            let paths = names.into_iter().map(|name| format!("{folder}/{name}.rs"));
            let found: Vec<_> = paths.filter(|path| self.files.contains_key(path.as_str())).collect();
            if !found.is_empty() {
                return found.into_iter().map(|path| (path, inside)).collect();
            }
        }
        Vec::new()
    }
}

/// The functions of a Rust text that `cargo test` runs: with `#[test]` or `#[tokio::test]`, also within `proptest!`, and not
/// with `#[ignore]`.
fn tests_of(code: &str) -> Vec<TestFn> {
    let tokens = tokens(code);
    let mut found = Vec::new();
    // One entry for each open brace: the module that it opens, if it opens one.
    let mut braces: Vec<Option<String>> = Vec::new();
    let (mut is_test, mut is_ignored) = (false, false);
    for (at, token) in tokens.iter().enumerate() {
        match token.text.as_str() {
            "#" => {
                is_test |= is_test_attribute(&tokens, at);
                is_ignored |= stands(&tokens, at, &["#", "[", "ignore"]);
            }
            "fn" => {
                if is_test && !is_ignored {
                    let inside = braces.iter().flatten().cloned().collect();
                    found.push(TestFn { inside, name: text(&tokens, at + 1).to_owned() });
                }
                (is_test, is_ignored) = (false, false);
            }
            "{" => {
                let is_module = at.checked_sub(2).is_some_and(|before| stands(&tokens, before, &["mod"]));
                braces.push(is_module.then(|| text(&tokens, at - 1).to_owned()));
                (is_test, is_ignored) = (false, false);
            }
            "}" => {
                braces.pop();
                (is_test, is_ignored) = (false, false);
            }
            ";" => (is_test, is_ignored) = (false, false),
            _ => {}
        }
    }
    found
}

fn is_test_attribute(tokens: &[Token], at: usize) -> bool {
    stands(tokens, at, &["#", "[", "test", "]"]) || stands(tokens, at, &["#", "[", "tokio", "::", "test"])
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: &str = r##"
        fn helper() { let text = "#[test] fn in_a_text() {}"; }
        #[test] fn outside() {}
        #[cfg(test)]
        mod tests {
            #[tokio::test(flavor = "current_thread")]
            async fn asynchronous() {}
            proptest! {
                #![proptest_config(config())]
                #[test]
                fn any(n in 0..9) { if n > 9 {} }
            }
            // #[test] fn in_a_comment() {}
            #[test] #[ignore = "slow"] fn ignored() {}
            #[ignore] #[test] fn also_ignored() {}
            #[derive(Debug)] struct Of { test: u8 }
            fn another_helper() {}
            mod inner { #[test] fn deep() {} }
        }
    "##;

    #[test]
    fn functions_that_are_tests_are_told_from_others() {
        let found: Vec<String> =
            tests_of(CODE).into_iter().map(|test| [test.inside, vec![test.name]].concat().join("::")).collect();
        assert_eq!(found, ["outside", "tests::asynchronous", "tests::any", "tests::inner::deep"]);
    }

    #[test]
    fn paths_lead_to_files_and_modules_within_them() {
        let test = "#[test] fn it() {}";
        let within = "mod tests { #[test] fn it() {} }";
        let files = [
            File::new("engine/src/lib.rs", within),
            File::new("engine/src/run.rs", within),
            File::new("engine/src/run/tests.rs", test),
            File::new("engine/tests/whole.rs", test),
            File::new("engine/tests/run.rs", test),
        ];
        let manifests = [File::new("engine/Cargo.toml", "[package]\nname = \"the-engine\"\n")];
        let tests = Tests::new(&manifests, &files);
        for path in
            ["the-engine::tests::it", "the-engine::run::tests::it", "the-engine::whole::it", "the-engine::run::it"]
        {
            assert_eq!(tests.missing(path), None, "{path}");
        }
        for (path, why) in [
            ("engine::tests::it", "there is no crate `engine`"),
            ("the-engine::it", "engine/src/lib.rs has no test `it`"),
            ("the-engine::run::that", "engine/src/run.rs has no test `that`"),
            ("the-engine::run::tests::other", "engine/src/run/tests.rs has no test `other`"),
            ("the-engine::walk::tests::it", "engine/src/lib.rs has no test `walk::tests::it`"),
            ("the-engine", "engine/src/lib.rs has no test `the-engine`"),
        ] {
            assert_eq!(tests.missing(path).as_deref(), Some(why), "{path}");
        }
    }
}
