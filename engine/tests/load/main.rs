//! Flows as files, and what checking them says of what they include.

#![allow(clippy::disallowed_methods, clippy::unwrap_used)] // Tests set the scene by the plainest means.

mod includes;
mod project;
