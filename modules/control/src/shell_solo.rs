//! `shell_solo`: a command of the operating system as a step.

use crate::command::{Command, End, Outcome, Pipe};
use pypeline_sdk::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// What to run, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ShellConfig {
    /// A line for `sh -c`, in which `${…}` is the shell's, or a list of a program and its arguments, which no shell sees
    #[schemars(extend("format" = "shell-command"))]
    command: CommandLine,
    /// Folder to run it in; relative to the project, which is also the default
    #[serde(default = "project")]
    cwd: String,
    /// Environment variables beside those of pype
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Seconds after which it is stopped, and the step fails
    #[serde(default)]
    #[schemars(range(min = 0.0))]
    timeout: Option<f64>,
    /// Exit codes that mean success; a signal's is 128 and its number
    #[serde(default = "zero")]
    ok_codes: Vec<i32>,
    /// Log what it writes, line by line: the output at INFO, the error output at WARN
    #[serde(default = "yes")]
    log_output: bool,
    /// Bytes of each output that globals `stdout` and `stderr` keep, from its end
    #[serde(default = "kilobytes_64")]
    max_output: usize,
}

/// A text or a list.
#[derive(Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum CommandLine {
    /// For the shell
    Line(String),
    /// For the system
    List(Vec<String>),
}

fn project() -> String {
    ".".to_owned()
}

fn zero() -> Vec<i32> {
    vec![0]
}

fn yes() -> bool {
    true
}

fn kilobytes_64() -> usize {
    65_536
}

pub struct Shell {
    config: ShellConfig,
    program: String,
    arguments: Vec<String>,
    timeout: Option<Duration>,
}

impl Module for Shell {
    type Config = ShellConfig;
    const MANIFEST: Manifest = Manifest::solo("shell_solo")
        .category("Control")
        .description("Runs a command and waits for its end")
        .globals(&["exit_code", "stdout", "stderr"])
        .effect(Effect::AtLeastOnce);

    fn create(config: ShellConfig) -> Result<Self> {
        let wrong = |key: &str, what: &str| Error::config(what).with("key", key);
        let mut words = match &config.command {
            CommandLine::Line(line) if line.trim().is_empty() => Vec::new(),
            CommandLine::Line(line) => vec!["sh".to_owned(), "-c".to_owned(), line.clone()],
            CommandLine::List(words) => words.clone(),
        }
        .into_iter();
        let program = words.next().filter(|program| !program.is_empty());
        let program = program.ok_or_else(|| wrong("command", "`command` names no program"))?;
        // Checked here, where the message can leave out the value.
        if let Some((name, _)) = config
            .env
            .iter()
            .find(|(name, value)| name.is_empty() || name.contains(['=', '\0']) || value.contains('\0'))
        {
            return Err(wrong("env", &format!("`{}` cannot be an environment variable", name.escape_default())));
        }
        if config.ok_codes.is_empty() {
            return Err(wrong("ok_codes", "`ok_codes` is empty: the command could not succeed"));
        }
        let timeout = config.timeout.map(Duration::try_from_secs_f64).transpose();
        let timeout = timeout.map_err(|_| wrong("timeout", "`timeout` must be 0 or more"))?;
        Ok(Self { program, arguments: words.collect(), timeout, config })
    }

    async fn run(&mut self, io: &mut Io) -> Result<()> {
        let command = Command {
            program: self.program.clone(),
            arguments: self.arguments.clone(),
            cwd: io.context.path(&self.config.cwd),
            env: self.config.env.clone(),
            timeout: self.timeout,
            max_output: self.config.max_output,
        };
        // Lives as long as this future: a host that drops it must not leave the command behind.
        let waiting = Arc::new(());
        let (waits, context, log) = (Arc::downgrade(&waiting), io.context.clone(), self.config.log_output);
        let work = move || {
            let must_stop = || context.is_cancelled() || waits.strong_count() == 0;
            command.run(&must_stop, &mut |pipe, line| match pipe {
                _ if !log => {}
                Pipe::Stdout => context.info(line),
                Pipe::Stderr => context.warn(line),
            })
        };
        let outcome = io.context.run_blocking(work).await?;
        drop(waiting);
        io.context.set_global("exit_code", &outcome.exit_code)?;
        io.context.set_global("stdout", &outcome.stdout.text())?;
        io.context.set_global("stderr", &outcome.stderr.text())?;
        self.judge(&outcome)
    }
}

impl Shell {
    fn judge(&self, outcome: &Outcome) -> Result<()> {
        let error = match outcome.end {
            End::Stopped => return Err(Error::cancelled()),
            End::TimedOut => {
                let seconds = self.timeout.unwrap_or_default().as_secs_f64();
                Error::other(format!("`{}` took longer than its timeout of {seconds} s", self.program))
            }
            End::ByItself if self.config.ok_codes.contains(&outcome.exit_code) => return Ok(()),
            End::ByItself => Error::other(format!("the command ended with exit code {}", outcome.exit_code)),
        };
        Err(match outcome.stderr.last_line() {
            "" => error,
            line => error.with("stderr", line),
        })
    }
}

#[cfg(test)]
mod tests;
