//! A client by its environment, and what every error has to be.

use crate::{Settings, VaultClient};
use pypeline_engine::secrets::{Found, Reason, SecretError, Vault};
use serde_json::json;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};
use vault_server::{Grant, Kv, VaultServer};

pub const TOKEN: &str = "hvs.CAESIThisIsTheTokenOfTheTests";
pub const PASSWORD: &str = "correct horse battery staple";
pub const PATH: &str = "secret/team/db";

/// An environment.
#[derive(Clone)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// One with a server's address, no home, and nothing else.
    pub fn of(server: &VaultServer) -> Self {
        Self(BTreeMap::new()).set("VAULT_ADDR", &server.address()).set("PYPE_VAULT_DEADLINE", "20")
    }

    /// The same with the tests' token.
    pub fn with_token(server: &VaultServer) -> Self {
        Self::of(server).set("VAULT_TOKEN", TOKEN)
    }

    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.0.insert(name.to_owned(), value.to_owned());
        self
    }

    pub fn settings(&self) -> Result<Option<Settings>, SecretError> {
        Settings::from_env(|name| self.0.get(name).cloned())
    }

    pub fn client(&self) -> VaultClient {
        VaultClient::new(self.ready())
    }

    pub fn ready(&self) -> Settings {
        match self.settings() {
            Ok(Some(settings)) => settings,
            Ok(None) => panic!("there is no VAULT_ADDR"),
            Err(error) => panic!("{error}"),
        }
    }
}

/// A server with a secret in a KV engine of version 2, and a token that may read it.
pub fn server() -> VaultServer {
    filled(VaultServer::start().unwrap())
}

pub fn filled(server: VaultServer) -> VaultServer {
    server.root.mount("secret", Kv::Two);
    server.root.put(PATH, json!({"password": PASSWORD, "port": 5432}));
    server.root.policy("reader", &["secret/data/team/*"]);
    server.root.token(TOKEN, Grant::of(&["reader"]));
    server
}

/// The text at a key.
pub fn at<'a>(found: &'a Found, key: &str) -> &'a str {
    found.get(key).map_or_else(|| panic!("no {key}"), |secret| secret.expose())
}

pub async fn password(client: &VaultClient) -> String {
    match client.read(PATH).await {
        Ok(found) => at(&found, "password").to_owned(),
        Err(error) => panic!("{error}"),
    }
}

/// Reads what cannot be read: the error has this reason, names the path, and says no secret.
pub async fn refused(client: &VaultClient, path: &str, reason: Reason) -> SecretError {
    let Err(error) = client.read(path).await else { panic!("{path} was read") };
    assert_eq!(error.reason, reason, "{error}");
    assert_eq!(error.place, format!("vault://{path}"));
    assert!(error.to_string().contains(path), "{error}");
    is_silent(&error);
    error
}

pub fn is_silent(error: &SecretError) {
    let text = format!("{error} {error:?}");
    for secret in [TOKEN, PASSWORD, SECRET_ID, JWT, "hvs.CAESI"] {
        assert!(!text.contains(secret), "{text}");
    }
}

pub const SECRET_ID: &str = "0a1b2c3d-secret-id-of-the-tests";
pub const JWT: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJwb2QifQ.c2lnbmF0dXJl";

/// What is read fails within a multiple of its deadline that no machine is too slow for.
pub async fn refused_in_time(environment: Environment, reason: Reason) -> SecretError {
    let client = environment.set("PYPE_VAULT_DEADLINE", "1.5").client();
    let begun = Instant::now();
    let error = refused(&client, PATH, reason).await;
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    error
}
