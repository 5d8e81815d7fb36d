//! The reference pages that are made from the binary itself: they are committed, and proved current here.
//!
//! `UPDATE=1 cargo xtask test` writes them anew.

use crate::support::Project;
use serde_json::Value;
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

fn words(value: &Value) -> String {
    let words: Vec<String> =
        value.as_array().unwrap().iter().map(|word| format!("`{}`", word.as_str().unwrap())).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

#[test]
fn the_page_of_modules() {
    let listed = Project::new().pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let mut modules = listed.as_array().unwrap().clone();
    modules.sort_by_key(|module| module["name"].as_str().unwrap().to_owned());
    let mut page =
        "# Modules\n\nMade from what the built-in modules say of themselves (`pype describe-module NAME`).\n"
            .to_owned();
    for module in modules {
        let text = |key: &str| module[key].as_str().unwrap().to_owned();
        write!(
            page,
            "\n## {}\n\n{}. {} {}, category {}",
            text("name"),
            text("description"),
            text("type"),
            text("version"),
            text("category")
        )
        .unwrap();
        let way = if module["lowers"] == true { "lowers: fused with its neighbours" } else { "runs by itself" };
        write!(page, "; {way}; effect `{}`.\n\n", text("effect")).unwrap();
        let ports = (words(&module["input_ports"]), words(&module["output_ports"]), words(&module["globals"]));
        writeln!(page, "Inputs: {}. Outputs: {}. Globals: {}.", ports.0, ports.1, ports.2).unwrap();
        let sides = [("required", "yes"), ("optional", "")];
        let fields: Vec<(&str, &String, &Value)> = sides
            .into_iter()
            .flat_map(|(side, mark)| {
                module["config_schema"][side].as_object().unwrap().iter().map(move |(name, field)| (mark, name, field))
            })
            .collect();
        if !fields.is_empty() {
            page.push_str("\n| config | type | required | default | description |\n| --- | --- | --- | --- | --- |\n");
        }
        for (mark, name, field) in fields {
            let default = field.get("default").map_or_else(String::new, |default| format!("`{default}`"));
            let description = field["description"].as_str().unwrap().replace('|', "\\|").replace('\n', " ");
            writeln!(page, "| `{name}` | {} | {mark} | {default} | {description} |", field["type"].as_str().unwrap())
                .unwrap();
        }
    }
    is_current("modules.md", &page);
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
