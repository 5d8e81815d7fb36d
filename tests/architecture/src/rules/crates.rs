//! Crates depend in one direction, `cli → engine → schema` and `modules → sdk → abi, schema`, and heavy libraries have
//! one owner each.

use crate::manifest::{Dependency, Manifest};

/// For each folder, the crates of this project that its crate may depend on. Tests may depend on all.
const ALLOWED: [(&str, &[&str]); 10] = [
    ("schema", &[]),
    ("sdk/abi", &[]),
    ("sdk", &["pypeline-abi", "pypeline-schema"]),
    ("engine", &["pypeline-abi", "pypeline-disk", "pypeline-schema"]),
    ("engine/disk", &[]),
    ("engine/polars", &["pypeline-disk", "pypeline-engine", "pypeline-schema"]),
    ("engine/vault", &["pypeline-engine", "pypeline-schema"]),
    ("engine/history", &["pypeline-disk", "pypeline-engine", "pypeline-schema"]),
    ("engine/telemetry", &["pypeline-engine", "pypeline-schema"]),
    ("cli", IN_CLI),
];
const IN_CLI: &[&str] = &[
    "pypeline-disk",
    "pypeline-engine",
    "pypeline-history",
    "pypeline-polars",
    "pypeline-schema",
    "pypeline-telemetry",
    "pypeline-vault",
];
const ALLOWED_IN_MODULES: &[&str] = &["pypeline-sdk"];

/// Libraries by the beginning of their names, and the only folders whose crates may depend on them.
const OWNED: [(&str, &[&str]); 8] = [
    ("polars", &["engine/polars", "tests/bench"]),
    ("abi_stable", &["sdk/abi"]),
    ("async-ffi", &["sdk/abi"]),
    ("libloading", &["engine"]),
    ("vaultrs", &["engine/vault"]),
    ("rusqlite", &["engine/history"]),
    ("postgres", &["engine/history"]),
    ("opentelemetry", &["engine/telemetry"]),
];

/// Modules that lower to SQL, and what they therefore do without.
const LIGHT_MODULES: [&str; 3] = ["modules/control", "modules/files", "modules/relational"];
const HEAVY: [&str; 2] = ["arrow", "tokio"];

/// Dependencies that the rules forbid, and crates that no rule knows.
pub fn violations(manifests: &[Manifest]) -> Vec<String> {
    let known = ALLOWED.iter().map(|(folder, _)| *folder).chain(LIGHT_MODULES);
    let missing = known.filter(|folder| !manifests.iter().any(|manifest| manifest.folder == *folder));
    let mut found: Vec<String> = missing.map(|folder| format!("{folder} has no Cargo.toml")).collect();
    for manifest in manifests {
        let folder = manifest.folder.as_str();
        if !folder.starts_with("tests/") && allowed(folder).is_none() {
            found.push(format!("{folder} has no rule: say in tests/architecture what it may depend on"));
        }
        let forbidden = manifest.dependencies.iter().filter(|dependency| !may_depend(folder, dependency));
        found.extend(forbidden.map(|dependency| format!("{folder} must not depend on {}", dependency.package)));
        if LIGHT_MODULES.contains(&folder) {
            found.extend(heavy(manifest));
        }
    }
    found
}

fn allowed(folder: &str) -> Option<&'static [&'static str]> {
    if folder.starts_with("modules/") {
        return Some(ALLOWED_IN_MODULES);
    }
    ALLOWED.iter().find(|(name, _)| *name == folder).map(|(_, allowed)| *allowed)
}

fn may_depend(folder: &str, dependency: &Dependency) -> bool {
    let package = dependency.package.as_str();
    // `pypeline-…` are the libraries, `pype` and `pype-…` the binary and the plugins.
    if package.starts_with("pype") {
        return allowed(folder).is_none_or(|allowed| allowed.contains(&package));
    }
    let owned = OWNED.iter().find(|(library, _)| package.replace('_', "-").starts_with(&library.replace('_', "-")));
    owned.is_none_or(|(_, owners)| owners.contains(&folder))
}

/// Arrow and tokio come in directly, or by a feature of the SDK.
fn heavy(manifest: &Manifest) -> Vec<String> {
    let mut found = Vec::new();
    for dependency in &manifest.dependencies {
        for library in HEAVY {
            if dependency.package.starts_with(library) || dependency.has_feature(library) {
                found.push(format!("{} must do without {library} ({})", manifest.folder, dependency.package));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    fn of(folder: &str, dependencies: &str) -> Vec<String> {
        let text = format!("[dependencies]\n{dependencies}\n");
        let mut found = violations(&[Manifest::read(&File::new(&format!("{folder}/Cargo.toml"), &text))]);
        found.retain(|text| !text.ends_with("has no Cargo.toml"));
        found
    }

    #[test]
    fn edges_against_the_direction_are_found() {
        assert_eq!(of("schema", "pypeline-engine.workspace = true"), ["schema must not depend on pypeline-engine"]);
        assert_eq!(of("modules/rows", "pypeline-abi.workspace = true").len(), 1);
        assert_eq!(of("modules/rows", "pypeline-sdk.workspace = true"), [""; 0]);
        assert_eq!(of("tests/end_to_end", "pypeline-engine.workspace = true"), [""; 0]);
        assert_eq!(of("extra", "serde = \"1\"").len(), 1);
    }

    #[test]
    fn libraries_have_owners() {
        assert_eq!(of("engine", "polars-arrow = \"1\""), ["engine must not depend on polars-arrow"]);
        assert_eq!(of("engine", "p = { package = \"polars\" }").len(), 1);
        assert_eq!(of("tests/bench", "polars.workspace = true"), [""; 0]);
        assert_eq!(of("sdk", "abi_stable.workspace = true").len(), 1);
    }

    #[test]
    fn light_modules_stay_light() {
        assert_eq!(of("modules/files", "arrow-array = \"1\"").len(), 1);
        assert_eq!(of("modules/files", "pypeline-sdk = { workspace = true, features = [\"tokio\"] }").len(), 1);
        assert_eq!(of("modules/rows", "arrow-array = \"1\""), [""; 0]);
    }

    #[test]
    fn a_crate_that_vanished_is_found() {
        assert!(violations(&[]).contains(&"schema has no Cargo.toml".to_owned()));
    }
}
