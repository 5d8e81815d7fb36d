//! A file to text: what cannot be a flow for its size or its bytes is told with the place of the first wrong one.

use super::budget::MOST_BYTES;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Source};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Reads a file that may have `room` more bytes. A finding about bytes comes with the text up to there, to be shown.
pub fn read(path: &Path, name: &str, room: u64) -> Result<Source, (Box<Diagnostic>, Source)> {
    let nothing = |finding: Diagnostic| (Box::new(finding), Source::new(name, ""));
    let unreadable = |error: std::io::Error| {
        nothing(Diagnostic::new(Code::FileUnreadable, format!("`{name}` cannot be read: {error}")))
    };
    let mut file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.is_dir() {
        let finding = Diagnostic::new(Code::FileUnreadable, format!("`{name}` is a folder, not a file"));
        return Err(nothing(finding.help("name the YAML file in it")));
    }
    let mut bytes = Vec::new();
    (&mut file).take(room.saturating_add(1)).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > room {
        let message =
            format!("`{name}` is too large: a flow and all that it includes have at most {} MB", MOST_BYTES >> 20);
        let help = "keep data in files that modules read, and part what is left into jobs that run each other";
        return Err(nothing(Diagnostic::new(Code::TooLarge, message).help(help)));
    }
    text(bytes, name)
}

/// Bytes to text.
pub fn text(bytes: Vec<u8>, name: &str) -> Result<Source, (Box<Diagnostic>, Source)> {
    let (message, help, at, width) = match encoding(&bytes) {
        Some(encoding) => (format!("`{name}` is {encoding}"), "save it as UTF-8", 0, 0),
        None => match std::str::from_utf8(&bytes) {
            Ok(text) => match text.find('\0') {
                None => {
                    return String::from_utf8(bytes)
                        .map_or_else(|_| Ok(Source::default()), |text| Ok(Source::new(name, text)));
                }
                Some(at) => {
                    ("a byte 0, which no text has".to_owned(), "take it out; perhaps the file is damaged", at, 1)
                }
            },
            Err(error) => {
                let byte = bytes.get(error.valid_up_to()).copied().unwrap_or_default();
                let help = "save the file as UTF-8; perhaps it is in Latin-1 or Windows-1252";
                (format!("the byte {byte:#04x} is not UTF-8"), help, error.valid_up_to(), 3)
            }
        },
    };
    // Wrong bytes are shown as the sign for such.
    let end = bytes.len().min(at.saturating_add(200));
    let shown = String::from_utf8_lossy(bytes.get(..end).unwrap_or_default()).into_owned();
    let source = Source::new(name, shown);
    let span = source.span(0, at..at + width);
    Err((Box::new(Diagnostic::new(Code::NotText, message).help(help).at("", Some(span))), source))
}

/// An encoding that is told by its first bytes.
fn encoding(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some("UTF-32"),
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some("UTF-16"),
        [first, 0, second, 0, ..] | [0, first, 0, second, ..] if *first != 0 && *second != 0 => Some("UTF-16"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(bytes: &[u8]) -> (String, u32, u32) {
        let (finding, _) = text(bytes.to_vec(), "f.yaml").err().unwrap();
        let span = finding.span.unwrap();
        (finding.message, span.line, span.col)
    }

    #[test]
    fn bytes_that_are_no_text_are_told_with_their_place() {
        assert_eq!(finding(b"a: 1\nb: \xff\n"), ("the byte 0xff is not UTF-8".to_owned(), 2, 4));
        assert_eq!(finding(b"\xc3\xa4: \0"), ("a byte 0, which no text has".to_owned(), 1, 4));
        assert_eq!(finding(b"\xff\xfea\0:\0").0, "`f.yaml` is UTF-16");
        assert_eq!(finding(b"\0a\0:\0\n").0, "`f.yaml` is UTF-16");
        assert!(text(b"\xef\xbb\xbfa: 1\r\n".to_vec(), "f").is_ok());
    }
}
