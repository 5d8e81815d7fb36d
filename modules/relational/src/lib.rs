//! Rows into rows, said in SQL. Everything here lowers; neither Arrow nor an async runtime is linked.

mod filter_mod;

use filter_mod::Filter;

pypeline_sdk::export_plugin!(Filter);
