//! Rows made and shown in our own code. These modules run: Arrow is linked here, and in no family that only lowers.

#![cfg_attr(test, allow(clippy::disallowed_methods))]

mod assert_mod;
mod batches;
mod date_texts;
mod file_list_source;
mod file_walk;
mod generate_source;
mod inline_source;
mod json_columns;
mod json_rows;
mod log_rows_mod;
mod loop_source;

use assert_mod::Assert;
use file_list_source::FileList;
use generate_source::Generate;
use inline_source::Inline;
use log_rows_mod::LogRows;
use loop_source::Loop;

pypeline_sdk::export_plugin!(Assert, FileList, Generate, Inline, LogRows, Loop);
