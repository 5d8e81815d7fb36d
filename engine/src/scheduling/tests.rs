//! Tests of the scheduler: each rule on small flows, and random flows against a sequential model and against invariants.

mod checks;
mod driver;
mod flow;
mod limits;
mod model;
mod properties;
mod random;
mod rules;
