//! Processes outside the timing: their output, and what went wrong with them in few words.

use crate::Result;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs a command to its end; what it wrote to stdout, or the end of what it wrote to stderr as an error.
pub fn output(command: &mut Command) -> Result<String> {
    let name = name(command);
    let output = command.stdin(Stdio::null()).output().map_err(|error| format!("cannot start {name}: {error}"))?;
    if !output.status.success() {
        let words = tail(&String::from_utf8_lossy(&output.stderr));
        return Err(format!("{name}: {}: {words}", output.status).into());
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The file name of a command's program.
pub fn name(command: &Command) -> String {
    let program = Path::new(command.get_program());
    program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned()
}

/// The last lines of a log: programs say last why they end.
pub fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let last = lines.get(lines.len().saturating_sub(4)..).unwrap_or_default();
    last.join(" / ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_the_last_lines() {
        assert_eq!(tail("a\n\nb\n c\nd\ne\n"), "b / c / d / e");
        assert_eq!(tail("\n"), "");
    }
}
