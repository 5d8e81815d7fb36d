//! What the server holds, behind one lock.

use crate::faults::Faults;
use crate::namespace::Contents;
use crate::tokens::Tokens;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The server's state, as its parts share it.
pub(crate) type Shared = Arc<Mutex<State>>;

/// A request that arrived.
#[derive(Debug, Clone)]
pub struct Seen {
    /// `GET`, `POST`.
    pub method: String,
    /// As in `/v1/secret/data/db`, decoded and without a query.
    pub path: String,
    /// The token that came with it.
    pub token: Option<String>,
    /// The namespace that it was for; empty for none.
    pub namespace: String,
    /// Its body as text.
    pub body: String,
}

pub(crate) struct State {
    /// By name; the root's is empty.
    pub namespaces: BTreeMap<String, Contents>,
    pub tokens: Tokens,
    pub faults: Faults,
    pub is_sealed: bool,
    pub seen: Vec<Seen>,
}

impl State {
    pub fn shared() -> Shared {
        let namespaces = BTreeMap::from([(String::new(), Contents::default())]);
        let state = Self {
            namespaces,
            tokens: Tokens::default(),
            faults: Faults::default(),
            is_sealed: false,
            seen: Vec::new(),
        };
        Arc::new(Mutex::new(state))
    }
}

pub(crate) fn lock(state: &Shared) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A path against a pattern, which may end in `*`.
pub(crate) fn fits(pattern: &str, path: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == path, |prefix| path.starts_with(prefix))
}
