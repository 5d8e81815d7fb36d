//! The same against a real server, where one is named.

use super::support::at;
use crate::{Settings, VaultClient};
use pypeline_engine::secrets::Vault;

/// Logs in as the other variables say, and reads `PYPE_TEST_VAULT_PATH`, or what a development server can be given by
/// `vault kv put secret/pype/test password=correct`.
#[tokio::test]
async fn a_real_server_is_read() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    // Not VAULT_ADDR: that may be the one people work with.
    let Some(address) = variable("PYPE_TEST_VAULT_ADDR") else {
        println!("skipped: PYPE_TEST_VAULT_ADDR names no real Vault to test with");
        return;
    };
    let lookup = |name: &str| if name == "VAULT_ADDR" { Some(address.clone()) } else { variable(name) };
    let settings = Settings::from_env(lookup).unwrap_or_else(|error| panic!("{error}"));
    let client = VaultClient::new(settings.unwrap_or_else(|| panic!("there is no address")));
    match variable("PYPE_TEST_VAULT_PATH") {
        Some(path) => {
            let found = client.read(&path).await.unwrap_or_else(|error| panic!("{error}"));
            assert!(!found.is_empty());
        }
        None => {
            let found = client.read("secret/pype/test").await.unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(at(&found, "password"), "correct");
        }
    }
}
