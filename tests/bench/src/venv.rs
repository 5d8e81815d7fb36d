//! The Python environment of the contenders that are Python packages, made once in the work folder.

use crate::Result;
use crate::process::output;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The environment's Python, and the version of this package in it, which is installed where it is missing.
pub fn package(work: &Path, name: &str) -> Result<(PathBuf, String)> {
    let python = python(work)?;
    if let Ok(version) = version(&python, name) {
        return Ok((python, version));
    }
    install(work, &python, name)?;
    let version = version(&python, name)?;
    Ok((python, version))
}

/// A program of the environment, from the package of its name.
pub fn program(work: &Path, name: &str) -> Result<PathBuf> {
    let python = python(work)?;
    let program = python.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    if !program.is_file() {
        install(work, &python, name)?;
    }
    Ok(program)
}

fn install(work: &Path, python: &Path, name: &str) -> Result<()> {
    eprintln!("installing {name} into {}", work.join("venv").display());
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "1"];
    output(Command::new(python).args(pip).arg(name))?;
    Ok(())
}

fn python(work: &Path) -> Result<PathBuf> {
    let folder = work.join("venv");
    let python = folder.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    // An environment whose making broke off has a Python but no pip: it is made anew.
    if output(Command::new(&python).args(["-m", "pip", "--version"])).is_err() {
        output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&folder))?;
    }
    Ok(python)
}

fn version(python: &Path, name: &str) -> Result<String> {
    output(Command::new(python).args(["-c", &format!("import {name}; print({name}.__version__)")]))
}
