//! Secrets from a vault: versions, namespaces, TLS and logins, and every refusal before anything starts.

use super::{Scene, proof};
use crate::support::Output;
use crate::support::canary::{CANARY, pieces};
use serde_json::json;
use std::time::{Duration, Instant};
use vault_server::{Fault, Grant, Kv, VaultServer};

pub const TOKEN: &str = "hvs.CAESIJ7of+this/test\"alone";

/// What a run may take that waits for a vault for two seconds, on a busy machine.
pub const BOUND: Duration = Duration::from_secs(30);

/// Two secrets of one path, proved and written down.
const CONFIGS: &str = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
  - {id: it, name: shell_solo, configs: {command: 'test "$GIVEN" = "$(cat "$PLAIN_FILE")" && test "$USER_NAME" = "$(cat "$PLAIN_FILE.user")"', env: {GIVEN: "{{ context.password }}", USER_NAME: "{{ secret('secret/team/db', 'user') }}"}}}
connections: {data: [src.data - out.input], control: [src (1|) it]}
context: {password: {secret: true, default: "vault://secret/team/db#password"}}
"#;

/// A server that has them, for [`TOKEN`].
pub fn server() -> VaultServer {
    let server = VaultServer::start().unwrap();
    server.root.mount("secret", Kv::Two);
    server.root.put("secret/team/db", json!({"password": CANARY, "user": "etl-user"}));
    server.root.policy("reader", &["secret/data/team/*"]);
    server.root.token(TOKEN, Grant::of(&["reader"]).ttl(3600));
    server
}

/// Runs the job with a vault in the environment.
#[track_caller]
fn run(scene: &Scene, environment: &[(&str, &str)], args: &[&str]) -> Output {
    let environment = [&[("PYPE_VAULT_DEADLINE", "2"), ("VAULT_CLIENT_TIMEOUT", "1")], environment].concat();
    let begun = Instant::now();
    let output = scene.pype_with(&environment, &[&["run", "jobs/job"], args].concat());
    assert!(begun.elapsed() < BOUND, "it took {:?}", begun.elapsed());
    output
}

