//! The rows family of modules: rows written in a flow, items of loops, and lists of files.

mod file_list;
mod inline;
mod loops;
