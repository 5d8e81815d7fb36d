//! What belongs to one namespace, and the handle by which a test fills it.

use crate::state::{Shared, State, lock};
use crate::tokens::Grant;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The version of a KV engine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kv {
    /// Secrets without versions.
    One,
    /// Each write makes a version.
    Two,
    /// No KV engine at all, but one of this type, which has nothing to read.
    Other(&'static str),
}

/// A namespace of the server.
pub struct Namespace {
    state: Shared,
    name: String,
}

#[derive(Default)]
pub(crate) struct Contents {
    pub mounts: BTreeMap<String, Mount>,
    pub policies: BTreeMap<String, Vec<String>>,
    pub app_roles: Vec<AppRole>,
    pub kubernetes_roles: Vec<KubernetesRole>,
}

pub(crate) struct Mount {
    pub kind: Kv,
    pub secrets: BTreeMap<String, Vec<Version>>,
}

#[derive(Clone)]
pub(crate) struct Version {
    pub data: Value,
    pub is_deleted: bool,
    pub is_destroyed: bool,
}

pub(crate) struct AppRole {
    pub mount: String,
    pub role_id: String,
    pub secret_id: String,
    /// Logins that are left to the secret id.
    pub uses: Option<usize>,
    pub grant: Grant,
}

pub(crate) struct KubernetesRole {
    pub mount: String,
    pub role: String,
    pub jwt: String,
    pub grant: Grant,
}

impl Namespace {
    pub(crate) fn new(state: Shared, name: &str) -> Self {
        let name = name.trim_matches('/').to_owned();
        lock(&state).namespaces.entry(name.clone()).or_default();
        Self { state, name }
    }

    fn change<T>(&self, change: impl FnOnce(&mut Contents) -> T) -> T {
        change(lock(&self.state).namespaces.entry(self.name.clone()).or_default())
    }

    fn version(&self, path: &str, change: impl FnOnce(&mut Version)) {
        self.change(|contents| {
            let found = contents.mount_of(path);
            if let Some(version) = found.and_then(|(mount, rest)| mount.secrets.get_mut(&rest)?.last_mut()) {
                change(version);
            }
        });
    }

    /// Mounts an engine: `secret`, `teams/a/kv`.
    pub fn mount(&self, path: &str, kind: Kv) {
        let mount = Mount { kind, secrets: BTreeMap::new() };
        self.change(|contents| contents.mounts.insert(path.trim_matches('/').to_owned(), mount));
    }

    /// Writes a secret to a path that begins with a mount: a new version, or in place of what was there. Nothing happens where
    /// there is no mount.
    pub fn put(&self, path: &str, data: Value) {
        self.change(|contents| {
            let Some((mount, rest)) = contents.mount_of(path) else { return };
            let versions = mount.secrets.entry(rest).or_default();
            if mount.kind == Kv::One {
                versions.clear();
            }
            versions.push(Version { data, is_deleted: false, is_destroyed: false });
        });
    }

    /// Deletes the latest version of a secret; it can be undeleted.
    pub fn delete(&self, path: &str) {
        self.version(path, |version| version.is_deleted = true);
    }

    /// Destroys the latest version of a secret.
    pub fn destroy(&self, path: &str) {
        self.version(path, |version| version.is_destroyed = true);
    }

    /// Makes a policy that lets paths of the API be read, without `/v1/`: `secret/data/team/*`.
    pub fn policy(&self, name: &str, paths: &[&str]) {
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        self.change(|contents| contents.policies.insert(name.to_owned(), paths));
    }

    /// Makes a token of this text.
    pub fn token(&self, token: &str, grant: Grant) {
        lock(&self.state).tokens.add(token, &self.name, grant);
    }

    /// Lets an AppRole log in at `auth/approle`.
    pub fn app_role(&self, role_id: &str, secret_id: &str, grant: Grant) {
        self.app_role_at("approle", role_id, secret_id, None, grant);
    }

    /// The same at another mount of the method, where the secret id is good for so many logins.
    pub fn app_role_at(&self, mount: &str, role_id: &str, secret_id: &str, uses: Option<usize>, grant: Grant) {
        let [mount, role_id, secret_id] = [mount, role_id, secret_id].map(str::to_owned);
        self.change(|contents| contents.app_roles.push(AppRole { mount, role_id, secret_id, uses, grant }));
    }

    /// Lets a service account log in at `auth/kubernetes`, by its JWT.
    pub fn kubernetes_role(&self, role: &str, jwt: &str, grant: Grant) {
        let [mount, role, jwt] = ["kubernetes", role, jwt].map(str::to_owned);
        self.change(|contents| contents.kubernetes_roles.push(KubernetesRole { mount, role, jwt, grant }));
    }
}

impl Contents {
    /// The mount of a path and what follows it.
    pub fn mount_of(&mut self, path: &str) -> Option<(&mut Mount, String)> {
        let path = path.trim_matches('/');
        let fits = |mount: &str| path.strip_prefix(mount).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        let mount = self.mounts.keys().filter(|mount| fits(mount)).max_by_key(|mount| mount.len())?.clone();
        let rest = path.get(mount.len()..).unwrap_or_default().trim_matches('/').to_owned();
        Some((self.mounts.get_mut(&mount)?, rest))
    }

    /// The name of the mount of a path.
    pub fn mount_name(&mut self, path: &str) -> Option<String> {
        let length = path.len();
        let (_, rest) = self.mount_of(path)?;
        Some(path.get(..length - rest.len())?.trim_matches('/').to_owned())
    }

    /// Whether one of the policies lets the path be read.
    pub fn allows(&self, policies: &[String], path: &str) -> bool {
        let by_policy = |name: &String| match name.as_str() {
            "root" => true,
            "default" => matches!(path, "auth/token/lookup-self" | "auth/token/renew-self"),
            name => self
                .policies
                .get(name)
                .is_some_and(|paths| paths.iter().any(|pattern| crate::state::fits(pattern, path))),
        };
        policies.iter().any(by_policy)
    }

    /// Whether one of the policies has anything to do with a mount, as the real server asks before it says what is mounted.
    pub fn touches(&self, policies: &[String], mount: &str) -> bool {
        let prefix = format!("{mount}/");
        policies.iter().any(|name| {
            name == "root"
                || self.policies.get(name).is_some_and(|paths| {
                    paths.iter().any(|path| path.starts_with(&prefix) || prefix.starts_with(path.trim_end_matches('*')))
                })
        })
    }
}

impl State {
    /// The contents of a namespace.
    pub(crate) fn contents(&mut self, namespace: &str) -> Option<&mut Contents> {
        self.namespaces.get_mut(namespace)
    }
}

impl Version {
    /// What the real server says of a version.
    pub fn metadata(&self, number: usize) -> Map<String, Value> {
        let deleted = if self.is_deleted { "2026-03-02T08:00:00.123456789Z" } else { "" };
        let metadata = serde_json::json!({
            "created_time": "2026-03-01T12:30:00.123456789Z",
            "custom_metadata": null,
            "deletion_time": deleted,
            "destroyed": self.is_destroyed,
            "version": number,
        });
        metadata.as_object().cloned().unwrap_or_default()
    }
}
