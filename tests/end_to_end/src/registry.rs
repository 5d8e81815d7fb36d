//! The registry and the commands around it: what is known, what is chosen, and that a run needs none of it.

use crate::support::Project;
use crate::support::installation::built_in;
use crate::support::run::flow;
use serde_json::{Value, json};

const FILE: &str = "modules/ModRegistry.json";

const BODY: &str = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: a > 1}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - keep.input, keep.output - out.input]}
"#;

fn registry(project: &Project) -> Value {
    serde_json::from_str(&project.read(FILE)).unwrap()
}

fn names(registry: &Value) -> Vec<String> {
    registry.as_object().unwrap().keys().cloned().collect()
}

const ALL: [&str; 44] = [
    "aggregate_mod",
    "assert_mod",
    "cache_sink",
    "cache_source",
    "cast_mod",
    "context_load_sink",
    "csv_sink",
    "csv_source",
    "derive_mod",
    "die_solo",
    "explode_mod",
    "file_list_source",
    "filter_mod",
    "generate_source",
    "implode_mod",
    "inline_source",
    "join_mod",
    "json_extract_mod",
    "log_rows_mod",
    "loop_source",
    "map_mod",
    "noop_solo",
    "parquet_sink",
    "parquet_source",
    "pivot_mod",
    "regex_extract_mod",
    "replace_mod",
    "replicate_mod",
    "return_sink",
    "run_flow_solo",
    "sample_mod",
    "schema_check_mod",
    "select_mod",
    "set_var_solo",
    "shell_solo",
    "sleep_solo",
    "sort_mod",
    "split_mod",
    "sql_mod",
    "union_mod",
    "unique_mod",
    "unpivot_mod",
    "warn_solo",
    "window_mod",
];

#[test]
fn one_module_is_registered_by_its_name() {
    let project = Project::new();
    let output = project.pype(&["register-module", "csv_source"]).expect_code(0);
    assert!(output.stdout.contains("csv_source"), "{}", output.stdout);
    let registry = registry(&project);
    assert_eq!(names(&registry), ["csv_source"]);
    let entry = registry["csv_source"].as_object().unwrap();
    let mut keys: Vec<&str> = entry.keys().map(String::as_str).collect();
    keys.sort_unstable();
    let expected = [
        "category",
        "config_schema",
        "description",
        "globals",
        "input_ports",
        "module_path",
        "output_ports",
        "packages",
        "type",
        "version",
    ];
    assert_eq!(keys, expected, "the specification's keys, and no others");
    assert_eq!(entry["type"], "source");
    assert!(entry["module_path"].as_str().unwrap().contains("libpype_files.so"));
    assert_eq!((&entry["input_ports"], &entry["output_ports"]), (&json!([]), &json!(["data"])));
    let schema = &entry["config_schema"];
    assert_eq!(schema["required"]["file_path"]["type"], "str");
    assert_eq!(schema["optional"]["delimiter"]["default"], ",");
    assert!(!schema["optional"]["delimiter"]["description"].as_str().unwrap().is_empty());
}

#[test]
fn a_library_is_registered_whole_by_its_path_or_name() {
    let files = ["csv_sink", "csv_source", "parquet_sink", "parquet_source"];
    let path = built_in("libpype_files.so").display().to_string();
    for name in [path.as_str(), "libpype_files.so", "pype_files", "pype-files"] {
        let project = Project::new();
        let output = project.pype(&["register-module", name, "--output", "json"]).expect_code(0);
        assert_eq!(output.json()["registered"], json!(files), "{name}");
        assert_eq!(names(&registry(&project)), files, "{name}");
    }
}

#[test]
fn modules_are_added_one_by_one_and_forgotten_together() {
    let project = Project::new();
    project.pype(&["register-module", "noop_solo"]).expect_code(0);
    project.pype(&["register-module", "csv_sink"]).expect_code(0);
    assert_eq!(names(&registry(&project)), ["csv_sink", "noop_solo"]);
    project.pype(&["auto-register"]).expect_code(0);
    assert_eq!(names(&registry(&project)), ALL);
    project.pype(&["clear-registry"]).expect_code(0);
    assert_eq!(registry(&project), json!({}));
}

#[test]
fn what_is_not_there_cannot_be_registered() {
    let project = Project::new();
    let output = project.pype(&["register-module", "csv_sorce"]).expect_code(2);
    assert!(output.stderr.contains("did you mean `csv_source`?"), "{}", output.stderr);
    let output = project.pype(&["register-module", "./none.so"]);
    assert!(matches!(output.code, 2 | 3), "{output:?}");
    assert!(output.stderr.contains("none.so"), "{}", output.stderr);
    project.write("modules/libnotes.so", "not a library");
    let output = project.pype(&["register-module", "modules/libnotes.so"]).expect_code(3);
    assert!(output.stderr.contains("is not a pype plugin: it is not a shared library"), "{}", output.stderr);
    assert!(!project.exists(FILE), "what fails writes nothing");
}

