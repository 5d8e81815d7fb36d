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

/// The flow of the comparison.
pub fn bench_flow(input: &Path, output: &Path) -> Result<String> {
    let (input, output) = (quoted(input)?, quoted(output)?);
    Ok(format!(
        r#"flow:
  name: bench
  version: 1.0.0
  authors: [bench]
  created: "2026-01-01"
modules:
  - id: read
    name: csv_source
    configs:
      required:
        file_path: {input}
  - id: keep
    name: filter_mod
    configs:
      required:
        condition: "age > 18"
  - id: write
    name: parquet_sink
    configs:
      required:
        output_path: {output}
connections:
  data:
    - "read.data - keep.input"
    - "keep.output - write.input"
"#
    ))
}

/// A path as a YAML text; a JSON text is one.
fn quoted(path: &Path) -> Result<String> {
    let text = path.to_str().ok_or_else(|| format!("{} is not UTF-8", path.display()))?;
    Ok(serde_json::to_string(text)?)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_cannot_break_the_yaml() {
        let flow = bench_flow(Path::new("/a \"b\"/in.csv"), Path::new("/c: d/out.parquet")).unwrap();
        assert!(flow.contains(r#"file_path: "/a \"b\"/in.csv""#), "{flow}");
        assert!(flow.contains(r#"output_path: "/c: d/out.parquet""#), "{flow}");
    }
}
