//! Holds the secrets of a run, and of the jobs within it: fetched where they are, kept in memory alone.

use crate::secrets::{Reason, Reference, SecretError, Vault, net};
use pypeline_schema::secret::Secret;
use std::collections::{BTreeMap, BTreeSet};
use std::env::VarError;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

/// Age from which a secret is fetched again when a sub flow that uses it begins: it may have been changed.
pub const STALE: Duration = Duration::from_secs(300);

/// Bytes of a secret, at most: it is looked for in all that is written.
const LARGEST: usize = 256 << 10;

/// Variables of the environment that are secrets whoever uses them; names that end in `_` stand for all that begin so.
const OF_ENVIRONMENT: [&str; 3] = ["PYPE_SECRET_", "VAULT_TOKEN", "PYPE_VAULT_SECRET_ID"];

/// Where secrets come from, and those that came.
pub struct Keeper {
    vault: Option<Arc<dyn Vault>>,
    root: PathBuf,
    held: Mutex<BTreeMap<Reference, (Arc<Secret>, Instant)>>,
}

impl Keeper {
    /// Nothing is asked yet. Relative files are those of the project whose root this is.
    pub fn new(vault: Option<Arc<dyn Vault>>, root: &Path) -> Self {
        Self { vault, root: root.to_path_buf(), held: Mutex::default() }
    }

    /// A secret that was fetched.
    pub fn get(&self, reference: &Reference) -> Option<Arc<Secret>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.get(reference).map(|(secret, _)| Arc::clone(secret))
    }

    /// Some secret was fetched.
    pub fn has_any(&self) -> bool {
        !self.held.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Fetches what is not there yet, or is older than `age`; everything that cannot be had is told. What cannot be had because
    /// its place does not answer stays what it was, with a warning.
    pub async fn fetch(&self, wanted: &BTreeSet<Reference>, age: Duration) -> Result<(), Vec<SecretError>> {
        let is_fresh = |reference: &&Reference| {
            let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
            held.get(*reference).is_some_and(|(_, at)| at.elapsed() < age)
        };
        let stale: Vec<&Reference> = wanted.iter().filter(|reference| !is_fresh(reference)).collect();
        let mut paths: BTreeMap<&str, Vec<&Reference>> = BTreeMap::new();
        let mut errors = Vec::new();
        for reference in stale {
            match reference {
                Reference::Vault { path, .. } => paths.entry(path).or_default().push(reference),
                Reference::Env(name) => self.take(reference, of_environment(name, reference), &mut errors),
                Reference::File(path) => self.take(reference, self.of_file(path, reference), &mut errors),
            }
        }
        for (path, references) in paths {
            let Some(vault) = &self.vault else {
                let missing = |reference: &Reference| {
                    let error = SecretError::new(reference.to_string(), Reason::Setup, "no vault is known");
                    error.help("set VAULT_ADDR, and VAULT_TOKEN or another login")
                };
                errors.extend(references.into_iter().map(missing));
                continue;
            };
            let mut found = vault.read(path).await;
            for reference in references {
                let Reference::Vault { key, .. } = reference else { continue };
                let secret = match &mut found {
                    Ok(found) => found.remove(key).ok_or_else(|| {
                        let names: Vec<String> = found.keys().map(|name| format!("`{name}`")).collect();
                        let error = SecretError::new(
                            reference.to_string(),
                            Reason::NotFound,
                            format!("there is no key `{key}` at this path"),
                        );
                        error.help(if names.is_empty() {
                            "there is none".to_owned()
                        } else {
                            format!("there is {}", names.join(", "))
                        })
                    }),
                    Err(error) => Err(SecretError { place: reference.to_string(), ..error.clone() }),
                };
                self.take(reference, secret, &mut errors);
            }
        }
        if errors.is_empty() { Ok(()) } else { Err(errors) }
    }

    fn take(&self, reference: &Reference, fetched: Result<Secret, SecretError>, errors: &mut Vec<SecretError>) {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        match fetched {
            Ok(secret) if secret.expose().len() > LARGEST => {
                errors.push(SecretError::new(reference.to_string(), Reason::Malformed, "it is larger than 256 KB"));
            }
            Ok(secret) => {
                note(&secret, &reference.to_string());
                held.insert(reference.clone(), (Arc::new(secret), Instant::now()));
            }
            Err(error) if error.is_transient() && held.contains_key(reference) => {
                tracing::warn!("{error}; the value fetched before is used");
            }
            Err(error) => errors.push(error),
        }
    }

    fn of_file(&self, path: &str, reference: &Reference) -> Result<Secret, SecretError> {
        let fail = |reason, why: String| SecretError::new(reference.to_string(), reason, why);
        let mut text = String::new();
        let read = std::fs::File::open(self.root.join(path))
            .and_then(|file| file.take(LARGEST as u64 + 1).read_to_string(&mut text));
        let size = read.map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => fail(Reason::NotFound, "there is no such file".to_owned()),
            std::io::ErrorKind::InvalidData => fail(Reason::Malformed, "the file is not UTF-8".to_owned()),
            _ => fail(Reason::Denied, format!("the file cannot be read: {error}")),
        })?;
        let secret = Secret::new(std::mem::take(&mut text));
        let plain = secret.expose();
        let plain = plain.strip_suffix('\n').map_or(plain, |plain| plain.strip_suffix('\r').unwrap_or(plain));
        match (size > LARGEST, plain.is_empty()) {
            (true, _) => Err(fail(Reason::Malformed, "the file is larger than 256 KB".to_owned())),
            (_, true) => Err(fail(Reason::NotFound, "the file is empty".to_owned())),
            _ => Ok(Secret::new(plain)),
        }
    }

    /// Secrets of the environment are masked even where no flow asks for them.
    pub fn note_environment(&self) {
        for (name, value) in std::env::vars_os() {
            let (Some(name), Some(value)) = (name.to_str(), value.to_str()) else { continue };
            let is_known = |known: &str| if known.ends_with('_') { name.starts_with(known) } else { name == known };
            if OF_ENVIRONMENT.into_iter().any(is_known) && !value.is_empty() {
                note(&Secret::new(value), name);
            }
        }
    }
}

fn of_environment(name: &str, reference: &Reference) -> Result<Secret, SecretError> {
    match std::env::var(name) {
        Ok(value) if !value.is_empty() => Ok(Secret::new(value)),
        found => {
            let why = match found {
                Ok(_) => "the environment variable is empty",
                Err(VarError::NotUnicode(_)) => "the environment variable is not UTF-8",
                Err(VarError::NotPresent) => "the environment variable is not set",
            };
            Err(SecretError::new(reference.to_string(), Reason::NotFound, why))
        }
    }
}

/// From now on it is masked wherever something is written, and no other process may look into this one's memory.
pub(super) fn note(secret: &Secret, name: &str) {
    static ONCE: Once = Once::new();
    ONCE.call_once(forbid_looks);
    if !net::add([secret]) {
        tracing::warn!(
            "the secret `{name}` is too short to be told from ordinary text: it is not masked where a module writes it"
        );
    }
}

/// Neither a core dump nor a debugger of the same user gets at the process's memory.
#[cfg(target_os = "linux")]
fn forbid_looks() {
    use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
    // A system that does not let us keeps what it has.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}

#[cfg(not(target_os = "linux"))]
fn forbid_looks() {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
}
