//! Libraries whose names must not spread: what crosses the plugin boundary is known to the boundary alone.

use crate::tokens::tokens;
use crate::tree::File;

/// Words of code, and the only modules and folders that may have them.
const OWNED: [(&str, &[&str]); 3] = [
    ("abi_stable", &["sdk/abi", "sdk/src/boundary", "engine/src/plugins"]),
    ("async_ffi", &["sdk/abi", "sdk/src/boundary", "engine/src/plugins"]),
    ("libloading", &["engine/src/plugins"]),
];

/// Places that name what is not theirs to name.
pub fn violations(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let strange: Vec<&str> = OWNED
            .iter()
            .filter(|(_, owners)| !owners.iter().any(|owner| file.is_within(owner)))
            .map(|(word, _)| *word)
            .collect();
        for token in tokens(&file.text).iter().filter(|token| strange.contains(&token.text.as_str())) {
            found.push(format!("{}:{} names {}", file.path, token.line, token.text));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_outside_its_owner_is_found() {
        let of = |path, text| violations(&[File::new(path, text)]);
        assert_eq!(of("engine/src/run.rs", "\nuse abi_stable::RStr;"), ["engine/src/run.rs:2 names abi_stable"]);
        assert_eq!(of("sdk/src/boundary/entry.rs", "use libloading::Library;").len(), 1);
        assert_eq!(of("engine/src/plugins/load.rs", "use libloading::Library;"), [""; 0]);
        assert_eq!(of("cli/src/main.rs", "// abi_stable\nlet a = \"async_ffi\";"), [""; 0]);
    }
}
