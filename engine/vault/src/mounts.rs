//! Where the KV engines are mounted and which version each is, found as Vault's own command finds it.

use crate::deadline::Deadline;
use crate::failure::Failure;
use crate::question::Question;
use crate::wire::Wire;
use pypeline_schema::secret::Secret;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use vaultrs::api::EndpointResult;

/// The version of a KV engine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    One,
    Two,
}

/// A path in its two parts.
pub(crate) struct Place {
    /// `secret`, `teams/a/kv`.
    pub mount: String,
    /// Below the mount; never empty.
    pub rest: String,
    pub version: Version,
    /// The server did not say where the mount ends.
    pub is_guess: bool,
}

/// What is known of a server's mounts. They do not change while a run goes on.
#[derive(Default)]
pub(crate) struct Mounts {
    known: Mutex<BTreeMap<String, Version>>,
}

/// What the server says of the mount that a path is in.
#[derive(Deserialize)]
struct Mount {
    path: String,
    #[serde(rename = "type")]
    kind: String,
    options: Option<BTreeMap<String, Option<String>>>,
}

impl Mounts {
    /// Finds the mount of a path.
    pub async fn find(&self, path: &str, wire: &Wire, token: &Secret, until: Deadline) -> Result<Place, Failure> {
        if let Some(place) = self.remembered(path) {
            return Ok(place);
        }
        let question = Question::get(format!("sys/internal/ui/mounts/{path}"));
        let reply = wire.ask(&question, Some(token), until).await?;
        if reply.status >= 400 {
            // Not to be asked, or too old to know: what most servers have.
            let (mount, rest) = path.split_once('/').ok_or_else(|| only_a_mount(path))?;
            let (mount, rest) = (mount.to_owned(), rest.to_owned());
            return Ok(Place { mount, rest, version: Version::Two, is_guess: true });
        }
        let answer: EndpointResult<Mount> = reply.json()?;
        let found = answer.data.ok_or_else(|| reply.malformed("JSON without data"))?;
        let mount = found.path.trim_matches('/');
        if path == mount {
            return Err(only_a_mount(path));
        }
        let Some(rest) = below(path, mount) else {
            return Err(reply.malformed(format!("a mount that {path} is not in")));
        };
        let version = match found.kind.as_str() {
            "kv" | "generic" => found.version(),
            // Each token's own room; its paths are as those of version 1.
            "cubbyhole" => Version::One,
            kind => {
                let kind: String = kind.chars().take(40).collect();
                return Err(Failure::setup(format!(
                    "{mount}/ of {} is a `{kind}` engine, which keeps no secrets",
                    reply.address
                ))
                .help("name a path in a KV engine"));
            }
        };
        self.remember(mount, version);
        Ok(Place { mount: mount.to_owned(), rest: rest.to_owned(), version, is_guess: false })
    }

    /// No mount lies in another, so that the first that fits is the one.
    fn remembered(&self, path: &str) -> Option<Place> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().find_map(|(mount, version)| {
            let rest = below(path, mount)?.to_owned();
            Some(Place { mount: mount.clone(), rest, version: *version, is_guess: false })
        })
    }

    /// Keeps what was found out.
    pub fn remember(&self, mount: &str, version: Version) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(mount.to_owned(), version);
    }
}

impl Mount {
    fn version(&self) -> Version {
        let version = self.options.as_ref().and_then(|options| options.get("version")?.as_deref());
        if version == Some("2") { Version::Two } else { Version::One }
    }
}

fn below<'a>(path: &'a str, mount: &str) -> Option<&'a str> {
    path.strip_prefix(mount)?.strip_prefix('/')
}

fn only_a_mount(path: &str) -> Failure {
    Failure::not_found(format!("{path} is a mount: the path of a secret has to follow"))
        .help("write it as `vault://secret/db#password`")
}
