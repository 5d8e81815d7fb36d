//! Flows as files, and what checking them says of what they include.

#![cfg(test)]
#![allow(clippy::disallowed_methods)] // Tests set the scene by the plainest means.

mod includes;
mod project;
