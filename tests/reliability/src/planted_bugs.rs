//! placeholder until the table is there, so that the rest compiles
