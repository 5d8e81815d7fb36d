//! The forms in which a secret may turn up in a text: as it is, encoded, escaped, or cut in two. Letters are looked for in
//! either case.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use zeroize::Zeroizing;

/// Bytes of a text below which it is not looked for: it would turn up by chance.
pub(super) const SHORTEST: usize = 4;

/// Bytes from which a line of a longer secret, or half of one, is looked for by itself.
const SHORTEST_PART: usize = 8;

/// Secrets up to this many bytes are also looked for in parts.
const LONGEST_IN_PARTS: usize = 128;

/// What `encodeURIComponent` and most URL builders leave as it is.
const COMPONENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What a lenient builder of user names and passwords in URLs leaves as it is.
const USER_INFO: &AsciiSet = &COMPONENT
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// Bytes from which a secret is looked for in pieces, as a keystore: forms of the whole would take more memory than it is worth.
const LARGE: usize = 2_048;

/// Bytes of such a piece.
const PIECE: usize = 512;

/// The forms to look for; none for a text that is too short. In parts too, if it is a secret itself and not made of one.
pub(super) fn of(text: &str, in_parts: bool) -> Vec<String> {
    let mut forms = Vec::new();
    if text.len() < SHORTEST {
        return forms;
    }
    if text.len() > LARGE {
        for piece in pieces(text) {
            forms.extend(base64_of(piece));
            forms.push(piece.to_owned());
        }
    } else {
        forms.extend(of_line(text, in_parts));
    }
    let lines = text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_PART && line.len() <= LARGE);
    forms.extend(lines.map(str::to_owned));
    // Where a text is quoted in JSON, each form is escaped: in an event, a log line, a result.
    let escaped: Vec<String> = forms.iter().map(|form| escaped(form)).filter(|form| form.contains('\\')).collect();
    forms.extend(escaped);
    forms
}

fn of_line(text: &str, in_parts: bool) -> Vec<String> {
    let mut forms = vec![hex(text.as_bytes())];
    // Letters of ASCII are looked for in either case; of others, both cases are written down.
    let mut cases = vec![text.to_owned()];
    if !text.is_ascii() {
        cases.extend([text.to_uppercase(), text.to_lowercase()]);
    }
    for text in cases {
        let json = escaped(&text);
        forms.extend([json.replace('/', "\\/"), text.escape_debug().to_string(), text.escape_default().to_string()]);
        forms.push(text.chars().rev().collect());
        let letters: Vec<char> = text.chars().collect();
        // Whoever cuts it in two leaves at least one half whole.
        let half = letters.len().div_ceil(2);
        if in_parts && half >= SHORTEST_PART && text.len() <= LONGEST_IN_PARTS {
            forms.extend(letters.windows(half).map(|part| part.iter().collect()));
        }
        // A JSON text within a JSON text, as a log line that quotes a message.
        forms.extend([json, text]);
    }
    for set in [NON_ALPHANUMERIC, COMPONENT, USER_INFO] {
        let encoded = utf8_percent_encode(text, set).to_string();
        forms.extend([encoded.replace("%20", "+"), encoded]);
    }
    forms.extend(base64_of(text));
    forms
}

/// The text as it stands in JSON between its quotes.
pub(super) fn escaped(text: &str) -> String {
    let json = serde_json::to_string(text).unwrap_or_default();
    json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned()
}

/// One piece after another, each of whole letters.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let end = rest.floor_char_boundary(PIECE);
        let (piece, left) = rest.split_at(end.max(1).min(rest.len()));
        pieces.push(piece);
        rest = left;
    }
    pieces.retain(|piece| piece.len() >= SHORTEST_PART);
    pieces
}

fn base64_of(text: &str) -> Vec<String> {
    let forms = (0..3).flat_map(|skipped| base64_at(text.as_bytes(), skipped));
    // Few letters of it would be found in many a text.
    forms.filter(|form| form.len() >= SHORTEST_PART).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The letters of Base64 that stand for these bytes alone, where `skipped` bytes of something else come before them.
fn base64_at(bytes: &[u8], skipped: usize) -> Vec<String> {
    let mut padded = vec![0; skipped];
    padded.extend_from_slice(bytes);
    let padded = Zeroizing::new(padded);
    // Each letter is six bits: those at both ends may hold bits of the neighbours.
    let first = (skipped * 8).div_ceil(6);
    let last = padded.len() * 8 / 6;
    [STANDARD_NO_PAD, URL_SAFE_NO_PAD]
        .iter()
        .filter_map(|engine| engine.encode(&*padded).get(first..last).map(str::to_owned))
        .collect()
}
