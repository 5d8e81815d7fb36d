//! What a value costs, and what may be spent.

use super::super::budget::{self, MOST_MODULES, MOST_REPEATED_BYTES, MOST_VALUES, VALUES_OF_A_MODULE};

/// What a value and all in it cost where they are repeated.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weight {
    values: u32,
    bytes: u32,
    depth: u32,
}

impl Weight {
    /// One value with nothing in it.
    pub fn of_value() -> Self {
        Self { values: 1, bytes: 0, depth: 0 }
    }

    /// One text.
    pub fn of_text(bytes: usize) -> Self {
        Self { bytes: u32::try_from(bytes).unwrap_or(u32::MAX), ..Self::of_value() }
    }

    /// Something more is in it, under a key of so many bytes.
    pub fn hold(&mut self, inner: Self, key: usize) {
        self.values = self.values.saturating_add(inner.values);
        self.bytes = self.bytes.saturating_add(inner.bytes).saturating_add(u32::try_from(key).unwrap_or(u32::MAX));
        self.depth = self.depth.max(inner.depth.saturating_add(1));
    }

    /// One value that is as deep.
    pub fn of_another(self) -> Self {
        Self { depth: self.depth, ..Self::of_value() }
    }

    /// Lists and mappings within it.
    pub fn depth(self) -> usize {
        usize::try_from(self.depth).unwrap_or(usize::MAX)
    }
}

/// What has been spent.
#[derive(Debug, Default)]
pub struct Spent {
    values: usize,
    repeated_bytes: usize,
    modules: usize,
}

impl Spent {
    /// One more value; the error says what is too much.
    pub fn value(&mut self) -> Result<(), String> {
        self.values += 1;
        self.is_within()
    }

    /// A module, which makes room.
    pub fn module(&mut self) {
        self.modules += 1;
    }

    /// A value once more.
    pub fn again(&mut self, weight: Weight) -> Result<(), String> {
        let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
        self.values = self.values.saturating_add(number(weight.values));
        self.repeated_bytes = self.repeated_bytes.saturating_add(number(weight.bytes));
        if self.repeated_bytes > MOST_REPEATED_BYTES {
            return Err(format!("aliases repeat more than {} MB of text", MOST_REPEATED_BYTES >> 20));
        }
        self.is_within()
    }

    fn is_within(&self) -> Result<(), String> {
        let most = MOST_VALUES + VALUES_OF_A_MODULE * self.modules.min(MOST_MODULES);
        if self.values <= most {
            return Ok(());
        }
        Err(format!(
            "more than {} values: a flow has at most {}, and {VALUES_OF_A_MODULE} more for each module",
            budget::in_words(most),
            budget::in_words(MOST_VALUES)
        ))
    }
}
