//! Plugin files that are missing, changed, broken or double: a run takes the very ones it was built with, or says why not.

use crate::support::Project;
use crate::support::installation::{BUILT_IN, Installation, built_in};
use crate::support::run::flow;
use serde_json::Value;

const BODY: &str = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: a > 1}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - keep.input, keep.output - out.input]}
"#;

fn built(installation: &Installation) -> Project {
    let project = Project::with_binary(installation.binary());
    project.write("in.csv", "a\n1\n2\n");
    project.build("flow", BODY);
    project
}

/// Appends a byte, which is no part of the library's code.
fn touch(path: &std::path::Path) {
    let mut bytes = std::fs::read(path).unwrap();
    bytes.push(0);
    std::fs::write(path, bytes).unwrap();
}

#[test]
fn plugins_lie_beside_the_binary_or_in_its_modules_folder() {
    let installation = Installation::new();
    let project = built(&installation);
    std::fs::create_dir(installation.path("modules")).unwrap();
    for name in BUILT_IN {
        std::fs::rename(installation.path(name), installation.path("modules").join(name)).unwrap();
    }
    project.run_job("flow", &[], 0);
    assert_eq!(project.read("out.csv"), "a\n2\n");
}

#[test]
fn plugins_of_the_project_and_of_the_environment_are_found() {
    let installation = Installation::without_plugins();
    let project = Project::with_binary(installation.binary());
    project.write("in.csv", "a\n1\n2\n");
    project.write("flow.yaml", flow("flow", BODY));
    let output = project.pype(&["validate", "flow.yaml"]).expect_code(3);
    assert!(output.stderr.contains("no plugin library was found in"), "{}", output.stderr);
    assert!(output.stderr.contains(&project.path("modules").display().to_string()), "{}", output.stderr);
    project.copy(&built_in("libpype_files.so"), "modules/libpype_files.so");
    project.copy(&built_in("libpype_relational.so"), "elsewhere/libpype_relational.so");
    let elsewhere = project.path("elsewhere").display().to_string();
    let environment = [("PYPE_MODULE_PATH", elsewhere.as_str())];
    project.pype_with(&environment, &["build", "flow.yaml"]).expect_code(0);
    project.run_job_with(&environment, "flow", &[], 0);
    assert_eq!(project.read("out.csv"), "a\n2\n");
}

#[test]
fn the_working_folder_is_no_place_for_plugins() {
    let installation = Installation::without_plugins();
    let project = Project::with_binary(installation.binary());
    project.copy(&built_in("libpype_files.so"), "libpype_files.so");
    let output = project.pype(&["list-modules", "--output", "json"]).expect_code(0);
    assert_eq!(output.json(), Value::Array(Vec::new()));
}

#[test]
fn a_plugin_that_is_gone_is_named_with_its_modules() {
    let installation = Installation::new();
    let project = built(&installation);
    std::fs::remove_file(installation.path("libpype_relational.so")).unwrap();
    let output = project.pype(&["run", "jobs/flow"]).expect_code(3);
    for word in ["libpype_relational.so", "`filter_mod`", "looked in"] {
        assert!(output.stderr.contains(word), "{}", output.stderr);
    }
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_plugin_that_changed_is_refused_by_name() {
    let installation = Installation::new();
    let project = built(&installation);
    touch(&installation.path("libpype_files.so"));
    let output = project.pype(&["run", "jobs/flow"]).expect_code(3);
    assert!(output.stderr.contains("`libpype_files.so` changed since the job was built"), "{}", output.stderr);
    assert!(!project.exists("out.csv"));
    project.build("flow", BODY);
    project.run_job("flow", &[], 0);
}

#[test]
fn all_plugins_that_cannot_be_used_are_told_at_once() {
    let installation = Installation::new();
    let project = built(&installation);
    touch(&installation.path("libpype_files.so"));
    std::fs::remove_file(installation.path("libpype_relational.so")).unwrap();
    let output = project.pype(&["run", "jobs/flow", "--output", "json"]).expect_code(3);
    let error = output.json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("libpype_files.so") && error.contains("libpype_relational.so"), "{error}");
}

