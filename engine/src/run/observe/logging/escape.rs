//! Text that cannot do more than be read: no control characters, no line ends of its own, nothing that turns the direction of
//! writing. Each of them is escaped, in JSON so that a reader gets it back.

use std::fmt::Write;

/// What a byte may begin.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Plain,
    /// JSON escapes it anyhow.
    Json,
    /// Perhaps the first byte of a character that is not to be written.
    Lead,
    Delete,
}

fn class(byte: u8) -> Class {
    match byte {
        ..0x20 | b'"' | b'\\' => Class::Json,
        0x7f => Class::Delete,
        // U+0080 to U+009F, U+061C, U+200E to U+2069, U+FEFF.
        0xc2 | 0xd8 | 0xe2 | 0xef => Class::Lead,
        _ => Class::Plain,
    }
}

/// Bytes that are looked at together.
const BLOCK: usize = 16;

/// ASCII that needs no escape.
fn is_plain(block: &[u8]) -> bool {
    block.iter().fold(true, |is, byte| is & (0x20..0x7f).contains(byte) & (*byte != b'"') & (*byte != b'\\'))
}

/// Must not reach a terminal or a log as it is.
pub(super) fn is_foul(character: char) -> bool {
    matches!(
        character,
        '\u{0}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// Appends the inside of a JSON text. True if something was escaped that JSON itself would have let pass.
pub(super) fn push_json(text: &str, out: &mut Vec<u8>) -> bool {
    let bytes = text.as_bytes();
    let (mut from, mut at, mut is_foreign) = (0, 0, false);
    while let Some(byte) = bytes.get(at) {
        // Most texts are plain from end to end: looked at in blocks, which the compiler compares at once.
        if bytes.get(at..at + BLOCK).is_some_and(is_plain) {
            at += BLOCK;
            continue;
        }
        let class = class(*byte);
        if class == Class::Plain {
            at += 1;
            continue;
        }
        let Some(character) = text.get(at..).and_then(|rest| rest.chars().next()) else { break };
        let next = at + character.len_utf8();
        if class != Class::Lead || is_foul(character) {
            out.extend_from_slice(bytes.get(from..at).unwrap_or_default());
            push_escaped(character, out);
            is_foreign |= class != Class::Json;
            from = next;
        }
        at = next;
    }
    out.extend_from_slice(bytes.get(from..).unwrap_or_default());
    is_foreign
}

fn push_escaped(character: char, out: &mut Vec<u8>) {
    match character {
        '"' => out.extend_from_slice(b"\\\""),
        '\\' => out.extend_from_slice(b"\\\\"),
        '\n' => out.extend_from_slice(b"\\n"),
        '\r' => out.extend_from_slice(b"\\r"),
        '\t' => out.extend_from_slice(b"\\t"),
        '\u{8}' => out.extend_from_slice(b"\\b"),
        '\u{c}' => out.extend_from_slice(b"\\f"),
        // All of them are in the basic plane.
        _ => out.extend_from_slice(format!("\\u{:04x}", u32::from(character)).as_bytes()),
    }
}

/// Appends text for a terminal, on one line: control characters as in Rust (`\n`, `\u{1b}`); a tab stays.
pub(super) fn push_shown(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '\t' => out.push('\t'),
            foul if is_foul(foul) => {
                // Writing into a string does not fail.
                let _ = write!(out, "{}", foul.escape_default());
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> String {
        let mut out = b"\"".to_vec();
        push_json(text, &mut out);
        out.push(b'"');
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_character_comes_back_and_no_foul_one_is_written() {
        let all: String = ('\u{0}'..='\u{ffff}').chain(['\u{1f600}']).collect();
        let written = json(&all);
        assert_eq!(serde_json::from_str::<String>(&written).unwrap(), all);
        assert!(!written.chars().any(is_foul));
        assert_eq!(json("a\u{1b}[31m\r\nb \u{e4}\u{20ac}\u{202e}"), r#""a\u001b[31m\r\nb ä€\u202e""#);
        assert!(push_json("\u{85}", &mut Vec::new()) && !push_json("\n\u{1b}", &mut Vec::new()));
    }

    #[test]
    fn a_terminal_gets_one_line() {
        let mut out = String::new();
        push_shown("a\tb\r\n\u{1b}[31m\u{9b}\u{202e}c", &mut out);
        assert_eq!(out, "a\tb\\r\\n\\u{1b}[31m\\u{9b}\\u{202e}c");
    }
}
