//! What a run is likely to bring, by what earlier runs have: looked up in the history when a line first wants to say it, as most runs
//! are over before that.

use super::lock;
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// Rows by the texts of a link's ports.
pub type Rows = HashMap<(String, String), u64>;

type Look = Box<dyn FnOnce() -> Option<Rows> + Send>;

/// Rows that earlier runs have brought through each link.
pub struct Expected {
    look: Mutex<Option<Look>>,
    found: OnceLock<Rows>,
}

impl Expected {
    /// `look` is called once, or never.
    pub fn new(look: impl FnOnce() -> Option<Rows> + Send + 'static) -> Self {
        Self { look: Mutex::new(Some(Box::new(look))), found: OnceLock::new() }
    }

    /// Looks it up, on a thread that may wait for the history. Where there is none, nothing is expected.
    pub fn look(&self) {
        let look = lock(&self.look).take();
        if let Some(found) = look.and_then(|look| look()) {
            // Nobody else looks.
            let _ = self.found.set(found);
        }
    }

    /// Rows of a link, as far as that is known by now.
    pub fn of(&self, from: &str, to: &str) -> Option<u64> {
        self.found.get()?.get(&(from.to_owned(), to.to_owned())).copied()
    }
}
