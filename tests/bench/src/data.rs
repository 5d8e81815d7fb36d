//! The inputs: the same bytes on every machine, made once and kept in the work folder.

mod random;

pub mod customers;
pub mod notes;
pub mod rows;
pub mod small;
pub mod tables;
