//! Rows into rows, said in SQL. Everything here lowers; neither Arrow nor an async runtime is linked.

mod filter_mod;
mod sql_mod;

use filter_mod::Filter;
use sql_mod::Sql;

pypeline_sdk::export_plugin!(Filter, Sql);
