//! YAML text to a JSON value, with the place of every key and value.
//!
//! Only this file and those below it know which YAML library is used.

mod include;
mod mapping;
mod places;
mod reader;
mod scalars;
mod syntax;
mod weight;
mod words;

use crate::diagnostics::{Diagnostic, Source};
pub use include::Includes;
pub use places::{Bytes, Positions, Written};
use serde_json::Value;
pub use syntax::missing_blank;

/// What a flow is, as far as it could be read.
pub struct Parsed {
    /// Its value; none where the text has no meaning, which is told.
    pub value: Option<Value>,
    /// The places of it all.
    pub positions: Positions,
    /// What is wrong.
    pub findings: Vec<Diagnostic>,
    /// Numbers that are written with zeros in front.
    pub leading_zeros: Vec<Bytes>,
    /// A part is missing, which is told: what hangs on it is not to be asked.
    pub is_incomplete: bool,
}

/// Reads a flow with what it includes.
pub fn parse(source: Source, includes: &mut Includes) -> Parsed {
    reader::read(source, includes)
}

/// A key as a token of a JSON pointer (RFC 6901).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

#[cfg(test)]
mod tests;
