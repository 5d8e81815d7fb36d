//! One program after another: each is shown before it runs, and the first that fails ends the command.

use crate::places::Places;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

/// Why a command came to no good end.
#[derive(Debug)]
pub struct Failed {
    /// What to tell the person.
    pub message: String,
    /// The exit code of this program.
    pub code: u8,
}

impl Failed {
    /// A failure of this program's own.
    pub fn new(message: String) -> Self {
        Self { message, code: 1 }
    }
}

/// A program with its arguments, not yet started.
pub struct Step {
    command: Command,
    /// As a person would type it.
    shown: String,
}

impl Step {
    /// A program, run in the repository's root; `name` is what to show of it.
    pub fn new(places: &Places, program: &Path, name: &str) -> Self {
        let mut command = Command::new(program);
        command.current_dir(&places.root);
        Self { command, shown: name.to_owned() }
    }

    /// A cargo command; `words` are its arguments with spaces between them.
    pub fn cargo(places: &Places, words: &str) -> Self {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut step = Self::new(places, Path::new(&cargo), "cargo");
        // What `cargo run` told this program about itself would reach build scripts and make them run again: the same
        // command, typed by hand, would then build Polars anew.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_about_this_program(name)) {
            step.command.env_remove(name);
        }
        step.command.env("CARGO_TARGET_DIR", &places.target);
        words.split_whitespace().fold(step, Step::arg)
    }

    /// Adds an argument.
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.shown.push_str(&format!(" {}", quoted(argument.as_ref())));
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    pub fn args(self, arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        arguments.into_iter().fold(self, Step::arg)
    }

    /// Sets a variable.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.shown = format!("{name}={} {}", quoted(value.as_ref()), self.shown);
        self.command.env(name, value);
        self
    }

    /// Keeps a variable of the person's own from the program.
    pub fn without_env(mut self, name: &str) -> Self {
        self.command.env_remove(name);
        self
    }

    /// Shows the program and runs it to its end; it writes to the same terminal.
    pub fn run(mut self) -> Result<(), Failed> {
        eprintln!("$ {}", self.shown);
        let status = self
            .command
            .status()
            .map_err(|error| Failed::new(format!("this command cannot be started: {}\n{error}", self.shown)))?;
        if status.success() {
            return Ok(());
        }
        // A program that a signal ended has no code.
        let code = status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
        Err(Failed { message: format!("this command failed ({status}): {}", self.shown), code })
    }
}

fn is_about_this_program(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        // From .cargo/config.toml, from which the cargo to be started reads it itself.
        || name == "RUSTC_BOOTSTRAP"
}

/// A word as a shell takes it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let is_plain = |char: char| char.is_alphanumeric() || "-_./=:,+@".contains(char);
    if !word.is_empty() && word.chars().all(is_plain) { word.into_owned() } else { format!("'{word}'") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn places() -> Places {
        let root = std::env::temp_dir();
        Places { target: root.join("target"), root }
    }

    #[test]
    fn a_step_is_shown_as_it_would_be_typed() {
        let step = Step::cargo(&places(), "build --release").arg("two words").env("A", "b");
        assert_eq!(step.shown, "A=b cargo build --release 'two words'");
    }

    #[test]
    fn a_failing_program_ends_with_its_code() {
        let failed = Step::new(&places(), Path::new("sh"), "sh").args(["-c", "exit 7"]).run().unwrap_err();
        assert_eq!(failed.code, 7);
        assert!(failed.message.contains("sh -c 'exit 7'"));
        let failed = Step::new(&places(), Path::new("no-such-program"), "gone").run().unwrap_err();
        assert_eq!(failed.code, 1);
    }
}
