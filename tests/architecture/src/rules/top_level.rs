//! The top level of the repository is the table of contents: it holds these names and no others.

const NAMES: [&str; 10] =
    ["Cargo.toml", "README.md", "cli", "docs", "engine", "jobs", "modules", "schema", "sdk", "tests"];
/// What tools want at the top level, and the folder that git ignores.
const ALLOWED: [&str; 3] = ["Cargo.lock", "rust-toolchain.toml", "target"];

/// Names that are missing or do not belong there.
pub fn violations(found: &[String]) -> Vec<String> {
    let is_allowed = |name: &str| {
        NAMES.contains(&name) || ALLOWED.contains(&name) || name.starts_with('.') || name.starts_with("LICENSE-")
    };
    let missing = NAMES.iter().filter(|name| !found.iter().any(|found| found == *name));
    let strange = found.iter().filter(|name| !is_allowed(name));
    missing
        .map(|name| format!("{name} is missing"))
        .chain(strange.map(|name| format!("{name} does not belong at the top level")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strangers_and_gaps_are_found() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let mut found = names(&NAMES);
        found.extend(names(&[".gitignore", "LICENSE-MIT", "Cargo.lock", "target"]));
        assert!(violations(&found).is_empty());
        found.push("notes.txt".into());
        found.retain(|name| name != "docs");
        assert_eq!(violations(&found), ["docs is missing", "notes.txt does not belong at the top level"]);
    }
}