#[test]
fn a_plugin_that_the_job_does_not_need_may_change() {
    let installation = Installation::new();
    let project = built(&installation);
    std::fs::remove_file(installation.path("libpype_rows.so")).unwrap();
    touch(&installation.path("libpype_control.so"));
    project.run_job("flow", &[], 0);
}

#[test]
fn a_text_file_among_the_plugins_is_a_warning() {
    let project = Project::new();
    project.write("in.csv", "a\n2\n");
    project.write("modules/libnotes.so", "to do: write a plugin\n");
    let output = project.pype(&["list-modules"]).expect_code(0);
    assert!(output.stderr.contains("libnotes.so") && output.stderr.contains("not a pype plugin"), "{}", output.stderr);
    assert!(output.stdout.contains("filter_mod"));
    project.build("flow", BODY);
    let found = project.pype(&["validate", "flow.yaml", "--output", "json"]).expect_code(0).json();
    assert_eq!((&found["diagnostics"][0]["code"], &found["warnings"]), (&Value::from("L015"), &Value::from(1)));
    project.run_job("flow", &[], 0);
}

#[test]
fn a_library_that_is_no_plugin_is_a_warning_in_a_plugin_folder_alone() {
    let installation = Installation::new();
    std::fs::write(installation.path("libother.so"), "nothing of ours").unwrap();
    let project = Project::with_binary(installation.binary());
    let output = project.pype(&["list-modules"]).expect_code(0);
    assert_eq!(output.stderr, "", "the binary's folder may hold libraries of others");
}

/// A plugin whose file says that it was built for another boundary.
fn of_another_abi() -> Vec<u8> {
    let mut bytes = std::fs::read(built_in("libpype_relational.so")).unwrap();
    let magic = b"pype plugin meta";
    let places: Vec<usize> =
        bytes.windows(magic.len()).enumerate().filter(|(_, window)| window == magic).map(|(at, _)| at).collect();
    assert!(!places.is_empty());
    for at in places {
        let major = at + magic.len();
        bytes[major..major + 2].copy_from_slice(&2_u16.to_le_bytes());
    }
    bytes
}

#[test]
fn a_plugin_of_another_abi_is_to_be_rebuilt() {
    let project = Project::new();
    project.write("modules/libnewer.so", of_another_abi());
    let output = project.pype(&["register-module", "modules/libnewer.so"]).expect_code(3);
    for word in ["libnewer.so", "ABI 2", "rebuild"] {
        assert!(output.stderr.contains(word), "{}", output.stderr);
    }
    let output = project.pype(&["list-modules"]).expect_code(0);
    assert!(output.stderr.contains("rebuild") && output.stdout.contains("filter_mod"), "{}", output.stderr);
}

#[test]
fn a_plugin_cut_short_is_an_error_and_no_crash() {
    let bytes = std::fs::read(built_in("libpype_relational.so")).unwrap();
    for keep in [0, 3, 64, 1000, bytes.len() / 2, bytes.len() - 1000] {
        let project = Project::new();
        project.write("modules/libcut.so", &bytes[..keep]);
        let output = project.pype(&["register-module", "modules/libcut.so"]).expect_code(3);
        assert!(output.stderr.contains("libcut.so"), "{keep}: {}", output.stderr);
        project.pype(&["list-modules"]).expect_code(0);
    }
}

#[test]
fn a_library_outside_the_search_path_is_never_opened() {
    let project = Project::new();
    project.write("in.csv", "a\n2\n");
    project.copy(&built_in("libpype_relational.so"), "elsewhere/libevil.so");
    let evil = project.path("elsewhere/libevil.so").display().to_string();
    for library in [evil.as_str(), "../elsewhere/libevil.so"] {
        let entry = project.pype(&["describe-module", "filter_mod", "--output", "json"]).json();
        let mut entry = entry.as_object().unwrap().clone();
        entry.insert("module_path".to_owned(), Value::from(format!("{library}::filter_mod")));
        let registry = serde_json::json!({"filter_mod": entry});
        project.write("modules/ModRegistry.json", registry.to_string());
        project.write("flow.yaml", flow("flow", BODY));
        let output = project.pype(&["build", "flow.yaml"]).expect_code(3);
        assert!(output.stderr.contains("was not found"), "{library}: {}", output.stderr);
    }
}
