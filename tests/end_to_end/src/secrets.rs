//! Secrets: each way in really leads to a module, and no way leads out: not into files, output, logs, errors, or what other
//! processes can see.

mod children;
mod commands;
mod derived;
mod engine;
mod odd;
mod stopping;
mod vault;
mod vault_midway;
mod ways_in;
mod ways_out;

use crate::support::canary::CANARY;
use crate::support::run::flow;
use crate::support::{Output, Project};
use serde_json::Value;
use std::path::PathBuf;
use tempfile::TempDir;

/// The variable of the environment that holds the secret here. It does not begin as those that pype always takes for secrets.
pub const VARIABLE: &str = "DB_PASSWORD";

/// A context with the secret under the name `password`.
pub const CONTEXT: &str = "context: {password: {secret: true, default: \"env://DB_PASSWORD\"}}\n";

/// A command that succeeds if `$GIVEN` is the secret.
pub const PROOF: &str = r#"command: 'test "$GIVEN" = "$(cat "$PLAIN_FILE")"', env: {GIVEN: "{{ context.password }}"}"#;

/// A project, and a folder beside it that is not searched at the end: for files which hold a secret because they have to.
pub struct Scene {
    pub project: Project,
    outside: TempDir,
}

impl Scene {
    pub fn new() -> Self {
        Self::of(Project::new())
    }

    /// One with the modules that say what they are given.
    pub fn with_echo() -> Self {
        Self::of(Project::with_foreign_plugins())
    }

    fn of(project: Project) -> Self {
        let scene = Self { project, outside: tempfile::tempdir().unwrap() };
        std::fs::write(scene.outside("plain"), CANARY).unwrap();
        std::fs::write(scene.outside("plain.user"), "etl-user").unwrap();
        scene
    }

    /// A path outside the project.
    pub fn outside(&self, name: &str) -> PathBuf {
        self.outside.path().join(name)
    }

    /// The command with the secret in its environment, where nothing but a flow can know that it is one.
    pub fn command(&self, environment: &[(&str, &str)], args: &[&str]) -> std::process::Command {
        let mut command = self.project.command(args);
        command.env_remove("PYPE_SECRET_CANARY").env_remove("VAULT_TOKEN");
        command.env(VARIABLE, CANARY).env("PLAIN_FILE", self.outside("plain")).envs(environment.iter().copied());
        command
    }

    /// Runs pype so.
    pub fn pype_with(&self, environment: &[(&str, &str)], args: &[&str]) -> Output {
        let output = Output::of(self.command(environment, args).output().unwrap());
        self.project.note(&output);
        output
    }

    pub fn pype(&self, args: &[&str]) -> Output {
        self.pype_with(&[], args)
    }

    /// Builds a flow, without errors.
    #[track_caller]
    pub fn build(&self, name: &str, body: &str) {
        self.project.write(&format!("{name}.yaml"), flow(name, body));
        self.pype(&["build", &format!("{name}.yaml")]).expect_code(0);
    }

    /// Runs a job in every way in which it says something: for people, for machines, and as events. They all end alike.
    #[track_caller]
    pub fn run_loudly(&self, environment: &[(&str, &str)], name: &str, code: i32) -> Value {
        let job = format!("jobs/{name}");
        for more in [&["-vv", "--log-format", "pretty"][..], &["-v", "--events", "-"], &["--quiet"], &[]] {
            self.pype_with(environment, &[&["run", &job], more].concat()).expect_code(code);
        }
        let json = ["run", &job, "-vv", "--output", "json", "--log-format", "json", "--events", "events.jsonl"];
        let result = self.pype_with(environment, &json).expect_code(code).json();
        assert_eq!(self.project.leftovers(), [""; 0]);
        result
    }

    /// Builds a flow and runs it loudly.
    #[track_caller]
    pub fn runs(&self, environment: &[(&str, &str)], body: &str, code: i32) -> Value {
        self.build("job", body);
        self.run_loudly(environment, "job", code)
    }
}

/// A flow of one step that proves to have got the secret.
pub fn proof(context: &str) -> String {
    format!("modules:\n  - {{id: it, name: shell_solo, configs: {{{PROOF}}}}}\n{context}")
}
