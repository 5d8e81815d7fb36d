//! What happens to a vault while a run goes on: tokens that end, secrets that are changed, servers that go away.

use super::Scene;
use super::vault::{BOUND, TOKEN, server};
use crate::support::Output;
use crate::support::canary::CANARY;
use serde_json::json;
use std::process::Stdio;
use std::time::{Duration, Instant};
use vault_server::{Fault, Grant, VaultServer};

/// Fetches, waits until the test says `go`, and uses the secret in a step that fails in a way that may go away: a further
/// attempt fetches anew. `answer` tells whether the last attempt had what is in `link`.
const BODY: &str = r#"
settings: {retry_delay: 0.1, retries: 1}
modules:
  - {id: first, name: shell_solo, configs: {command: 'test -n "$GIVEN"', env: {GIVEN: "{{ context.password }}"}}}
  - {id: pause, name: shell_solo, configs: {command: 'touch begun; while [ ! -e go ]; do sleep 0.02; done'}}
  - {id: it, name: secret_echo_solo, configs: {text: "{{ context.password }}", how: HOW, compare: link, answer_file: answer}}
connections: {control: [first (1|) pause, pause (1|) it]}
context: {password: {secret: true, default: "vault://secret/team/db#password"}}
"#;

struct Midway {
    scene: Scene,
    server: VaultServer,
}

impl Midway {
    fn new(how: &str) -> Self {
        let scene = Scene::with_echo();
        std::os::unix::fs::symlink(scene.outside("plain"), scene.project.path("link")).unwrap();
        scene.build("job", &BODY.replace("HOW", how));
        Self { scene, server: server() }
    }

