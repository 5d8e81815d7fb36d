//! Every built-in module keeps the rules of modules: what it says of itself, and what is said of its configuration.

use crate::support::Project;
use crate::support::run::flow;
use serde_json::Value;

/// All modules; there are some, or no test below would look at anything.
fn modules(project: &Project) -> Vec<Value> {
    let modules = project.pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let modules = modules.as_array().unwrap().clone();
    assert!(modules.len() >= 21, "{} modules", modules.len());
    modules
}

fn text<'a>(module: &'a Value, key: &str) -> &'a str {
    module[key].as_str().unwrap()
}

fn list<'a>(module: &'a Value, key: &str) -> Vec<&'a str> {
    module[key].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
}

/// Name and entry of every configuration key, required ones first.
fn fields(module: &Value) -> Vec<(String, Value)> {
    let of = |side: &str| module["config_schema"][side].as_object().unwrap().clone();
    of("required").into_iter().chain(of("optional")).collect()
}

#[test]
fn names_end_in_their_type() {
    for module in modules(&Project::new()) {
        let name = text(&module, "name");
        assert!(name.ends_with(&format!("_{}", text(&module, "type"))), "{name}");
        let is_snake = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '_';
        assert!(name.chars().all(is_snake), "{name}");
    }
}

#[test]
fn modules_say_what_they_are() {
    for module in modules(&Project::new()) {
        let name = text(&module, "name");
        assert!(!text(&module, "description").is_empty() && !text(&module, "description").ends_with('.'), "{name}");
        assert!(!["", "Other"].contains(&text(&module, "category")), "{name}");
        let version = text(&module, "version");
        let parts: Vec<Option<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
        assert!(parts.len() == 3 && parts.iter().all(Option::is_some), "{name} {version}");
        assert!(module["lowers"] == true || module["runs"] == true, "{name} does nothing");
    }
}

#[test]
fn ports_are_those_of_the_type() {
    for module in modules(&Project::new()) {
        let name = text(&module, "name");
        let (inputs, outputs) = (list(&module, "input_ports"), list(&module, "output_ports"));
        match text(&module, "type") {
            "source" => assert!(inputs.is_empty() && outputs.first() == Some(&"data"), "{name}"),
            "mod" => {
                let has = |ports: &[&str], others: bool| !ports.is_empty() || others;
                assert!(has(&inputs, module["any_inputs"] == true || module["inputs_key"].is_string()), "{name}");
                assert!(has(&outputs, module["outputs_key"].is_string()), "{name}");
            }
            "sink" => assert!(!inputs.is_empty() && outputs.is_empty(), "{name}"),
            "solo" => assert!(inputs.is_empty() && outputs.is_empty(), "{name}"),
            other => panic!("{name} has type {other}"),
        }
        let mut ports = [inputs, outputs].concat();
        let count = ports.len();
        ports.sort_unstable();
        ports.dedup();
        assert_eq!(ports.len(), count, "{name} has two ports of one name");
    }
}

#[test]
fn whatever_has_rows_counts_them() {
    for module in modules(&Project::new()) {
        if text(&module, "type") != "solo" {
            assert!(list(&module, "globals").contains(&"row_count"), "{}", text(&module, "name"));
        }
    }
}

#[test]
fn what_a_module_says_of_loops_and_globals_names_what_it_has() {
    for module in modules(&Project::new()) {
        let name = text(&module, "name");
        if let Some(port) = module["list_port"].as_str() {
            assert!(list(&module, "output_ports").contains(&port), "{name} has no port `{port}`");
        }
        for key in ["globals_key", "inputs_key", "outputs_key"].iter().filter_map(|kind| module[kind].as_str()) {
            let of_key = fields(&module).into_iter().find(|(field, _)| field == key);
            assert_eq!(of_key.map(|(_, field)| field["type"].clone()), Some("dict".into()), "{name}: {key}");
        }
        // What only the engine can do is asked for by lowering.
        assert!(module["service"] != true || module["lowers"] == true, "{name}");
    }
}

