//! The tables of TPC-H in Parquet, by `tpchgen-cli`, a generator that pip installs.

use crate::Result;
use crate::process::output;
use crate::venv;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Names of the tables, which are those of the files.
pub const TABLES: [&str; 8] = ["lineitem", "orders", "part", "partsupp", "customer", "supplier", "nation", "region"];

/// The folder of the tables, made where it is not there. A folder that is there is whole: it took its name at its end.
pub fn prepare(work: &Path, scale: f64) -> Result<PathBuf> {
    let folder = work.join(format!("tpch-{scale}"));
    if folder.is_dir() {
        return Ok(folder);
    }
    eprintln!("writing {}", folder.display());
    let part = work.join(format!("tpch-{scale}.part"));
    if part.is_dir() {
        std::fs::remove_dir_all(&part)?;
    }
    std::fs::create_dir_all(&part)?;
    let program = venv::program(work, "tpchgen-cli")?;
    output(Command::new(program).args(["parquet", "--scale-factor", &scale.to_string(), "--output-dir"]).arg(&part))?;
    std::fs::rename(&part, &folder)?;
    Ok(folder)
}
