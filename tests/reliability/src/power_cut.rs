//! What a disk may hold after the power has failed: from the trace of a run, every state between two operations, with all or
//! some of what was not synced lost, halved or empty.
//!
//! [`trace`] is what the run did, [`disk`] what a disk knows by then (what programs see, and what is safe), [`states`] the
//! states that a cut may leave, and [`cuts`] all of them over a whole run, each once.

pub mod cuts;
pub mod disk;
pub mod states;
pub mod trace;
