//! By what the rows of an output are in order.

/// A column that rows are ordered by.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Its name.
    pub column: &'static str,
    /// The largest first.
    pub descending: bool,
}
