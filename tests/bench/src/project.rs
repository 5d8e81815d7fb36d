//! The pype side: where the binary is, the flows as a user would write them, and their built jobs.

use crate::Result;
use crate::process::output;
use std::env::consts::{DLL_PREFIX, DLL_SUFFIX, EXE_SUFFIX};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Two nodes that do nothing: what is left is the cost of a run itself.
pub const STARTUP_FLOW: &str = r#"flow:
  name: startup
  version: 1.0.0
  authors: [bench]
  created: "2026-01-01"
modules:
  - id: a
    name: noop_solo
  - id: b
    name: noop_solo
connections:
  control:
    - "a (1|) b"
"#;

/// The pype binary: `PYPE_BIN`, else the one beside this program.
pub fn binary() -> Result<PathBuf> {
    let named = std::env::var_os("PYPE_BIN").filter(|value| !value.is_empty()).map(PathBuf::from);
    let path = match named {
        Some(path) => std::path::absolute(path)?,
        None => std::env::current_exe()?.with_file_name(format!("pype{EXE_SUFFIX}")),
    };
    if path.is_file() {
        Ok(path)
    } else {
        Err(format!("{} is not there: build it, or set PYPE_BIN", path.display()).into())
    }
}

/// A command of the binary. A project that the caller works in must not become the benchmark's.
pub fn command(pype: &Path) -> Command {
    let mut command = Command::new(pype);
    command.env_remove("PYPE_PROJECT");
    // What pype does by itself, so that the hand-written program's allocator does so too.
    command.env("MIMALLOC_PURGE_DELAY", "10000");
    command
}

/// The binary's version as it gives it.
pub fn version(pype: &Path) -> Result<String> {
    output(command(pype).arg("--version"))
}

/// Writes a project with one flow and builds it; the job's folder.
pub fn build(pype: &Path, folder: &Path, flow_name: &str, flow: &str) -> Result<PathBuf> {
    std::fs::create_dir_all(folder)?;
    std::fs::write(folder.join("pype.toml"), "")?;
    std::fs::write(folder.join("flow.yaml"), flow)?;
    output(command(pype).arg("build").arg(folder.join("flow.yaml")).current_dir(folder))?;
    Ok(folder.join("jobs").join(flow_name))
}

/// Plugin libraries beside the binary with their bytes, by name.
pub fn libraries() -> Result<Vec<(String, u64)>> {
    let pype = binary()?;
    let prefix = format!("{DLL_PREFIX}pype_");
    let mut found = Vec::new();
    let beside = pype.parent().unwrap_or(Path::new("."));
    let modules = beside.join("modules");
    for entry in std::fs::read_dir(if modules.is_dir() { &modules } else { beside })? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.starts_with(&prefix) && name.ends_with(DLL_SUFFIX) {
            found.push((name, entry.metadata()?.len()));
        }
    }
    found.sort();
    Ok(found)
}
