//! The forms that code gives to a text on its way into a message, by code of its own: the host's is what is tested.

use pypeline_sdk::prelude::*;

/// A form.
#[derive(Deserialize, JsonSchema, Clone, Copy, Default)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// As it is
    #[default]
    Plain,
    /// In the middle of a connection string
    Dsn,
    /// With its special signs percent-encoded, as in a URL
    Url,
    /// The same in lower case
    UrlLower,
    /// Base64 of it
    Base64,
    /// Base64 of it with a user name before and a host behind
    Base64Within,
    /// Base64 for URLs
    Base64Url,
    /// Hexadecimal digits
    Hex,
    /// The same in upper case
    HexUpper,
    /// As a JSON text
    Json,
    /// As a JSON text in a JSON text
    JsonTwice,
    /// As Rust's `Debug` shows it
    Debug,
    /// Backwards
    Backwards,
    /// In upper case
    Upper,
    /// In lower case
    Lower,
    /// Without its last third
    Head,
    /// Without its first third
    Tail,
    /// As a text of SQL
    Sql,
    /// As text in HTML
    Html,
}

impl Form {
    /// The text in this form.
    pub fn of(self, text: &str) -> String {
        let letters: Vec<char> = text.chars().collect();
        let third = letters.len() / 3;
        match self {
            Self::Plain => text.to_owned(),
            Self::Dsn => format!("postgres://etl:{text}@db.example.com/orders"),
            Self::Url => url(text),
            Self::UrlLower => url(text).to_lowercase(),
            Self::Base64 => base64(text, b"+/", "="),
            Self::Base64Within => base64(&format!("etl:{text}@db"), b"+/", "="),
            Self::Base64Url => base64(text, b"-_", ""),
            Self::Hex => text.bytes().map(|byte| format!("{byte:02x}")).collect(),
            Self::HexUpper => text.bytes().map(|byte| format!("{byte:02X}")).collect(),
            Self::Json => json(text),
            Self::JsonTwice => json(&json(text)),
            Self::Debug => format!("{:?}", Some(text)),
            Self::Backwards => letters.iter().rev().collect(),
            Self::Upper => text.to_uppercase(),
            Self::Lower => text.to_lowercase(),
            Self::Head => letters.iter().take(letters.len() - third).collect(),
            Self::Tail => letters.iter().skip(third).collect(),
            Self::Sql => format!("'{}'", text.replace('\'', "''")),
            Self::Html => text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;"),
        }
    }
}

fn json(text: &str) -> String {
    pypeline_sdk::serde_json::Value::from(text).to_string()
}

fn url(text: &str) -> String {
    let code = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(code).collect()
}

fn base64(text: &str, last: &[u8; 2], filler: &str) -> String {
    let letters: Vec<u8> = (b'A'..=b'Z').chain(b'a'..=b'z').chain(b'0'..=b'9').chain(*last).collect();
    let mut coded = String::new();
    for three in text.as_bytes().chunks(3) {
        let bits = three.iter().fold(0_usize, |bits, byte| bits << 8 | usize::from(*byte)) << (8 * (3 - three.len()));
        for at in 0..=three.len() {
            coded.push(char::from(letters[bits >> (18 - 6 * at) & 63]));
        }
        coded.push_str(&filler.repeat(3 - three.len()));
    }
    coded
}
