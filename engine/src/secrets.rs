//! Secrets: where they come from, who holds them while a run goes on, and the net that keeps them out of what is written.
//!
//! A value is a [`Secret`](pypeline_schema::secret::Secret) from where it enters to where a module takes it. Since modules are
//! other people's code, and may say it in an error of their own, every writer of the engine also asks the [`net`].

mod error;
pub mod net;
mod patterns;
mod reference;

pub use error::{Reason, SecretError};
use pypeline_schema::secret::Secret;
pub use reference::Reference;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;

/// What lies at a path of a vault, by key.
pub type Found = BTreeMap<String, Secret>;

/// An answer to come.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Found, SecretError>> + Send + 'a>>;

/// Work that goes on beside a run.
pub type KeepAlive<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// A server that keeps secrets. It keeps to a deadline of its own: an answer comes, or an error.
pub trait Vault: Send + Sync {
    /// Reads all that lies at `path`, which begins with the mount: `secret/team/db`. Not cached: each call asks the server.
    fn read<'a>(&'a self, path: &'a str) -> Answer<'a>;

    /// Keeps a login alive over hours without a question; goes with the run.
    fn keep_alive(&self) -> KeepAlive<'_> {
        Box::pin(std::future::ready(()))
    }
}
