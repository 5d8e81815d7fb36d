//! Secrets that every test runs with, and the search for them in all that a test leaves: files, output, temporary files. Whatever
//! the test is about, none of them may be found, in none of their forms.

use aho_corasick::AhoCorasick;
use std::path::Path;
use std::sync::LazyLock;

/// In the environment of every command, where pype takes them for secrets.
pub const ENVIRONMENT: [(&str, &str); 2] =
    [("PYPE_SECRET_CANARY", CANARY), ("VAULT_TOKEN", "hvs.CAESIG7/+cAnArY\"t0ken=Qx42")];

/// A secret for tests that use one: each encoding changes it.
pub const CANARY: &str = "c4n@ry/\"S3cr+t\u{fc}:7Zq9 Xw";

/// All that is looked for, and what it is.
struct Forms {
    names: Vec<String>,
    search: AhoCorasick,
}

static FORMS: LazyLock<Forms> = LazyLock::new(|| {
    let all: Vec<(String, String)> = ENVIRONMENT
        .iter()
        .flat_map(|(name, secret)| forms(secret).into_iter().map(move |(form, text)| (format!("{name}, {form}"), text)))
        .collect();
    let search = AhoCorasick::new(all.iter().map(|(_, text)| text)).unwrap();
    Forms { names: all.into_iter().map(|(name, _)| name).collect(), search }
});

/// The forms in which a secret is looked for, written without the product's help.
pub fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let percent = |is_upper: bool| -> String {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
        let code = |byte: u8| if is_upper { format!("%{byte:02X}") } else { format!("%{byte:02x}") };
        secret.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { code(byte) }).collect()
    };
    let json = serde_json::to_string(secret).unwrap().trim_matches('"').to_owned();
    vec![
        ("as it is", secret.to_owned()),
        ("Base64", base64(secret, 0, false)),
        ("Base64 behind one byte", base64(secret, 1, false)),
        ("Base64 behind two bytes", base64(secret, 2, false)),
        ("Base64 for URLs", base64(secret, 0, true)),
        ("percent-encoded", percent(true)),
        ("percent-encoded in lower case", percent(false)),
        ("hex", secret.bytes().map(|byte| format!("{byte:02x}")).collect()),
        ("hex in upper case", secret.bytes().map(|byte| format!("{byte:02X}")).collect()),
        ("escaped for JSON", json.clone()),
        ("escaped for JSON, slashes too", json.replace('/', "\\/")),
        ("escaped for JSON twice", serde_json::to_string(&json).unwrap().trim_matches('"').to_owned()),
        ("as Rust shows it", format!("{secret:?}").trim_matches('"').to_owned()),
        ("backwards", secret.chars().rev().collect()),
    ]
}

/// The letters of Base64 that the secret alone decides, behind so many other bytes.
fn base64(secret: &str, before: usize, is_for_urls: bool) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits: Vec<u8> = vec![0_u8; before]
        .into_iter()
        .chain(secret.bytes())
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1))
        .collect();
    let letter = |six: &[u8]| char::from(LETTERS[six.iter().fold(0_usize, |n, bit| n * 2 + usize::from(*bit))]);
    let text: String = bits.chunks_exact(6).map(letter).skip((before * 8).div_ceil(6)).collect();
    if is_for_urls { text.replace('+', "-").replace('/', "_") } else { text }
}

/// What of these bytes is a canary; `place` says where they are.
pub fn found_in(place: &str, bytes: &[u8]) -> Vec<String> {
    let name = |at: usize| format!("{place}: {}", FORMS.names[at]);
    let mut found: Vec<String> = FORMS.search.find_iter(bytes).map(|hit| name(hit.pattern().as_usize())).collect();
    // One that goes on in the next line.
    if found.is_empty() && bytes.contains(&b'\n') {
        let joined: Vec<u8> = bytes.iter().copied().filter(|byte| !matches!(byte, b'\n' | b'\r')).collect();
        found.extend(
            FORMS.search.find_iter(&joined).map(|hit| format!("{}, over two lines", name(hit.pattern().as_usize()))),
        );
    }
    found
}

/// Every canary in a folder's files and their names.
pub fn found_below(folder: &Path) -> Vec<String> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_path_buf()]);
    while let Some(folder) = left.pop() {
        for path in std::fs::read_dir(&folder).into_iter().flatten().map(|entry| entry.unwrap().path()) {
            found.extend(found_in("a file's name", path.as_os_str().as_encoded_bytes()));
            match path.symlink_metadata() {
                Ok(meta) if meta.is_dir() => left.push(path),
                Ok(meta) if meta.is_file() => {
                    found.extend(found_in(&path.display().to_string(), &std::fs::read(&path).unwrap_or_default()));
                }
                _ => {}
            }
        }
    }
    found
}

/// What else must not be found of a secret: in another case, either half of it, and both as JSON has them.
pub fn pieces(secret: &str) -> Vec<String> {
    let letters: Vec<char> = secret.chars().collect();
    let half = letters.len().div_ceil(2);
    let head: String = letters.iter().take(half).collect();
    let tail: String = letters.iter().skip(letters.len() - half).collect();
    let mut pieces = vec![secret.to_uppercase(), secret.to_lowercase(), head, tail];
    let json: Vec<String> =
        pieces.iter().map(|piece| serde_json::to_string(piece).unwrap().trim_matches('"').to_owned()).collect();
    pieces.extend(json);
    pieces
}

impl super::Project {
    /// None of these texts may be found in the project, or in what its commands have said; for what only one test makes of a
    /// secret. The secrets themselves are looked for at the end of every test.
    #[track_caller]
    pub fn assert_nowhere(&self, texts: impl IntoIterator<Item = impl AsRef<str>>) {
        let texts: Vec<String> = texts.into_iter().map(|text| text.as_ref().to_owned()).collect();
        let search = AhoCorasick::new(&texts).unwrap();
        let is_in = |bytes: &[u8]| search.find(bytes).map(|hit| texts[hit.pattern().as_usize()].clone());
        let mut found: Vec<String> = self
            .said
            .lock()
            .unwrap()
            .lines()
            .filter_map(|line| Some(format!("`{}` in: {line}", is_in(line.as_bytes())?)))
            .collect();
        // Links lead to what a test keeps elsewhere.
        let is_file = |file: &String| self.path(file).symlink_metadata().is_ok_and(|meta| meta.is_file());
        for file in self.files(".").into_iter().filter(is_file) {
            let bytes = std::fs::read(self.path(&file)).unwrap_or_default();
            found.extend(is_in(file.as_bytes()).or_else(|| is_in(&bytes)).map(|text| format!("`{text}` in {file}")));
        }
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn the_search_finds_every_form() {
    for (name, form) in forms(CANARY) {
        assert_eq!(found_in("x", format!("before{form}after").as_bytes()).len(), 1, "{name}");
    }
    let (head, tail) = CANARY.split_at(9);
    assert_eq!(found_in("x", format!("{head}\n{tail}").as_bytes()).len(), 1);
    assert_eq!(found_in("x", format!("postgres://u:{CANARY}@h/db").as_bytes()).len(), 1);
    assert!(found_in("x", b"nothing of that kind").is_empty());
    assert_eq!(base64("Man", 0, false), "TWFu");
}
