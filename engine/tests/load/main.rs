//! Flows as files, and what checking them says of what they include.

mod includes;
mod project;
