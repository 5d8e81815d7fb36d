//! The second net: what every writer asks before it writes. It knows each secret that the process has read, in each form in
//! which it is likely to turn up, and puts [`MASK`] in its place.
//!
//! It is the process's own, as logs and stdout are. While no secret is known, asking costs one load.

use super::patterns;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use pypeline_schema::secret::Secret;
use serde_json::Value;
use std::borrow::Cow;
use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError, RwLock};
use zeroize::Zeroizing;

/// What stands in place of a secret.
pub const MASK: &str = "***";

static IS_IN_USE: AtomicBool = AtomicBool::new(false);
/// New forms wait to be woven in.
static HAS_MORE: AtomicBool = AtomicBool::new(false);
static NET: RwLock<Option<Arc<AhoCorasick>>> = RwLock::new(None);
static FORMS: LazyLock<Mutex<HashSet<Vec<u8>>>> = LazyLock::new(Mutex::default);
/// Secrets as they are: what holds one whole is found by it.
static WHOLE: Mutex<Vec<Zeroizing<String>>> = Mutex::new(Vec::new());
static RECENT: RwLock<VecDeque<[Zeroizing<String>; 2]>> = RwLock::new(VecDeque::new());

/// Bytes of all forms up to which the search is a table that answers at once; it takes some hundred times as much.
const LARGEST_TABLE: usize = 16_384;

/// Texts made of secrets that are looked for in every form. Of later ones, which only a loop makes, so many are remembered as
/// they are, and in JSON.
const DERIVED: usize = 32;
const REMEMBERED: usize = 256;

/// Bytes of such a text below which it would turn up by chance.
const SHORTEST_DERIVED: usize = 8;

/// From now on none of these is written. False if one is too short to be told from ordinary text.
pub fn add<'a>(secrets: impl IntoIterator<Item = &'a Secret>) -> bool {
    let mut is_whole = true;
    for secret in secrets {
        let text = secret.expose().trim();
        let forms = patterns::of(text, true);
        is_whole &= !forms.is_empty() || text.is_empty();
        if !forms.is_empty() {
            WHOLE.lock().unwrap_or_else(PoisonError::into_inner).push(Zeroizing::new(text.to_owned()));
        }
        note(forms);
    }
    is_whole
}

/// The same for what a template has made of a secret: needed where the secret itself is no longer whole in it.
pub fn add_derived(text: &str) {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let holds_one = || {
        let whole = WHOLE.lock().unwrap_or_else(PoisonError::into_inner);
        whole.iter().any(|secret| text.contains(secret.as_str()))
    };
    if text.len() < SHORTEST_DERIVED || holds_one() {
        return;
    }
    if COUNT.fetch_add(1, Ordering::Relaxed) < DERIVED {
        note(patterns::of(text, false));
        return;
    }
    let json = patterns::escaped(text);
    let mut recent = RECENT.write().unwrap_or_else(PoisonError::into_inner);
    if recent.len() >= REMEMBERED {
        recent.pop_front();
    }
    recent.push_back([Zeroizing::new(text.to_owned()), Zeroizing::new(json)]);
}

fn note(forms: Vec<String>) {
    let mut known = FORMS.lock().unwrap_or_else(PoisonError::into_inner);
    let before = known.len();
    known.extend(forms.into_iter().map(String::into_bytes));
    if known.len() > before {
        HAS_MORE.store(true, Ordering::Release);
        IS_IN_USE.store(true, Ordering::Release);
    }
}

/// Woven anew when it is next asked, however many forms have come.
fn weave() {
    let forms = FORMS.lock().unwrap_or_else(PoisonError::into_inner);
    if !HAS_MORE.load(Ordering::Acquire) {
        return;
    }
    let is_small = forms.iter().map(Vec::len).sum::<usize>() <= LARGEST_TABLE;
    let mut builder = AhoCorasick::builder();
    builder.ascii_case_insensitive(true).kind(is_small.then_some(AhoCorasickKind::DFA));
    // It fails only beyond the size of any machine's memory.
    let net = builder.build(forms.iter());
    *NET.write().unwrap_or_else(PoisonError::into_inner) = net.ok().map(Arc::new);
    // Only now: whoever asks meanwhile waits for it.
    HAS_MORE.store(false, Ordering::Release);
}

fn net() -> Option<Arc<AhoCorasick>> {
    if !IS_IN_USE.load(Ordering::Acquire) {
        return None;
    }
    if HAS_MORE.load(Ordering::Acquire) {
        weave();
    }
    NET.read().unwrap_or_else(PoisonError::into_inner).clone()
}

/// Some secret is known: then texts are worth a look.
pub fn is_in_use() -> bool {
    IS_IN_USE.load(Ordering::Acquire)
}

/// No secret is in these bytes.
pub fn is_clean(bytes: &[u8]) -> bool {
    let Some(net) = net() else { return true };
    if net.is_match(bytes) {
        return false;
    }
    let recent = RECENT.read().unwrap_or_else(PoisonError::into_inner);
    recent.is_empty()
        || std::str::from_utf8(bytes).is_ok_and(|text| recent.iter().flatten().all(|one| !text.contains(one.as_str())))
}

