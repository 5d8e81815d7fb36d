//! JSON Schemas: that of flows, which knows every module, against the flows of `jobs/` and against broken ones; and those of a job's files.

use crate::support::Project;
use crate::support::built::{schema, validator};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

fn samples() -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../jobs");
    let folders = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path().join("flow.yaml"));
    let samples: Vec<(PathBuf, Value)> =
        folders.filter(|path| path.is_file()).map(|path| (path.clone(), yaml(&path))).collect();
    assert!(samples.len() >= 7, "{} samples", samples.len());
    samples
}

fn yaml(path: &Path) -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

fn of_flows() -> Value {
    Project::new().pype(&["schema"]).expect_code(0).json()
}

#[test]
fn every_schema_is_a_schema() {
    let mut schemas = vec![("pype schema".to_owned(), of_flows())];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let names = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    schemas.extend(names.filter(|name| name.ends_with(".schema.json")).map(|name| (name.clone(), schema(&name))));
    assert!(schemas.len() >= 8);
    for (name, schema) in schemas {
        if let Err(error) = jsonschema::meta::options().validate(&schema) {
            panic!("{name}: {error}");
        }
    }
}

#[test]
fn the_sample_flows_are_flows() {
    let validator = validator(&of_flows());
    for (path, flow) in samples() {
        let errors: Vec<String> =
            validator.iter_errors(&flow).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{}: {errors:#?}", path.display());
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# yaml-language-server: $schema=.pype/flow.schema.json\n"), "{}", path.display());
    }
}

/// Each way to break a flow, and whether it was done.
type Mutation = (&'static str, fn(&mut Value) -> bool);

const MUTATIONS: [Mutation; 9] = [
    ("an unknown section", |flow| set(flow, "moduls", json!([]))),
    ("no section `flow`", |flow| flow.as_object_mut().unwrap().remove("flow").is_some()),
    ("a wrong setting", |flow| set(flow, "settings", json!({"retries": "often"}))),
    ("an unknown module", |flow| set(&mut flow["modules"][0], "name", json!("csv_sorce"))),
    ("a node without an id", |flow| flow["modules"][0].as_object_mut().unwrap().remove("id").is_some()),
    ("an unknown key of a module", |flow| each_config(flow, |config| set(config, "no_such_key", json!(1)))),
    ("a required key is missing", |flow| {
        each_config(flow, |config| config.as_object_mut().unwrap().remove("output_path").is_some())
    }),
    ("a wrong type", |flow| {
        each_config(flow, |config| config.get("output_path").is_some() && set(config, "output_path", json!([1])))
    }),
    ("a wrong choice", |flow| {
        each_config(flow, |config| config.get("output_path").is_some() && set(config, "compression", json!("zst")))
    }),
];

fn set(value: &mut Value, key: &str, to: Value) -> bool {
    value.as_object_mut().is_some_and(|map| {
        map.insert(key.to_owned(), to);
        true
    })
}

/// Breaks the first configuration that can be broken so.
fn each_config(flow: &mut Value, change: impl Fn(&mut Value) -> bool) -> bool {
    flow["modules"].as_array_mut().unwrap().iter_mut().any(|node| node.get_mut("configs").is_some_and(&change))
}

#[test]
fn what_the_build_refuses_the_schema_refuses_and_the_other_way_round() {
    let validator = validator(&of_flows());
    let project = Project::new();
    let mut tried = [0; MUTATIONS.len()];
    for (path, flow) in samples() {
        for (at, (what, mutate)) in MUTATIONS.iter().enumerate() {
            let mut broken = flow.clone();
            if !mutate(&mut broken) {
                continue;
            }
            tried[at] += 1;
            assert!(!validator.is_valid(&broken), "{}: {what} is taken", path.display());
            // JSON is YAML.
            project.write("broken.yaml", broken.to_string());
            let said = project.pype(&["validate", "broken.yaml", "--output", "json"]).json();
            assert_eq!(said["ok"], false, "{}: {what}: {said}", path.display());
        }
    }
    assert!(tried.iter().all(|times| *times > 0), "each was done somewhere: {tried:?}");
}

#[test]
fn every_module_is_in_it() {
    let schema = of_flows();
    let modules = Project::new().pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let names: Vec<&Value> =
        schema["$defs"]["NodeSpec"]["properties"]["name"]["enum"].as_array().unwrap().iter().collect();
    assert_eq!(names.len(), modules.as_array().unwrap().len());
    for module in modules.as_array().unwrap() {
        let name = module["name"].as_str().unwrap();
        assert!(names.contains(&&module["name"]), "{name}");
        let configs = &schema["$defs"][format!("configs.{name}")];
        assert_eq!(configs["description"], module["description"], "{name}");
        for side in ["required", "optional"] {
            for (key, field) in module["config_schema"][side].as_object().unwrap() {
                for place in [&configs["properties"][key], &configs["properties"][side]["properties"][key]] {
                    let place = place["$ref"].as_str().unwrap_or_else(|| panic!("{name}: {key}"));
                    let found = schema.pointer(place.strip_prefix('#').unwrap()).unwrap();
                    assert_eq!(found["description"], field["description"], "{name}: {key}");
                    assert_eq!(found["default"], field["default"], "{name}: {key}");
                }
            }
        }
    }
}

#[test]
fn a_project_has_its_schema_where_the_modeline_looks_for_it() {
    let project = Project::new();
    project.pype(&["init", "shop"]).expect_code(0);
    let first = project.read("shop/.pype/flow.schema.json");
    assert_eq!(serde_json::from_str::<Value>(&first).unwrap(), of_flows());
    assert_eq!(project.read("shop/.pype/.gitignore"), "*\n");
    project.write("shop/.pype/flow.schema.json", "of another version");
    project.pype(&["init", "shop"]).expect_code(0);
    assert_eq!(project.read("shop/.pype/flow.schema.json"), first, "it is written anew");
    let said = project.pype(&["schema", "--out", "editor/flow.json"]).expect_code(0);
    assert_eq!(project.read("editor/flow.json"), first);
    assert!(said.stdout.starts_with("wrote editor/flow.json ("), "{}", said.stdout);
}
