//! Where a secret can come from: each place leads to a module, and the value stands nowhere else.

use super::{CONTEXT, PROOF, Scene, VARIABLE, proof};
use crate::support::canary::CANARY;
use crate::support::run::flow;
use vault_server::{Grant, Kv, VaultServer};

fn declared(default: &str) -> String {
    format!("context: {{password: {{secret: true, default: \"{default}\"}}}}\n")
}

#[test]
fn the_proof_fails_with_another_value() {
    let scene = Scene::new();
    scene.runs(&[(VARIABLE, "another one")], &proof(CONTEXT), 1);
}

#[test]
fn a_secret_comes_from_the_environment() {
    Scene::new().runs(&[], &proof(CONTEXT), 0);
}

#[test]
fn a_secret_comes_from_a_file_wherever_it_is() {
    let scene = Scene::new();
    for (content, name) in
        [(CANARY.to_owned(), "bare"), (format!("{CANARY}\n"), "line"), (format!("{CANARY}\r\n"), "dos")]
    {
        std::fs::write(scene.outside(name), content).unwrap();
        scene.runs(&[], &proof(&declared(&format!("file://{}", scene.outside(name).display()))), 0);
    }
    // A relative path is one of the project; the link keeps the secret out of what is searched.
    std::os::unix::fs::symlink(scene.outside("line"), scene.project.path("key")).unwrap();
    scene.runs(&[], &proof(&declared("file://key")), 0);
}

#[test]
fn a_secret_comes_from_a_variable_of_its_own() {
    Scene::new().runs(&[("PYPE_CTX_PASSWORD", CANARY)], &proof("context: {password: {secret: true}}\n"), 0);
}

#[test]
fn each_place_may_hold_a_reference() {
    let reference = "env://DB_PASSWORD";
    let scene = Scene::new();
    scene.build("job", &proof("context: {password: {secret: true}}\n"));
    scene.run_loudly(&[("PYPE_CTX_PASSWORD", reference)], "job", 0);
    scene.pype(&["run", "jobs/job", "--set", &format!("password={reference}")]).expect_code(0);
    let file = format!(r#"{{"password": "{reference}"}}"#);
    scene.project.write("jobs/job/context/job_prod.json", &file);
    scene.pype(&["run", "jobs/job", "--context", "prod"]).expect_code(0);
    scene.project.write("jobs/job/context/job_default.json", &file);
    scene.run_loudly(&[], "job", 0);
}

#[test]
fn a_reference_makes_a_secret_of_what_is_not_declared_one() {
    let scene = Scene::new();
    scene.build("job", &proof("context: {password: {default: x}}\n"));
    scene.run_loudly(&[("PYPE_CTX_PASSWORD", "env://DB_PASSWORD")], "job", 0);
    scene.build("job", &proof("context: {password: {default: \"env://DB_PASSWORD\"}}\n"));
    std::fs::remove_file(scene.project.path("jobs/job/context/job_default.json")).unwrap();
    scene.run_loudly(&[], "job", 0);
}

#[test]
fn a_parameter_may_be_a_secret_too() {
    let body = proof("params: {password: {secret: true}}\n").replace("context.password", "params.password");
    let scene = Scene::new();
    for given in [CANARY, "env://DB_PASSWORD"] {
        scene.runs(&[("PYPE_PARAM_PASSWORD", given)], &body, 0);
    }
    for args in [["--param", "password=env://DB_PASSWORD"], ["--params", r#"{"password": "env://DB_PASSWORD"}"#]] {
        scene.pype(&[&["run", "jobs/job"], &args[..]].concat()).expect_code(0);
    }
}

#[test]
fn a_secret_comes_from_a_vault() {
    let server = VaultServer::start().unwrap();
    server.root.mount("secret", Kv::Two);
    server.root.put("secret/team/db", serde_json::json!({"password": CANARY, "user": "etl"}));
    server.root.token("hvs.for-this-test-alone", Grant::root());
    let address = server.address();
    let vault = [("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", "hvs.for-this-test-alone")];
    let scene = Scene::new();
    scene.runs(&vault, &proof(&declared("vault://secret/team/db#password")), 0);
    let called = PROOF.replace("context.password", "secret('secret/team/db', 'password')");
    let body = format!("modules:\n  - {{id: it, name: shell_solo, configs: {{{called}}}}}\n");
    scene.runs(&vault, &body, 0);
    scene.project.assert_nowhere(["hvs.for-this-test-alone"]);
}

/// A step that asks by itself.
fn asks(name: &str) -> String {
    format!(
        "modules:\n  - {{id: it, name: secret_echo_solo, configs: {{ask: '{name}', how: compare, compare: link, answer_file: answer}}}}\n"
    )
}

#[test]
fn a_module_may_ask_for_a_secret_by_itself() {
    let scene = Scene::with_echo();
    std::os::unix::fs::symlink(scene.outside("plain"), scene.project.path("link")).unwrap();
    for (name, environment) in
        [("db_password", &[("PYPE_SECRET_DB_PASSWORD", CANARY)][..]), ("env://DB_PASSWORD", &[]), ("file://link", &[])]
    {
        scene.runs(environment, &asks(name), 0);
        assert_eq!(scene.project.read("answer"), "same", "{name}");
        std::fs::remove_file(scene.project.path("answer")).unwrap();
    }
    for (name, word) in [("nope", "PYPE_SECRET_NOPE"), ("env://NOPE", "env://NOPE"), ("vault://a/b#c", "vault://a/b#c")]
    {
        scene.runs(&[], &asks(name), 1);
        let said = scene.pype(&["run", "jobs/job"]).expect_code(1).stderr;
        assert!(said.contains(word), "{said}");
    }
}

#[test]
fn a_module_may_have_a_secret_in_its_configuration() {
    let scene = Scene::with_echo();
    std::os::unix::fs::symlink(scene.outside("plain"), scene.project.path("link")).unwrap();
    let body = format!(
        "modules:\n  - {{id: it, name: secret_echo_solo, configs: {{password: '{{{{ context.password }}}}', how: compare, compare: link, answer_file: answer}}}}\n{CONTEXT}"
    );
    scene.runs(&[], &body, 0);
    assert_eq!(scene.project.read("answer"), "same");
}

#[test]
fn a_secret_has_its_declared_type() {
    let scene = Scene::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: "{{ context.pin }}", columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - out.input]}
context: {pin: {type: int, secret: true}}
"#;
    scene.build("job", body);
    let run =
        scene.pype_with(&[("PYPE_CTX_PIN", "env://PIN"), ("PIN", "83")], &["run", "jobs/job", "--output", "json"]);
    assert_eq!(run.expect_code(0).json()["links"][0]["rows"], 83);
    let wrong = "my-s3cret-pin-8d";
    for (given, place) in [("env://PIN", "PIN"), (wrong, "PYPE_CTX_PIN")] {
        let run = scene.pype_with(&[("PYPE_CTX_PIN", given), ("PIN", wrong)], &["run", "jobs/job", "-vv"]);
        assert!([2, 3].contains(&run.code), "{run:?}");
        for word in ["`pin`", "`int`", place] {
            assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
        }
    }
    scene.project.assert_nowhere([wrong]);
}

