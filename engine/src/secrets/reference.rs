//! A value of the context that says where a secret is instead of what it is.

use super::{Reason, SecretError};
use std::fmt;

/// Where a secret is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reference {
    /// `vault://mount/path#key`.
    Vault {
        /// With the mount: `secret/team/db`.
        path: String,
        /// The key at that path.
        key: String,
    },
    /// `env://NAME`: an environment variable.
    Env(String),
    /// `file://path`: the content of a file, without the line break at its end; a relative one from the project root.
    File(String),
}

impl Reference {
    /// Reads a reference; none if the text is an ordinary value, an error if it begins as a reference and is none.
    pub fn parse(text: &str) -> Option<Result<Self, SecretError>> {
        let malformed = |why: &str, like: &str| {
            Err(SecretError::new(text, Reason::Setup, why.to_owned()).help(format!("write it as `{like}`")))
        };
        if let Some(rest) = text.strip_prefix("vault://") {
            let found = rest.split_once('#').map(|(path, key)| (path.trim_matches('/'), key));
            return Some(match found {
                Some((path, key)) if path.contains('/') && !key.is_empty() && is_path(path) => {
                    Ok(Self::vault(path, key))
                }
                Some((path, _)) if !is_path(path) => malformed(
                    "it has a part that is empty, `.` or `..`, or a sign that no path has",
                    "vault://secret/db#password",
                ),
                _ => malformed("it needs a mount, a path and a key", "vault://secret/db#password"),
            });
        }
        if let Some(name) = text.strip_prefix("env://") {
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            return Some(if is_name {
                Ok(Self::Env(name.to_owned()))
            } else {
                malformed("no name of a variable", "env://DB_PASSWORD")
            });
        }
        let path = text.strip_prefix("file://")?;
        Some(if path.is_empty() {
            malformed("it needs a path", "file:///run/secrets/db")
        } else {
            Ok(Self::File(path.to_owned()))
        })
    }

    /// A key at a path of a vault.
    pub fn vault(path: &str, key: &str) -> Self {
        Self::Vault { path: path.trim_matches('/').to_owned(), key: key.to_owned() }
    }
}

/// Whether a path names one place: no empty part, none that climbs, nothing that means something else in a URL.
pub(super) fn is_path(path: &str) -> bool {
    path.split('/').all(|part| !matches!(part, "" | "." | ".."))
        && !path.chars().any(|c| c.is_control() || c.is_whitespace() || matches!(c, '?' | '#' | '%' | '\\'))
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Vault { path, key } => write!(f, "vault://{path}#{key}"),
            Self::Env(name) => write!(f, "env://{name}"),
            Self::File(path) => write!(f, "file://{path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_told_from_ordinary_values() {
        for (text, written) in [
            ("vault://secret/db#password", "vault://secret/db#password"),
            ("vault:///kv/team/db/#key with space", "vault://kv/team/db#key with space"),
            ("env://DB_PASSWORD", "env://DB_PASSWORD"),
            ("file:///run/secrets/db", "file:///run/secrets/db"),
            ("file://keys/db", "file://keys/db"),
        ] {
            assert_eq!(Reference::parse(text).unwrap().unwrap().to_string(), written);
        }
        for text in ["", "plain", "postgres://vault://x", "Vault://a/b#c"] {
            assert!(Reference::parse(text).is_none(), "{text}");
        }
        for text in [
            "vault://",
            "vault://secret#x",
            "vault://secret/db",
            "vault://a/../b#c",
            "vault://a/b?x=1#c",
            "env://",
            "env://A B",
            "file://",
        ] {
            assert!(Reference::parse(text).unwrap().is_err(), "{text}");
        }
    }
}
