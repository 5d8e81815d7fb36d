//! The seam from outside: processes that are killed, disks that fail, other umasks, and bugs planted on purpose.

#![cfg(test)]
#![allow(clippy::disallowed_methods)] // What is tested is looked at by other means.

mod acts;
mod child;
mod faults;
mod modes;
#[cfg(feature = "planted-bugs")]
mod planted;