/// The run is refused before anything starts, with words; nothing secret is said.
#[track_caller]
fn refused(environment: &[(&str, &str)], words: &[&str]) {
    let scene = Scene::new();
    scene.build("job", CONFIGS);
    let said = run(&scene, environment, &[]).expect_code(1).stderr;
    for word in ["has not begun", "vault://secret/team/db#password", "vault://secret/team/db#user"].iter().chain(words)
    {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
    let json = run(&scene, environment, &["--output", "json", "--log-format", "json", "-vv"]).expect_code(1);
    assert!(json.stderr.contains("vault://secret/team/db#password"), "{}", json.stderr);
    assert!(!scene.project.exists("out.csv") && scene.project.nothing_ran("job"));
    scene.project.assert_nowhere([TOKEN, "etl-user", "this/test\\\"alone"]);
    scene.project.assert_nowhere(pieces(CANARY));
}

#[test]
fn both_versions_of_the_engine_are_read() {
    for version in [Kv::One, Kv::Two] {
        let server = server();
        server.root.mount("secret", version);
        server.root.put("secret/team/db", json!({"password": CANARY, "user": "etl-user"}));
        server.root.policy("reader", &["secret/data/team/*", "secret/team/*"]);
        let scene = Scene::new();
        scene.build("job", CONFIGS);
        let vault = [("VAULT_ADDR", server.address()), ("VAULT_TOKEN", TOKEN.to_owned())];
        let vault = vault.each_ref().map(|(name, value)| (*name, value.as_str()));
        scene.run_loudly(&vault, "job", 0);
        scene.project.assert_nowhere([TOKEN, "etl-user"]);
        let reads = server
            .requests()
            .iter()
            .filter(|seen| seen.path.contains("team/db") && !seen.path.contains("mounts"))
            .count();
        assert_eq!(reads, 5, "one path is read once per run");
    }
}

#[test]
fn a_namespace_has_secrets_of_its_own() {
    let server = VaultServer::start().unwrap();
    let team = server.namespace("team-a");
    team.mount("secret", Kv::Two);
    team.put("secret/team/db", json!({"password": CANARY, "user": "etl-user"}));
    team.token(TOKEN, Grant::root());
    let scene = Scene::new();
    scene.build("job", CONFIGS);
    let address = server.address();
    let vault = [("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", TOKEN), ("VAULT_NAMESPACE", "team-a")];
    run(&scene, &vault, &[]).expect_code(0);
    refused(&vault[..2], &[]);
}

#[test]
fn certificates_are_checked() {
    let server = VaultServer::start_tls().unwrap();
    server.root.mount("secret", Kv::Two);
    server.root.put("secret/team/db", json!({"password": CANARY, "user": "etl-user"}));
    server.root.token(TOKEN, Grant::root());
    let scene = Scene::new();
    scene.build("job", CONFIGS);
    let (address, ca) = (server.address(), scene.outside("ca.pem").display().to_string());
    server.write_ca(&scene.outside("ca.pem")).unwrap();
    let vault = [("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", TOKEN), ("VAULT_CACERT", ca.as_str())];
    run(&scene, &vault, &[]).expect_code(0);
    server.forget_requests();
    refused(&vault[..2], &["ertificate"]);
    assert!(server.requests().is_empty(), "nothing is sent to a server that is not known: {:?}", server.requests());
    run(&scene, &[vault[0], vault[1], ("VAULT_SKIP_VERIFY", "true")], &[]).expect_code(0);
    refused(&[vault[0], vault[1], ("VAULT_CACERT", "/no/such/ca.pem")], &["VAULT_CACERT", "/no/such/ca.pem"]);
}

#[test]
fn an_app_role_logs_in_once() {
    let server = server();
    server.root.app_role("etl-role", "s3cret-id-of-the-role", Grant::of(&["reader"]).ttl(3600).renewable());
    let scene = Scene::new();
    scene.build("job", CONFIGS);
    let address = server.address();
    let vault = [
        ("VAULT_ADDR", address.as_str()),
        ("PYPE_VAULT_AUTH", "approle"),
        ("PYPE_VAULT_ROLE_ID", "etl-role"),
        ("PYPE_VAULT_SECRET_ID", "s3cret-id-of-the-role"),
    ];
    run(&scene, &vault, &["-vv"]).expect_code(0);
    assert_eq!(server.count("/v1/auth/approle/login"), 1);
    scene.project.assert_nowhere(["s3cret-id", "TokenOfALogin"]);
    refused(&[vault[0], vault[1], vault[2], ("PYPE_VAULT_SECRET_ID", "another-s3cret-id")], &["login", "approle"]);
}

#[test]
fn a_token_may_lie_in_a_file() {
    let server = server();
    let scene = Scene::new();
    scene.build("job", CONFIGS);
    std::fs::write(scene.outside("token"), format!("{TOKEN}\n")).unwrap();
    let (address, file) = (server.address(), scene.outside("token").display().to_string());
    run(&scene, &[("VAULT_ADDR", &address), ("VAULT_TOKEN_FILE", &file)], &["-vv"]).expect_code(0);
    refused(&[("VAULT_ADDR", &address), ("VAULT_TOKEN_FILE", "/no/such/token")], &["VAULT_TOKEN_FILE"]);
}

#[test]
fn without_a_vault_it_is_said_what_to_set() {
    refused(&[], &["VAULT_ADDR"]);
}

#[test]
fn settings_that_cannot_be_are_named() {
    let scene = Scene::new();
    scene.build("job", CONFIGS);
    for (name, value) in [
        ("VAULT_ADDR", "no address"),
        ("VAULT_ADDR", "https://u:s3cret-in-a-url@host"),
        ("PYPE_VAULT_AUTH", "s3cret-auth"),
        ("PYPE_VAULT_DEADLINE", "s3cret-time"),
        ("VAULT_TOKEN", "s3cret\nof-two-lines"),
        ("VAULT_SKIP_VERIFY", "s3cret-flag"),
    ] {
        let environment = [("VAULT_ADDR", "http://127.0.0.1:9"), ("VAULT_TOKEN", TOKEN), (name, value)];
        let said = run(&scene, &environment, &[]).expect_code(1).stderr;
        assert!(said.contains(name), "{name}: {said}");
        scene.project.assert_nowhere(["s3cret", TOKEN]);
    }
    let said = run(&scene, &[("VAULT_ADDR", "http://127.0.0.1:9")], &[]).expect_code(1).stderr;
    assert!(said.contains("VAULT_TOKEN"), "{said}");
}

#[test]
fn refusals_name_the_path_and_the_cure() {
    let server = server();
    let address = server.address();
    let vault = [("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", TOKEN)];
    refused(&[vault[0], ("VAULT_TOKEN", "hvs.some-other-token")], &["not valid", "VAULT_TOKEN"]);
    server.root.policy("reader", &["secret/data/other/*"]);
    refused(&vault, &["no right to this path"]);
    server.root.policy("reader", &["secret/data/team/*"]);
    server.root.delete("secret/team/db");
    refused(&vault, &["delete"]);
    server.expire_tokens();
    refused(&vault, &["not valid"]);
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let server = server();
    server.root.put("secret/team/db", json!({"pass-word": CANARY, "login": "etl-user"}));
    let address = server.address();
    let vault = [("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", TOKEN)];
    refused(&vault, &["no key `password`", "no key `user`", "`login`", "`pass-word`"]);
    server.root.mount("secret", Kv::Two);
    refused(&vault, &["secret/team/db"]);
}

#[test]
fn a_server_that_is_not_well_is_waited_for_and_no_longer() {
    let other = VaultServer::start().unwrap();
    for (fault, word) in [
        (Fault::Sealed, "sealed"),
        (Fault::Hang, "secret/team/db"),
        (Fault::Drip(Duration::from_millis(500)), "secret/team/db"),
        (Fault::BadGateway, "502"),
        (Fault::Html, "secret/team/db"),
        (Fault::Body("{\"data\": [".to_owned()), "secret/team/db"),
        (Fault::Body(format!("{{\"data\": {}}}", json!(CANARY))), "secret/team/db"),
        (Fault::Body(json!({"data": {"data": {"password": 5, "user": {"a": CANARY}}}}).to_string()), "secret/team/db"),
        (Fault::Truncated, "secret/team/db"),
        (Fault::Reset, "secret/team/db"),
        (Fault::Busy(3600), "429"),
        (Fault::Echo, "secret/team/db"),
        (Fault::Status(500, Some(format!("token {TOKEN}"))), "500"),
        (Fault::Redirect(other.address()), "secret/team/db"),
        (Fault::Huge(64 << 20), "secret/team/db"),
    ] {
        let server = server();
        server.fail("/v1/*", fault.clone());
        let address = server.address();
        println!("{fault:?}");
        refused(&[("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", TOKEN)], &[word]);
    }
    assert!(other.requests().is_empty(), "another host never sees the token: {:?}", other.requests());
}

#[test]
fn a_server_that_recovers_in_time_is_no_failure() {
    for fault in [Fault::Sealed, Fault::Reset, Fault::BadGateway, Fault::Truncated] {
        let server = server();
        server.fail_times("/v1/secret/*", fault, 1);
        let scene = Scene::new();
        scene.build("job", CONFIGS);
        let address = server.address();
        let vault = [("VAULT_ADDR", address.as_str()), ("VAULT_TOKEN", TOKEN), ("PYPE_VAULT_DEADLINE", "20")];
        let begun = Instant::now();
        scene.pype_with(&vault, &["run", "jobs/job", "-vv"]).expect_code(0);
        assert!(begun.elapsed() < BOUND);
    }
}

#[test]
fn all_paths_that_are_not_to_be_had_are_told_at_once() {
    let scene = Scene::new();
    let body = proof("context: {password: {secret: true, default: \"vault://secret/a#x\"}}\n")
        .replace("env: {", "env: {B: \"{{ secret('secret/b', 'y') }}\", C: \"{{ secret('kv/c', 'z') }}\", ");
    scene.build("job", &body);
    let server = server();
    let address = server.address();
    let said = run(&scene, &[("VAULT_ADDR", &address), ("VAULT_TOKEN", TOKEN)], &[]).expect_code(1).stderr;
    for word in ["vault://secret/a#x", "vault://secret/b#y", "vault://kv/c#z"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}
