//! The rules. Each gives all its violations at once, so that one run of the tests shows all the work.

pub mod coverage;
pub mod crates;
pub mod cycles;
pub mod files;
pub mod names;
pub mod pages;
pub mod stages;
pub mod top_level;
pub mod unsafety;
