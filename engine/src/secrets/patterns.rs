//! The forms in which a secret may turn up in a text: as it is, encoded, escaped, or cut in two. Letters are looked for in
//! either case.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use pypeline_schema::secret::Secret;
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

/// The forms to look for; none for a text that is too short. In parts too, if it is a secret itself and not made of one.
pub(super) fn of(secret: &Secret, in_parts: bool) -> Vec<Zeroizing<Vec<u8>>> {
    let text = secret.expose().trim();
    let mut forms: Vec<Zeroizing<Vec<u8>>> = Vec::new();
    if text.len() < SHORTEST {
        return forms;
    }
    let mut add = |form: String| {
        let form = Zeroizing::new(form.into_bytes());
        if !forms.contains(&form) {
            forms.push(form);
        }
    };
    let parts = |text: &str, add: &mut dyn FnMut(String)| {
        // Whoever cuts it in two leaves at least one half whole.
        let half = text.chars().count().div_ceil(2);
        if in_parts && half >= SHORTEST_PART && text.len() <= LONGEST_IN_PARTS {
            let letters: Zeroizing<Vec<char>> = Zeroizing::new(text.chars().collect());
            letters.windows(half).for_each(|part| add(part.iter().collect()));
        }
    };
    // Letters of ASCII are looked for in either case; of others, both cases are written down.
    let mut cases = vec![text.to_owned()];
    if !text.is_ascii() {
        cases.extend([text.to_uppercase(), text.to_lowercase()]);
    }
    for text in cases {
        let json = serde_json::to_string(&text).unwrap_or_default();
        let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default();
        // A JSON text within a JSON text, as a log line that quotes a message.
        let twice = serde_json::to_string(json).unwrap_or_default();
        add(json.replace('/', "\\/"));
        add(twice.get(1..twice.len().saturating_sub(1)).unwrap_or_default().to_owned());
        add(text.escape_debug().to_string());
        add(text.escape_default().to_string());
        add(text.chars().rev().collect());
        parts(&text, &mut add);
        parts(json, &mut add);
        add(json.to_owned());
        add(text);
    }
    add(hex(text.as_bytes()));
    for set in [NON_ALPHANUMERIC, COMPONENT, USER_INFO] {
        let encoded = utf8_percent_encode(text, set).to_string();
        add(encoded.replace("%20", "+"));
        add(encoded);
    }
    for skipped in 0..3 {
        for form in base64_at(text.as_bytes(), skipped) {
            // Few letters of it would be found in many a text.
            if form.len() >= SHORTEST_PART {
                add(form);
            }
        }
    }
    for line in text.lines().map(str::trim).filter(|line| line.len() >= SHORTEST_PART) {
        add(line.to_owned());
    }
    forms
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
