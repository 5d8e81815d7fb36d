//! What the other commands say of secrets: their places. What only looks like a setting, and holds one, is masked too.

use super::{CONTEXT, Scene, proof};
use crate::support::canary::{CANARY, pieces};
use crate::support::run::flow;
use serde_json::{Value, json};

const SECTIONS: &str = r#"
context:
  password: {secret: true, default: "env://DB_PASSWORD", description: for the database}
  other: {secret: true, default: "vault://secret/db#key"}
  plain: {default: x}
params:
  key: {secret: true}
"#;

fn variable<'a>(report: &'a Value, name: &str) -> &'a Value {
    let variables = report["variables"].as_array().unwrap();
    variables.iter().find(|variable| variable["name"] == name).unwrap_or_else(|| panic!("no {name}: {report:#}"))
}

#[test]
fn the_context_tells_places_and_no_secrets() {
    let scene = Scene::new();
    scene.build("job", &proof(SECTIONS));
    let given = [("PYPE_PARAM_KEY", CANARY)];
    let report = scene.pype_with(&given, &["context", "jobs/job", "--output", "json"]).expect_code(0).json();
    let password = variable(&report, "password");
    assert_eq!((&password["value"], &password["place"]), (&json!("***"), &json!("env://DB_PASSWORD")));
    assert_eq!((&password["secret"], &password["used"]), (&json!(true), &json!(true)));
    assert_eq!(variable(&report, "other")["place"], "vault://secret/db#key");
    let key = variable(&report, "key");
    assert_eq!((&key["value"], &key["source"], &key["used"]), (&json!("***"), &json!("PYPE_PARAM_KEY"), &json!(false)));
    assert_eq!(variable(&report, "plain")["value"], "x");
    let text = scene.pype_with(&given, &["context", "jobs/job"]).expect_code(0).stdout;
    for word in ["***", "env://DB_PASSWORD", "vault://secret/db#key", "key (unused)", "for the database"] {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn a_check_fetches_and_tells_what_is_not_to_be_had() {
    let scene = Scene::new();
    scene.build("job", &proof(CONTEXT));
    scene.pype(&["context", "jobs/job", "--check"]).expect_code(0);
    scene.pype(&["context", "jobs/job", "--check", "--output", "json"]).expect_code(0);
    let more = scene.pype_with(&[("DB_PASSWORD", "")], &["context", "jobs/job", "--check"]).expect_code(3);
    assert!(more.stderr.contains("env://DB_PASSWORD"), "{}", more.stderr);
    // Without the check nobody is asked.
    scene.pype_with(&[("DB_PASSWORD", "")], &["context", "jobs/job"]).expect_code(0);
}

/// Uses a variable of the environment that always is a secret, without saying that it is one.
const BY_ENV: &str = r#"
settings: {env: [PYPE_SECRET_X]}
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: "a = '{{ env('PYPE_SECRET_X') }}'"}}
  - {id: other, name: filter_mod, configs: {condition: "a = '{{ context.dsn }}'"}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - keep.input, keep.output - other.input, other.output - out.input]}
context: {dsn: {default: x}}
"#;

#[test]
fn secrets_of_the_environment_are_masked_where_no_flow_says_that_they_are() {
    let scene = Scene::new();
    scene.project.write("in.csv", "a,n\nx,1\n");
    scene.build("job", BY_ENV);
    let dsn = format!("db://u:{CANARY}@h");
    let given = [("PYPE_SECRET_X", CANARY), ("PYPE_CTX_DSN", dsn.as_str())];
    scene.run_loudly(&given, "job", 0);
    scene.project.assert_nowhere(pieces(CANARY));
}

#[test]
fn the_context_masks_secrets_of_the_environment() {
    let scene = Scene::new();
    scene.build("job", BY_ENV);
    let dsn = format!("db://u:{CANARY}@h");
    let given = [("PYPE_SECRET_X", CANARY), ("PYPE_CTX_DSN", dsn.as_str())];
    for more in [&[][..], &["--output", "json"], &["--check"]] {
        scene.pype_with(&given, &[&["context", "jobs/job"], more].concat()).expect_code(0);
    }
}

#[test]
fn a_plan_masks_secrets_of_the_environment() {
    let scene = Scene::new();
    scene.project.write("in.csv", "a,n\nx,1\n");
    scene.build("job", BY_ENV);
    let dsn = format!("db://u:{CANARY}@h");
    let given = [("PYPE_SECRET_X", CANARY), ("PYPE_CTX_DSN", dsn.as_str())];
    scene.pype_with(&given, &["run", "jobs/job", "--explain"]).expect_code(0);
}

#[test]
fn a_plan_has_placeholders_and_asks_nobody() {
    let scene = Scene::new();
    scene.project.write("in.csv", "a,n\nx,1\n");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: keep, name: filter_mod, configs: {condition: "a = '{{ context.password }}' OR a = '{{ secret('secret/db', 'key') }}'"}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - keep.input, keep.output - out.input]}
"#;
    scene.build("job", &format!("{body}{CONTEXT}"));
    let plan = scene.pype_with(&[("VAULT_ADDR", "http://127.0.0.1:9")], &["run", "jobs/job", "--explain"]);
    let plan = plan.expect_code(0).stdout;
    assert!(plan.contains("***") && plan.contains("1. stage [src, keep, out]"), "{plan}");
    assert!(!scene.project.exists("out.csv"));
}

#[test]
fn the_build_and_its_checks_ask_nobody_and_write_places() {
    let scene = Scene::new();
    scene.project.write("job.yaml", flow("job", &proof(SECTIONS)));
    scene.pype(&["validate", "job.yaml"]).expect_code(0);
    scene.pype(&["validate", "job.yaml", "--output", "json", "-vv"]).expect_code(0);
    scene.pype(&["build", "job.yaml", "-vv"]).expect_code(0);
    let written: String =
        scene.project.files("jobs/job").iter().map(|file| scene.project.read(&format!("jobs/job/{file}"))).collect();
    assert!(written.contains("env://DB_PASSWORD") && written.contains("vault://secret/db#key"), "{written}");
}

#[test]
fn what_is_wrong_with_a_context_shows_no_value() {
    let scene = Scene::new();
    scene.build("job", &proof("context: {password: {secret: true}, n: {type: int, default: 1}}\n"));
    let set = format!("n={CANARY}");
    for args in [&["run", "jobs/job", "--set", &set][..], &["context", "jobs/job", "--set", &set]] {
        let output = scene.pype_with(&[("PYPE_CTX_PASSWORD", CANARY)], args);
        assert!([2, 3].contains(&output.code), "{output:?}");
        assert!(output.stderr.contains("`n`") && output.stderr.contains("`int`"), "{}", output.stderr);
    }
    scene.project.write("jobs/job/context/job_default.json", format!("{{\"n\": {}}}", json!(CANARY)));
    scene.pype_with(&[("PYPE_CTX_PASSWORD", CANARY)], &["run", "jobs/job"]).expect_code(3);
    std::fs::remove_file(scene.project.path("jobs/job/context/job_default.json")).unwrap();
    scene.project.assert_nowhere(pieces(CANARY));
}
