//! An answer of the server, read without ever quoting it: what a body says may be a secret.

use crate::failure::Failure;
use pypeline_engine::secrets::net;
use pypeline_schema::secret::Secret;
use serde::de::DeserializeOwned;
use std::time::Duration;
use vaultrs::api::EndpointError;

/// Letters of the server's own errors that are told.
const LONGEST_SAID: usize = 200;

/// An answer with its whole body.
pub(crate) struct Reply {
    /// The address of the server, for messages.
    pub address: String,
    pub status: u16,
    /// What the server asked by `Retry-After`.
    pub wait: Option<Duration>,
    /// Wiped when it goes, as are the values read from it.
    pub body: Secret,
}

/// What Vaults say of themselves, the more telling first.
const WORDS: [&str; 18] = [
    "vault is sealed",
    "standby",
    "invalid role or secret id",
    "invalid role id",
    "invalid secret id",
    "invalid role name",
    "service account name not authorized",
    "namespace not authorized",
    "token is expired",
    "missing client token",
    "invalid token",
    "bad token",
    "permission denied",
    "no handler for route",
    "unsupported path",
    "rate limit quota exceeded",
    "unsupported operation",
    "internal error",
];

impl Reply {
    /// The body as JSON of this shape.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        // The library's own message quotes what it has read.
        serde_json::from_str(self.body.expose()).map_err(|error| self.malformed(what_is_wrong(self, &error)))
    }

    /// What a Vault says in an answer that is no success: its `errors`, masked and cut. None if no Vault answers so.
    pub fn said(&self) -> Option<String> {
        let said: EndpointError = serde_json::from_str(self.body.expose()).ok()?;
        let said = said.errors.join("; ");
        let words: Vec<&str> = said.split_whitespace().collect();
        // Cut after masking: half a secret would not be found.
        let masked = net::mask(&words.join(" ")).into_owned();
        Some(match masked.char_indices().nth(LONGEST_SAID) {
            Some((end, _)) => format!("{}…", masked.get(..end).unwrap_or_default()),
            None => masked,
        })
    }

    /// `https://host answered 403 (permission denied)`. Of what the server says, only words that every Vault has: the rest may
    /// hold a value that nobody has asked for yet, and that nobody can know to mask.
    pub fn told(&self) -> String {
        let said = self.said().map(|said| said.to_lowercase()).unwrap_or_default();
        match WORDS.into_iter().find(|word| said.contains(word)) {
            Some(word) => format!("{} answered {} ({word})", self.address, self.status),
            None => format!("{} answered {}", self.address, self.status),
        }
    }

    /// No Vault answers this.
    pub fn malformed(&self, what: impl Into<String>) -> Failure {
        let message = format!("{} answered {} with {}, as no Vault does", self.address, self.status, what.into());
        Failure::malformed(message)
            .help("is VAULT_ADDR a Vault's address, with the right scheme and port, and nothing else in between?")
            .status(self.status)
    }

    /// What the status says, where it is not the one who asked that decides.
    pub fn judged(self) -> Result<Self, Failure> {
        let failure = match self.status {
            503 if self.said().is_some_and(|said| said.to_lowercase().contains("sealed")) => {
                Failure::unavailable(format!("the Vault at {} is sealed", self.address))
                    .help("someone who may has to unseal it: `vault operator unseal`")
            }
            429 => Failure::unavailable(format!("{}: too many requests", self.told()))
                .help("read less at a time, or ask for a larger rate limit quota"),
            // 412 is a node that has not yet heard of the token; 501 is one that has not been initialised.
            412 | 500 | 502..=599 => Failure::unavailable(self.told()).help("the server's own log says more"),
            501 => Failure::unavailable(format!("the Vault at {} is not initialised", self.address)),
            400..=499 if self.said().is_none() && !matches!(self.status, 403 | 404) => {
                self.malformed("what is not Vault's JSON")
            }
            200..=299 | 400..=499 => return Ok(self),
            _ => self.malformed("a status that has no meaning here"),
        };
        Err(Failure { wait: self.wait, ..failure.status(self.status) })
    }
}

fn what_is_wrong(reply: &Reply, error: &serde_json::Error) -> String {
    let body = reply.body.expose().trim_start();
    if body.is_empty() {
        return "nothing".to_owned();
    }
    if body.starts_with('<') {
        return "a page of HTML".to_owned();
    }
    match error.classify() {
        serde_json::error::Category::Data => {
            format!("JSON of another shape (column {} of line {})", error.column(), error.line())
        }
        _ => format!("what is no JSON (from column {} of line {})", error.column(), error.line()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pypeline_engine::secrets::Reason;
    use serde_json::{Value, json};
    use std::collections::BTreeMap;

    fn reply(status: u16, body: impl ToString) -> Reply {
        let body = Secret::new(body.to_string());
        Reply { address: "http://v".to_owned(), status, wait: None, body }
    }

    #[test]
    fn what_the_server_says_is_masked_and_cut() {
        net::add([&Secret::new("hvs.QuiteASecretToken")]);
        let long = "x".repeat(190);
        let said = reply(403, json!({"errors": ["bad\n\t* token", long, "hvs.QuiteASecretToken"]})).said().unwrap();
        assert!(said.starts_with("bad * token; x") && said.chars().count() == 201 && !said.contains("hvs"), "{said}");
        assert_eq!(reply(403, json!({"errors": ["no hvs.QuiteASecretToken"]})).said().unwrap(), "no ***");
        assert_eq!(reply(403, "<html>").said(), None);
    }

    #[test]
    fn a_body_is_never_quoted() {
        for body in ["{\"data\": \"hunter2\"}", "\"hunter2\"", "hunter2", "<hunter2>", "", "{\"data\": {\"a\": hunter2"]
        {
            let read = reply(200, body).json::<BTreeMap<String, BTreeMap<String, Value>>>();
            let Err(failure) = read else { panic!("{body} was read") };
            assert_eq!(failure.reason, Reason::Malformed);
            assert!(!failure.message.contains("hunter2"), "{}", failure.message);
        }
    }

    #[test]
    fn statuses_have_their_reasons() {
        let of = |status, body: Value| reply(status, body).judged().err().map(|failure| failure.reason);
        let said = json!({"errors": ["why"]});
        for status in [412, 429, 500, 501, 502, 503, 504] {
            assert_eq!(of(status, said.clone()), Some(Reason::Unavailable), "{status}");
        }
        for status in [200, 204, 400, 403, 404] {
            assert_eq!(of(status, said.clone()), None, "{status}");
        }
        for status in [101, 304, 600] {
            assert_eq!(of(status, said.clone()), Some(Reason::Malformed), "{status}");
        }
        assert_eq!(of(400, json!("Client sent an HTTP request to an HTTPS server.")), Some(Reason::Malformed));
        let sealed = reply(503, json!({"errors": ["Vault is sealed"]})).judged().err().unwrap();
        assert_eq!(sealed.message, "the Vault at http://v is sealed");
    }
}
