//! Tests of the scheduler: each rule on small flows, and random flows against a sequential model and against invariants.

mod checks;
pub(crate) mod driver;
pub(crate) mod flow;
mod limits;
mod model;
mod properties;
pub(crate) mod random;
mod rules;
