//! No import cycles among the modules of a crate: each can be read after those it uses.

use crate::graph::Graph;
use crate::paths::paths;
use crate::tokens::{tokens, without_tests};
use crate::tree::File;
use std::collections::BTreeSet;

/// Source folders, and the module whose children are looked at; none for the crate's own top level.
pub const PLACES: [(&str, Option<&str>); 9] = [
    ("schema/src", None),
    ("sdk/abi/src", None),
    ("sdk/src", None),
    ("engine/src", None),
    ("engine/src", Some("build")),
    ("engine/src", Some("run")),
    ("engine/disk/src", None),
    ("engine/polars/src", None),
    ("cli/src", None),
];

/// The cycles among the children of a module of a crate. The module's own file, or the crate's root, is no node: it knows
/// all its children by nature.
pub fn violations(files: &[File], source: &str, parent: Option<&str>) -> Vec<String> {
    let modules: Vec<(&File, Vec<String>)> = files
        .iter()
        .filter_map(|file| Some((file, module_of(source, file)?)))
        .filter(|(_, module)| !module.iter().any(|name| name == "tests"))
        .collect();
    let place = parent.map_or_else(|| source.to_owned(), |parent| format!("{source}/{parent}"));
    let lies_there = |module: &[String]| parent.is_none_or(|parent| module.first().is_some_and(|name| name == parent));
    if !modules.iter().any(|(_, module)| lies_there(module)) {
        return vec![format!("{place} has no files")];
    }
    let nodes: BTreeSet<&str> = modules.iter().filter_map(|(_, module)| child(parent, module)).collect();
    let mut graph = Graph::default();
    for (file, module) in &modules {
        let Some(from) = child(parent, module) else { continue };
        for path in paths(&without_tests(&tokens(&file.text))) {
            let target = path.from_root(module).unwrap_or_default();
            if let Some(to) = child(parent, &target).filter(|to| nodes.contains(to)) {
                graph.add(from, to, format!("{}:{}", file.path, path.line));
            }
        }
    }
    graph.cycles().into_iter().map(|cycle| format!("{place}: {cycle}")).collect()
}

/// The module that a file is, from the crate's root; empty for the root itself, none for a file of another crate.
pub fn module_of(source: &str, file: &File) -> Option<Vec<String>> {
    let path = file.path.strip_prefix(source)?.strip_prefix('/')?.strip_suffix(".rs")?;
    let mut module: Vec<String> = path.split('/').map(str::to_owned).collect();
    if module.last().is_some_and(|name| name == "mod") || matches!(path, "lib" | "main") {
        module.pop();
    }
    Some(module)
}

/// The child of `parent` that a module is or lies in.
fn child<'a>(parent: Option<&str>, module: &'a [String]) -> Option<&'a str> {
    let mut names = module.iter().map(String::as_str);
    match parent {
        Some(parent) if names.next() != Some(parent) => None,
        _ => names.next(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sources(files: &[(&str, &str)]) -> Vec<File> {
        files.iter().map(|(path, text)| File::new(&format!("engine/src/{path}"), text)).collect()
    }

    #[test]
    fn a_cycle_of_top_level_modules_is_found() {
        let files = sources(&[
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "use crate::{b::B, c};"),
            ("b/deep.rs", "fn x() { crate::c::y() }"),
            ("c.rs", "// the way back\nuse crate::a::A;"),
        ]);
        let found = violations(&files, "engine/src", None);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].contains("a, b, c use each other") && found[0].contains("c -> a (engine/src/c.rs:2)"),
            "{found:?}"
        );
    }

    #[test]
    fn a_cycle_of_children_is_found() {
        let files = sources(&[
            ("run.rs", "mod job; mod plan; use job::Job;"),
            ("run/job.rs", "use super::plan::Plan;"),
            ("run/plan/deep.rs", "use super::super::job; use crate::run::plan;"),
        ]);
        assert_eq!(violations(&files, "engine/src", Some("run")).len(), 1);
        assert_eq!(violations(&files, "engine/src", None), [""; 0]);
    }

    #[test]
    fn tests_and_comments_make_no_cycle() {
        let files = sources(&[
            ("a.rs", "use crate::b;\n#[cfg(test)]\nmod tests { use crate::c; }"),
            ("b.rs", "//! Is used by crate::a.\nfn x() { \"crate::a\"; }"),
            ("c.rs", "use crate::a;"),
            ("b/tests.rs", "use crate::a;"),
        ]);
        assert_eq!(violations(&files, "engine/src", None), [""; 0]);
    }

    #[test]
    fn a_crate_without_files_is_found() {
        assert_eq!(violations(&[], "cli/src", None), ["cli/src has no files"]);
        assert_eq!(violations(&sources(&[("a.rs", "")]), "engine/src", Some("run")), ["engine/src/run has no files"]);
    }
}
