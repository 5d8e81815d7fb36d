//! Cargo.toml files, read as far as the rules need: which crates a crate depends on, and with which features.

use crate::tree::File;

/// A crate's Cargo.toml.
#[derive(Debug)]
pub struct Manifest {
    /// The crate's folder from the root.
    pub folder: String,
    /// What it depends on, also for its tests and its build.
    pub dependencies: Vec<Dependency>,
}

/// One dependency.
#[derive(Debug)]
pub struct Dependency {
    /// The package, also where the crate gives it another name.
    pub package: String,
    /// What is written about it: version, features.
    pub words: String,
}

impl Dependency {
    /// A feature is asked for by name.
    pub fn has_feature(&self, feature: &str) -> bool {
        self.words.contains(&format!("\"{feature}\""))
    }
}

impl Manifest {
    /// Reads a Cargo.toml.
    pub fn read(file: &File) -> Self {
        let mut dependencies: Vec<Dependency> = Vec::new();
        let mut section = Section::Other;
        let mut open_brackets = 0_usize;
        for line in file.text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            if open_brackets == 0 && line.starts_with('[') {
                section = Section::of(line.trim_matches(['[', ']']));
                if let Section::One(name) = &section {
                    dependencies.push(Dependency { package: name.clone(), words: String::new() });
                }
                continue;
            }
            let starts_entry = open_brackets == 0 && section == Section::All;
            if let (true, Some((key, words))) = (starts_entry, line.split_once('=')) {
                let name = key.split('.').next().unwrap_or(key).trim().trim_matches('"');
                dependencies.push(Dependency { package: name.to_owned(), words: words.to_owned() });
            } else if let (true, Some(last)) = (section != Section::Other, dependencies.last_mut()) {
                last.words.push_str(line);
            }
            let (opened, closed) = (line.matches(['[', '{']).count(), line.matches([']', '}']).count());
            open_brackets = (open_brackets + opened).saturating_sub(closed);
        }
        for dependency in &mut dependencies {
            if let Some(package) = renamed(&dependency.words) {
                dependency.package = package;
            }
        }
        let folder = file.path.trim_end_matches("Cargo.toml").trim_end_matches('/').to_owned();
        Self { folder, dependencies }
    }
}

#[derive(PartialEq, Eq)]
enum Section {
    /// `[dependencies]`, one dependency a line.
    All,
    /// `[dependencies.name]`.
    One(String),
    /// No dependencies.
    Other,
}

impl Section {
    fn of(header: &str) -> Self {
        match header.rsplit_once("dependencies") {
            Some((before, _)) if before.starts_with("workspace") => Self::Other,
            Some((_, "")) => Self::All,
            Some((_, name)) => Self::One(name.trim_matches(['.', '"']).to_owned()),
            None => Self::Other,
        }
    }
}

/// The real name in `{ package = "name", … }`.
fn renamed(words: &str) -> Option<String> {
    let (_, after) = words.split_once("package")?;
    let name = after.trim_start().strip_prefix('=')?.trim_start().strip_prefix('"')?;
    name.split('"').next().map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_found_in_every_shape() {
        let text = r#"
            [package]
            name = "x"
            [features]
            fast = ["dep:y"]
            [dependencies]
            a.workspace = true
            b = { version = "1", features = [
                "one",
                "two",
            ] }
            c = { package = "real" }
            [target.'cfg(unix)'.dependencies]
            d = "1"
            [dev-dependencies.e]
            features = ["three"]
        "#;
        let manifest = Manifest::read(&File::new("some/crate/Cargo.toml", text));
        let names: Vec<_> = manifest.dependencies.iter().map(|dependency| dependency.package.as_str()).collect();
        assert_eq!(names, ["a", "b", "real", "d", "e"]);
        assert!(manifest.dependencies[1].has_feature("two") && manifest.dependencies[4].has_feature("three"));
        assert_eq!(manifest.folder, "some/crate");
    }
}
