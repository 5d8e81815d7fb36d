//! The vault that the process's environment names, looked at when the first secret is asked for: a run that needs none is not held
//! up by a setting that is wrong.

use crate::client::VaultClient;
use crate::settings::Settings;
use pypeline_engine::secrets::{Answer, KeepAlive, Reason, SecretError, Vault};
use tokio::sync::SetOnce;

/// Where nothing is set, every secret is an error that says what to set.
#[derive(Default)]
pub struct VaultOfEnvironment(SetOnce<Result<VaultClient, SecretError>>);

impl VaultOfEnvironment {
    fn client(&self) -> Result<&VaultClient, SecretError> {
        if self.0.get().is_none() {
            let opened = Settings::from_env(|name| std::env::var(name).ok()).and_then(|settings| {
                let missing = SecretError::new("vault://", Reason::Setup, "no vault is known");
                let help = "set VAULT_ADDR, and VAULT_TOKEN or another login (PYPE_VAULT_AUTH)";
                settings.map(VaultClient::new).ok_or_else(|| missing.help(help))
            });
            // Somebody else may have been first, with the same environment.
            let _ = self.0.set(opened);
        }
        match self.0.get() {
            Some(opened) => opened.as_ref().map_err(Clone::clone),
            None => Err(SecretError::new("vault://", Reason::Setup, "no vault is known")),
        }
    }
}

impl Vault for VaultOfEnvironment {
    fn read<'a>(&'a self, path: &'a str) -> Answer<'a> {
        Box::pin(async move { self.client()?.read(path).await })
    }

    fn keep_alive(&self) -> KeepAlive<'_> {
        Box::pin(async move {
            if let Ok(client) = self.0.wait().await {
                client.keep_alive().await;
            }
        })
    }
}
