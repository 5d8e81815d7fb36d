//! Proves the layers of the project by reading its source tree: what docs/architecture.md says stays true.
//!
//! In reading order: [`tree`] reads the files, [`code`] blanks comments and strings, [`tokens`] and [`paths`] see what is
//! left, [`manifest`] reads Cargo.toml files, [`graph`] finds cycles, [`test_paths`] finds tests by their paths, [`coverage`]
//! reads docs/spec-coverage.md, and [`rules`] has the rules themselves, each a function from files to a list of violations.
//! `tests/repository.rs` asks that all those lists be empty.

pub mod tree;
pub mod code;
pub mod tokens;
pub mod paths;
pub mod manifest;
pub mod graph;
pub mod test_paths;
pub mod coverage;
pub mod rules;