#[test]
fn a_damaged_registry_is_said_and_can_be_written_anew() {
    let project = Project::new();
    project.write(FILE, "{\"csv_source\": 1}");
    let output = project.pype(&["list-modules"]).expect_code(3);
    assert!(output.stderr.contains("ModRegistry.json"), "{}", output.stderr);
    assert!(output.stderr.contains("`pype auto-register` writes it anew"), "{}", output.stderr);
    project.pype(&["auto-register"]).expect_code(0);
    assert_eq!(names(&registry(&project)), ALL);
}

#[test]
fn two_libraries_with_one_module_are_a_choice_to_make() {
    let project = Project::new();
    project.write("in.csv", "a\n1\n2\n");
    project.write("flow.yaml", flow("flow", BODY));
    project.copy(&built_in("libpype_relational.so"), "modules/libmine.so");
    let found = project.pype(&["validate", "flow.yaml", "--output", "json"]);
    assert_eq!(found.code, 3);
    let found = found.json();
    let finding = found["diagnostics"].as_array().unwrap().iter().find(|one| one["code"] == "L009").unwrap();
    let message = finding["message"].as_str().unwrap();
    assert!(message.contains("modules/libmine.so") && message.contains("libpype_relational.so"), "{message}");
    assert!(finding["help"].as_str().unwrap().contains("register-module PATH"));
    let output = project.pype(&["register-module", "filter_mod"]).expect_code(2);
    assert!(output.stderr.contains("libmine.so") && output.stderr.contains("by its path"), "{}", output.stderr);

    project.pype(&["register-module", "modules/libmine.so"]).expect_code(0);
    project.pype(&["build", "flow.yaml"]).expect_code(0);
    let dag: Value = serde_json::from_str(&project.read("jobs/flow/flow_dag.json")).unwrap();
    assert_eq!(dag["nodes"][1]["library"], "libmine.so");
    project.run_job("flow", &[], 0);

    project.pype(&["register-module", &built_in("libpype_relational.so").display().to_string()]).expect_code(0);
    project.pype(&["build", "flow.yaml"]).expect_code(0);
    let dag: Value = serde_json::from_str(&project.read("jobs/flow/flow_dag.json")).unwrap();
    assert_eq!(dag["nodes"][1]["library"], "libpype_relational.so");
}

#[test]
fn a_registered_library_that_is_gone_is_said_at_build() {
    let project = Project::new();
    project.write("flow.yaml", flow("flow", BODY));
    project.copy(&built_in("libpype_relational.so"), "modules/libmine.so");
    project.pype(&["register-module", "modules/libmine.so"]).expect_code(0);
    std::fs::remove_file(project.path("modules/libmine.so")).unwrap();
    let output = project.pype(&["build", "flow.yaml"]).expect_code(3);
    assert!(output.stderr.contains("libmine.so") && output.stderr.contains("auto-register"), "{}", output.stderr);
}

#[test]
fn build_and_run_need_no_registry_and_make_none() {
    let project = Project::new();
    project.write("in.csv", "a\n1\n2\n");
    project.pype(&["auto-register"]).expect_code(0);
    project.build("flow", BODY);
    project.write(FILE, "damaged");
    project.run_job("flow", &[], 0);
    std::fs::remove_file(project.path(FILE)).unwrap();
    project.build("flow", BODY);
    project.run_job("flow", &[], 0);
    assert!(!project.exists(FILE));
}

#[test]
fn modules_are_listed_for_people_and_for_programs() {
    let project = Project::new();
    project.pype(&["register-module", "filter_mod"]).expect_code(0);
    let text = project.pype(&["list-modules"]).expect_code(0).stdout;
    for name in ALL {
        assert!(text.contains(name), "{text}");
    }
    let row = text.lines().find(|line| line.contains("filter_mod")).unwrap();
    assert!(row.contains("mod") && row.contains("libpype_relational.so") && row.contains("yes"), "{row}");
    let listed = project.pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), ALL.len());
    for module in listed {
        assert_eq!(module["registered"], module["name"] == "filter_mod");
        assert!(module["plugin"]["library"].as_str().unwrap().ends_with(".so"));
    }
}

#[test]
fn a_module_is_described_for_people_and_for_programs() {
    let project = Project::new();
    let text = project.pype(&["describe-module", "csv_source"]).expect_code(0).stdout;
    for word in ["csv_source", "source", "file_path", "delimiter", "outputs: data", "libpype_files.so"] {
        assert!(text.contains(word), "{word} is not in:\n{text}");
    }
    let module = project.pype(&["describe-module", "csv_source", "--output", "json"]).expect_code(0).json();
    assert_eq!(
        (&module["name"], &module["lowers"], &module["runs"]),
        (&json!("csv_source"), &json!(true), &json!(false))
    );
    let output = project.pype(&["describe-module", "filter"]).expect_code(2);
    assert!(output.stderr.contains("did you mean `filter_mod`?"), "{}", output.stderr);
}

#[test]
fn init_makes_a_project_once() {
    let project = Project::new();
    let output = project.pype(&["init", "new/place", "--output", "json"]).expect_code(0);
    assert_eq!(output.json()["created"], true);
    project.write("new/place/pype.toml", "# mine\n");
    let output = project.pype(&["init", "new/place", "--output", "json"]).expect_code(0);
    assert_eq!(output.json()["created"], false);
    assert_eq!(project.read("new/place/pype.toml"), "# mine\n");
}