#[test]
fn globals_can_stand_in_templates() {
    for module in modules(&Project::new()) {
        let is_word = |name: &str| name.chars().all(|char| char.is_ascii_lowercase() || char == '_');
        for global in list(&module, "globals") {
            assert!(is_word(global) && !global.contains("__"), "{}: {global}", text(&module, "name"));
        }
    }
}

#[test]
fn configuration_keys_are_described_and_typed() {
    const TYPES: [&str; 7] = ["str", "int", "float", "bool", "list", "dict", "any"];
    for module in modules(&Project::new()) {
        for (key, field) in fields(&module) {
            let place = format!("{}: {key}", text(&module, "name"));
            assert!(!field["description"].as_str().unwrap().is_empty(), "{place} has no description");
            assert!(TYPES.contains(&field["type"].as_str().unwrap()), "{place} is of type {}", field["type"]);
        }
        for (key, field) in module["config_schema"]["required"].as_object().unwrap() {
            assert!(field.get("default").is_none(), "{}: {key} is required and has a default", text(&module, "name"));
        }
    }
}

#[test]
fn no_module_takes_keys_that_it_does_not_know() {
    for module in modules(&Project::new()) {
        let schema = &module["config_json_schema"];
        assert_eq!(schema["additionalProperties"], false, "{}", text(&module, "name"));
    }
}

/// What is said of a node of this module, by itself, with these `configs`.
fn findings(project: &Project, module: &str, configs: &str) -> Vec<(String, String)> {
    let body = format!("modules:\n  - id: node\n    name: {module}\n    configs: {configs}\n");
    project.write("flow.yaml", flow("flow", &body));
    let found = project.pype(&["validate", "flow.yaml", "--output", "json"]).json();
    let found = found["diagnostics"].as_array().unwrap();
    found.iter().map(|one| (text(one, "code").to_owned(), text(one, "message").to_owned())).collect()
}

#[test]
fn an_unknown_key_is_an_error_that_names_the_module() {
    let project = Project::new();
    for module in modules(&project) {
        let name = text(&module, "name");
        let found = findings(&project, name, "{no_such_key: 1}");
        let unknown: Vec<_> = found.iter().filter(|(code, _)| code == "L010").collect();
        assert_eq!(unknown.len(), 1, "{name}: {found:?}");
        assert!(unknown[0].1.contains("`no_such_key`") && unknown[0].1.contains(name), "{unknown:?}");
    }
}

#[test]
fn each_missing_key_is_an_error_of_its_own() {
    let project = Project::new();
    for module in modules(&project) {
        let name = text(&module, "name");
        let found = findings(&project, name, "{}");
        let missing: Vec<&String> = found.iter().filter(|(code, _)| code == "L011").map(|(_, text)| text).collect();
        let required = module["config_schema"]["required"].as_object().unwrap();
        assert_eq!(missing.len(), required.len(), "{name}: {found:?}");
        for key in required.keys() {
            assert!(missing.iter().any(|text| text.contains(&format!("`{key}`"))), "{name}: {key}: {found:?}");
        }
    }
}

#[test]
fn a_value_of_another_type_is_an_error() {
    let project = Project::new();
    for module in modules(&project) {
        let name = text(&module, "name");
        for (key, field) in fields(&module) {
            let wrong = match field["type"].as_str().unwrap() {
                "str" | "int" | "float" | "bool" | "dict" => "[[]]",
                "list" => "7",
                _ => continue,
            };
            let found = findings(&project, name, &format!("{{{key}: {wrong}}}"));
            let place = format!("`{key}`");
            assert!(
                found.iter().any(|(code, text)| code == "L012" && text.contains(&place)),
                "{name}: {key}: {found:?}"
            );
        }
    }
}

#[test]
fn describe_and_list_say_the_same() {
    let project = Project::new();
    for module in modules(&project) {
        let described = project.pype(&["describe-module", text(&module, "name"), "--output", "json"]).expect_code(0);
        assert_eq!(described.json(), module);
    }
}
