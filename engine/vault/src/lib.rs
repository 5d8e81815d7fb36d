//! Secrets from HashiCorp Vault: logins, both versions of the KV engine, renewal, and errors that name the path.
//!
//! ```no_run
//! use pypeline_engine::secrets::Vault;
//! use pypeline_vault::{Settings, VaultClient};
//!
//! # async fn of() -> Result<(), pypeline_engine::secrets::SecretError> {
//! if let Some(settings) = Settings::from_env(|name| std::env::var(name).ok())? {
//!     let vault = VaultClient::new(settings);
//!     let found = vault.read("secret/team/db").await?;
//!     let password = found.get("password");
//! }
//! # Ok(())
//! # }
//! ```

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod answer;
mod client;
mod connection;
mod deadline;
mod environment;
mod failure;
mod kv;
mod lease;
mod login;
mod mounts;
mod question;
mod session;
mod settings;
mod trust;
mod wire;

pub use client::VaultClient;
pub use environment::VaultOfEnvironment;
pub use settings::Settings;

#[cfg(test)]
mod tests;
