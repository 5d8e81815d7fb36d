//! Rows made and shown in our own code. These modules run: Arrow is linked here, and in no family that only lowers.

mod generate_source;
mod log_rows_mod;

use generate_source::Generate;
use log_rows_mod::LogRows;

pypeline_sdk::export_plugin!(Generate, LogRows);
