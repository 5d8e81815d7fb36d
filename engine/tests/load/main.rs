//! Flows as files, and what checking them says: of what they include, of hostile ones, and of how much is said.

mod hostile;
mod includes;
mod project;
