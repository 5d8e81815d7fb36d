//! The commands, a file each: a command is a list of steps.

pub mod bench;
pub mod check;
pub mod demo;
pub mod nightly;
mod postgres;
pub mod setup;
pub mod test;