    /// Runs the job; `change` is done between its first step and its last.
    fn run(&self, login: &[(&str, &str)], change: impl FnOnce()) -> Output {
        for file in ["begun", "go", "answer"] {
            // There is none before the first run.
            let _ = std::fs::remove_file(self.scene.project.path(file));
        }
        let address = self.server.address();
        let vault = [("VAULT_ADDR", address.as_str()), ("PYPE_VAULT_DEADLINE", "2"), ("VAULT_CLIENT_TIMEOUT", "1")];
        let mut command =
            self.scene.command(&[&vault[..], login].concat(), &["run", "jobs/job", "-v", "--log-format", "pretty"]);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !self.scene.project.exists("begun") && child.try_wait().unwrap().is_none() && begun.elapsed() < BOUND {
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        change();
        self.scene.project.write("go", "");
        let output = Output::of(child.wait_with_output().unwrap());
        self.scene.project.note(&output);
        assert!(begun.elapsed() < BOUND, "it took {:?}", begun.elapsed());
        self.scene.project.assert_nowhere([TOKEN, "TokenOfALogin"]);
        output
    }

    fn answer(&self) -> String {
        self.scene.project.read("answer")
    }

    /// The path was asked for so often.
    fn reads(&self) -> usize {
        self.server.count("/v1/secret/data/team/db")
    }
}

const BY_TOKEN: [(&str, &str); 1] = [("VAULT_TOKEN", TOKEN)];

#[test]
fn a_secret_is_fetched_once_while_all_goes_well() {
    let midway = Midway::new("compare");
    midway.run(&BY_TOKEN, || {}).expect_code(0);
    assert_eq!((midway.reads(), midway.answer().as_str()), (1, "same"));
}

#[test]
fn a_further_attempt_has_what_was_changed_meanwhile() {
    let midway = Midway::new("transient");
    std::fs::write(midway.scene.outside("plain"), "a-n3w-password-of-the-db").unwrap();
    let change = || midway.server.root.put("secret/team/db", json!({"password": "a-n3w-password-of-the-db"}));
    midway.run(&BY_TOKEN, change).expect_code(1);
    assert_eq!((midway.reads(), midway.answer().as_str()), (2, "same"));
    midway.scene.project.assert_nowhere(["a-n3w-password-of-the-db"]);
}

#[test]
fn a_token_that_ends_in_the_middle_fails_what_has_to_fetch_again() {
    let midway = Midway::new("transient");
    let said = midway.run(&BY_TOKEN, || midway.server.expire_tokens()).expect_code(1).stderr;
    for word in ["`it`", "vault://secret/team/db", "not valid", "VAULT_TOKEN"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    // What does not have to ask again goes on with what it has.
    let midway = Midway::new("compare");
    midway.run(&BY_TOKEN, || midway.server.expire_tokens()).expect_code(0);
    assert_eq!(midway.answer(), "same");
    // With another token the next run succeeds.
    midway.server.root.token("hvs.a-n3w-token", Grant::of(&["reader"]));
    midway.run(&[("VAULT_TOKEN", "hvs.a-n3w-token")], || {}).expect_code(0);
    midway.scene.project.assert_nowhere(["hvs.a-n3w-token"]);
}

#[test]
fn a_login_that_can_be_repeated_is_repeated() {
    let midway = Midway::new("transient");
    midway.server.root.app_role("etl-role", "s3cret-id-of-the-role", Grant::of(&["reader"]).ttl(3600));
    let login = [
        ("PYPE_VAULT_AUTH", "approle"),
        ("PYPE_VAULT_ROLE_ID", "etl-role"),
        ("PYPE_VAULT_SECRET_ID", "s3cret-id-of-the-role"),
    ];
    let said = midway.run(&login, || midway.server.expire_tokens()).expect_code(1).stderr;
    assert!(!said.contains("vault://"), "it failed by itself, and not for the vault: {said}");
    assert_eq!(midway.server.count("/v1/auth/approle/login"), 2);
    assert_eq!(midway.answer(), "same");
    midway.scene.project.assert_nowhere(["s3cret-id"]);
}

#[test]
fn a_server_that_goes_away_leaves_what_was_fetched() {
    for fault in [Fault::Sealed, Fault::Hang, Fault::Reset] {
        let midway = Midway::new("transient");
        let said = midway.run(&BY_TOKEN, || midway.server.fail("/v1/*", fault.clone())).expect_code(1).stderr;
        assert!(said.contains("the value fetched before is used"), "{fault:?}: {said}");
        assert_eq!(midway.answer(), "same", "{fault:?}");
    }
}

#[test]
fn a_secret_that_is_gone_fails_what_has_to_fetch_again() {
    let midway = Midway::new("transient");
    let change = || midway.server.root.put("secret/team/db", json!({"pass": CANARY}));
    let said = midway.run(&BY_TOKEN, change).expect_code(1).stderr;
    for word in ["`it`", "vault://secret/team/db#password", "no key `password`", "`pass`"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

/// Starts a run against a server that never answers, and stops it as soon as it asks.
fn stopped_while_it_waits(body: &str) -> (Output, Duration) {
    let scene = Scene::with_echo();
    scene.build("job", body);
    let server = server();
    server.fail("/v1/*", Fault::Hang);
    let address = server.address();
    let vault = [
        ("VAULT_ADDR", address.as_str()),
        ("VAULT_TOKEN", TOKEN),
        ("PYPE_VAULT_DEADLINE", "300"),
        ("VAULT_CLIENT_TIMEOUT", "300"),
    ];
    let mut command = scene.command(&vault, &["run", "jobs/job"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begun = Instant::now();
    while server.requests().is_empty() && child.try_wait().unwrap().is_none() && begun.elapsed() < BOUND {
        std::thread::sleep(Duration::from_millis(5));
    }
    let asked = Instant::now();
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    while child.try_wait().unwrap().is_none() {
        if asked.elapsed() > BOUND {
            child.kill().unwrap();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let took = asked.elapsed();
    let output = Output::of(child.wait_with_output().unwrap());
    scene.project.note(&output);
    assert_eq!(scene.project.leftovers(), [""; 0]);
    (output, took)
}

#[test]
fn a_run_that_waits_for_a_vault_can_be_stopped() {
    let at_begin = "modules: [{id: it, name: shell_solo, configs: {command: 'true', env: {A: \"{{ secret('secret/team/db', 'password') }}\"}}}]\n";
    let (_, took) = stopped_while_it_waits(at_begin);
    assert!(took < BOUND, "{took:?}");
    let midway = "settings: {grace: 1}\nmodules: [{id: it, name: secret_echo_solo, configs: {ask: 'vault://secret/team/db#password', how: compare}}]\n";
    let (output, took) = stopped_while_it_waits(midway);
    assert!(took < BOUND, "{took:?}");
    assert_eq!(output.code, 143, "{output:?}");
}