/// The text with every secret masked.
pub fn mask(text: &str) -> Cow<'_, str> {
    let Some(net) = net() else { return Cow::Borrowed(text) };
    let mut found: Vec<(usize, usize)> =
        net.find_overlapping_iter(text).map(|found| (found.start(), found.end())).collect();
    for one in RECENT.read().unwrap_or_else(PoisonError::into_inner).iter().flatten() {
        found.extend(text.match_indices(one.as_str()).map(|(at, one)| (at, at + one.len())));
    }
    found.sort_unstable();
    // What overlaps is one piece: parts of a secret are found beside one another.
    let mut pieces: Vec<(usize, usize)> = Vec::new();
    for (start, end) in found {
        match pieces.last_mut() {
            Some((_, last)) if start <= *last => *last = end.max(*last),
            _ => pieces.push((start, end)),
        }
    }
    if pieces.is_empty() {
        return Cow::Borrowed(text);
    }
    let (mut masked, mut at) = (String::with_capacity(text.len()), 0);
    for (start, end) in pieces {
        masked.push_str(text.get(at..start).unwrap_or_default());
        masked.push_str(MASK);
        at = end;
    }
    masked.push_str(text.get(at..).unwrap_or_default());
    Cow::Owned(masked)
}

/// The text itself, masked.
pub fn mask_text(text: &mut String) {
    if let Cow::Owned(masked) = mask(text) {
        *text = masked;
    }
}

/// Masks every text in a JSON value, names of keys too.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => mask_text(text),
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(map) => {
            map.values_mut().for_each(mask_json);
            let dirty: Vec<String> = map.keys().filter(|key| !is_clean(key.as_bytes())).cloned().collect();
            for key in dirty {
                if let Some(value) = map.remove(&key) {
                    map.insert(mask(&key).into_owned(), value);
                }
            }
        }
        // A number that equals a secret is most probably a count.
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE};
    use serde_json::json;

    const SECRET: &str = "S3cr\"et/P@ss w\u{f6}rd+9x7Kq";

    fn known() {
        add([
            &Secret::new(SECRET),
            &Secret::new("-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQ\n-----END KEY-----\n"),
            &Secret::new("8675309"),
        ]);
    }

    #[test]
    fn every_form_of_a_secret_is_masked() {
        known();
        let percent = utf8(SECRET, percent_encoding::NON_ALPHANUMERIC);
        let json = serde_json::to_string(SECRET).unwrap();
        let forms = [
            SECRET.to_owned(),
            format!("postgres://u:{SECRET}@host/db"),
            format!("postgres://u:{percent}@host/db"),
            percent.to_lowercase(),
            json.clone(),
            json.replace('/', "\\/"),
            serde_json::to_string(&json).unwrap(),
            format!("{SECRET:?}"),
            SECRET.chars().rev().collect(),
            SECRET.bytes().map(|byte| format!("{byte:02X}")).collect(),
            STANDARD.encode(SECRET),
            STANDARD.encode(format!("u:{SECRET}:x")),
            URL_SAFE.encode(format!("user:{SECRET}")),
        ];
        for form in forms {
            let text = format!("before {form} after");
            let masked = mask(&text).into_owned();
            assert!(masked.contains(MASK) && masked.starts_with("before ") && masked.ends_with(" after"), "{masked}");
            assert!(is_clean(masked.as_bytes()));
            for part in ["S3cr", "9x7Kq", "P@ss"] {
                assert!(!masked.contains(part), "{masked}");
            }
        }
        assert_eq!(mask("line MIIEvQIBADANBg is a line of the key"), "line *** is a line of the key");
    }

    fn utf8(text: &str, set: &'static percent_encoding::AsciiSet) -> String {
        percent_encoding::utf8_percent_encode(text, set).to_string()
    }

    #[test]
    fn one_cut_in_two_shows_at_most_its_smaller_half() {
        known();
        let letters: Vec<char> = SECRET.chars().collect();
        for at in 1..letters.len() {
            let (head, tail): (String, String) = (letters[..at].iter().collect(), letters[at..].iter().collect());
            let (head, tail) = (format!("a line: {head}"), format!("the next: {tail}"));
            let is_masked = mask(&head).contains(MASK) || mask(&tail).contains(MASK);
            assert!(is_masked, "cut at {at}");
        }
    }

    #[test]
    fn json_is_masked_in_its_texts() {
        known();
        let mut value = json!({"a": [SECRET, 1, null], SECRET: true, "n": 8_675_309, "t": "pin 8675309"});
        mask_json(&mut value);
        assert_eq!(value, json!({"a": ["***", 1, null], "***": true, "n": 8_675_309, "t": "pin ***"}));
    }

    #[test]
    fn what_is_too_short_is_said_and_ordinary_text_stays() {
        known();
        assert!(!add([&Secret::new("abc")]));
        assert!(add([&Secret::new("")]));
        assert_eq!(mask("abc is an ordinary text"), "abc is an ordinary text");
    }
}