#[test]
fn what_is_missing_is_told_before_anything_starts_all_at_once() {
    let scene = Scene::new();
    let body = r#"
modules:
  - {id: first, name: csv_sink, configs: {output_path: out.csv}}
  - {id: src, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence}]}}
  - {id: it, name: shell_solo, configs: {command: "true", env: {A: "{{ context.a }}", B: "{{ context.b }}", C: "{{ context.c }}", D: "{{ context.d }}", E: "{{ secret('secret/db', 'e') }}"}}}
connections: {data: [src.data - first.input], control: [src (1|) it]}
context:
  a: {secret: true, default: "env://NOT_SET"}
  b: {secret: true, default: "file:///no/such/file"}
  c: {secret: true, default: "vault://secret/db#c"}
  d: {secret: true, default: "env://EMPTY"}
"#;
    scene.build("job", body);
    std::fs::write(scene.outside("binary"), [0xff, 0xfe]).unwrap();
    let run = scene.pype_with(&[("EMPTY", "")], &["run", "jobs/job"]).expect_code(1);
    for word in [
        "env://NOT_SET",
        "file:///no/such/file",
        "vault://secret/db#c",
        "env://EMPTY",
        "vault://secret/db#e",
        "VAULT_ADDR",
    ] {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
    assert!(!scene.project.exists("out.csv") && scene.project.nothing_ran("job"));
    for (path, word) in [
        (scene.outside("binary"), "UTF-8"),
        (scene.outside(""), "cannot be read"),
        ("/dev/zero".into(), "larger than 256 KB"),
        ("/dev/null".into(), "empty"),
    ] {
        let set = format!("password=file://{}", path.display());
        scene.build("one", &proof("context: {password: {secret: true}}\n"));
        let run = scene.pype(&["run", "jobs/one", "--set", &set]).expect_code(1);
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
}

#[test]
fn a_secret_that_nothing_uses_is_not_fetched() {
    let scene = Scene::new();
    let context = "context: {password: {secret: true, default: \"env://DB_PASSWORD\"}, other: {secret: true, default: \"vault://a/b#c\"}}\n";
    scene.runs(&[], &proof(context), 0);
}

#[test]
fn a_secret_in_plain_belongs_in_no_file() {
    let scene = Scene::new();
    scene.build("job", &proof("context: {password: {secret: true}}\n"));
    let file = "jobs/job/context/job_default.json";
    scene.project.write(file, r#"{"password": "my-s3cret-in-a-file"}"#);
    let run = scene.pype(&["run", "jobs/job"]).expect_code(3);
    for word in ["`password`", "job_default.json", "PYPE_CTX_PASSWORD", "vault://"] {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
    assert!(!run.stderr.contains("my-s3cret"), "{}", run.stderr);
    std::fs::remove_file(scene.project.path(file)).unwrap();
    scene.project.write(
        "plain.yaml",
        flow("plain", &proof("context: {password: {secret: true, default: my-s3cret-default}}\n")),
    );
    let output = scene.pype(&["build", "plain.yaml"]).expect_code(3);
    assert!(!output.stderr.contains("no such"), "{}", output.stderr);
    std::fs::remove_file(scene.project.path("plain.yaml")).unwrap();
    scene.project.assert_nowhere(["my-s3cret"]);
}

#[test]
fn a_secret_on_the_command_line_is_warned_of() {
    let scene = Scene::new();
    scene.build("job", &proof("context: {password: {secret: true}}\n"));
    let run = scene.pype(&["run", "jobs/job", "--set", &format!("password={CANARY}")]).expect_code(0);
    assert!(run.stderr.contains("`password` stands on the command line"), "{}", run.stderr);
}
