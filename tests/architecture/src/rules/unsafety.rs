//! `unsafe` is for the plugin boundary and for little else, and each use says why it is sound.

use crate::tokens::{Token, text, tokens};
use crate::tree::File;

/// The only modules and folders that may have it.
const PLACES: [&str; 9] = [
    "sdk/abi/src",
    "sdk/src/boundary",
    "engine/src/plugins",
    "engine/polars/src/arrow_bridge",
    "engine/polars/src/bounded/mapped",
    "engine/polars/src/threads",
    "cli/src/allocator",
    "cli/src/cpu",
    "tests/plugins",
];

/// How many lines above an `unsafe` its reason may stand.
const REACH: usize = 3;

/// Places with `unsafe` that may not have it, or that do not say why it is sound.
pub fn violations(files: &[File]) -> Vec<String> {
    let mut found = Vec::new();
    for file in files {
        let may = PLACES.iter().any(|place| file.is_within(place));
        let tokens = tokens(&file.text);
        for (at, token) in tokens.iter().enumerate().filter(|(at, _)| is_use(&tokens, *at)) {
            if !may {
                found.push(format!("{}:{} has no place for `unsafe`", file.path, token.line));
            } else if needs_reason(&tokens, at) && !has_reason(&file.text, token.line) {
                found.push(format!("{}:{} has no `// SAFETY:` comment", file.path, token.line));
            }
        }
    }
    found
}

/// The keyword; not in attributes as `#[unsafe(no_mangle)]`.
fn is_use(tokens: &[Token], at: usize) -> bool {
    text(tokens, at) == "unsafe" && text(tokens, at + 1) != "("
}

/// All but the types of functions: `unsafe extern "C" fn(…)` promises nothing.
fn needs_reason(tokens: &[Token], at: usize) -> bool {
    let next = if text(tokens, at + 1) == "extern" { at + 2 } else { at + 1 };
    text(tokens, next) != "fn" || text(tokens, next + 1) != "("
}

fn has_reason(text: &str, line: usize) -> bool {
    let first = line.saturating_sub(REACH + 1);
    text.lines().take(line).skip(first).any(|line| line.contains("// SAFETY:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(path: &str, text: &str) -> Vec<String> {
        violations(&[File::new(path, text)])
    }

    #[test]
    fn unsafe_outside_its_places_is_found() {
        let text = "// SAFETY: none\nunsafe { a() }";
        assert_eq!(of("engine/src/run.rs", text), ["engine/src/run.rs:2 has no place for `unsafe`"]);
        assert_eq!(of("engine/src/plugins/load.rs", text), [""; 0]);
        assert_eq!(of("cli/src/main.rs", "// unsafe\n#![deny(unsafe_code)]\nlet a = \"unsafe\";"), [""; 0]);
    }

    #[test]
    fn unsafe_without_a_reason_is_found() {
        let place = "sdk/abi/src/lib.rs";
        for text in ["unsafe { a() }", "unsafe impl Send for A {}", "unsafe extern \"C\" fn a() {}"] {
            assert_eq!(of(place, text), ["sdk/abi/src/lib.rs:1 has no `// SAFETY:` comment"]);
        }
        assert_eq!(of(place, "// SAFETY: too far\n\n\n\nunsafe { a() }").len(), 1);
        assert_eq!(of(place, "// SAFETY: near\n\n\nunsafe { a() }"), [""; 0]);
        assert_eq!(of(place, "#[unsafe(no_mangle)] type A = unsafe extern \"C\" fn(u8);"), [""; 0]);
    }
}
