//! The reference pages that are made from the binary itself: they are committed, and proved current here.
//!
//! `UPDATE=1 cargo xtask test` writes them anew.

pub(crate) mod modules;

use crate::support::Project;
use std::fmt::Write;
use std::path::Path;

fn is_current(name: &str, page: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, page).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/reference/{name} is not what the binary says: run with UPDATE=1");
}

#[test]
fn the_page_of_commands() {
    let project = Project::new();
    let help = |command: &[&str]| project.pype(&[command, &["--help"]].concat()).expect_code(0).stdout;
    let mut page = format!("# Commands\n\nMade from `pype --help`.\n\n```text\n{}```\n", help(&[]));
    let commands = [
        "schema",
        "init",
        "validate",
        "explain",
        "build",
        "graph",
        "dry-run",
        "run",
        "clean",
        "list-modules",
        "describe-module",
        "register-module",
        "auto-register",
        "clear-registry",
    ];
    for command in commands {
        write!(page, "\n## pype {command}\n\n```text\n{}```\n", help(&[command])).unwrap();
    }
    is_current("commands.md", &page);
}
