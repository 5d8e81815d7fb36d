//! The Python environments of the contenders that are Python packages, made once in the work folder: one for the newest of each, and one for
//! each package whose version is given (`name==version`).

use crate::Result;
use crate::process::output;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment's Python, and the version of this package in it, which is installed where it is missing.
pub fn package(work: &Path, name: &str) -> Result<(PathBuf, String)> {
    let (import, pinned) = name.split_once("==").map_or((name, None), |(import, version)| (import, Some(version)));
    let folder = work.join(pinned.map_or_else(|| "venv".to_owned(), |version| format!("venv-{import}-{version}")));
    let python = python(&folder)?;
    if let Ok(version) = version(&python, import) {
        return Ok((python, version));
    }
    install(&folder, &python, name)?;
    let version = version(&python, import)?;
    Ok((python, version))
}

/// A program of the environment, from the package of its name.
pub fn program(work: &Path, name: &str) -> Result<PathBuf> {
    let folder = work.join("venv");
    let python = python(&folder)?;
    let program = python.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        install(&folder, &python, name)?;
    }
    Ok(program)
}

fn install(folder: &Path, python: &Path, name: &str) -> Result<()> {
    eprintln!("installing {name} into {}", folder.display());
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"];
    output(Command::new(python).args(pip).arg(name))?;
    Ok(())
}

fn python(folder: &Path) -> Result<PathBuf> {
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // An environment whose making broke off has a Python but no pip: it is made anew.
    if output(Command::new(&python).args(["-m", "pip", "--version"])).is_err() {
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(folder))?;
    }
    Ok(python)
}

fn version(python: &Path, name: &str) -> Result<String> {
    output(Command::new(python).args(["-c", &format!("import {name}; print({name}.__version__)")]))
}
