//! Rows into rows, said in SQL and a few operators. Everything here lowers; neither Arrow nor an async runtime is linked.

#![cfg_attr(test, allow(clippy::unwrap_used))]

mod aggregate_mod;
mod cast_mod;
mod columns;
mod dates;
mod derive_mod;
mod explode_mod;
mod expression;
mod filter_mod;
mod implode_mod;
mod join_mod;
mod json_extract_mod;
mod map_mod;
mod named;
mod order;
mod patterns;
mod pivot_mod;
mod regex_extract_mod;
mod rejects;
mod replace_mod;
mod replicate_mod;
mod sample_mod;
mod schema_check_mod;
mod select_mod;
mod sort_mod;
mod split_mod;
mod sql_mod;
mod types;
mod union_mod;
mod unique_mod;
mod unpivot_mod;
mod window_mod;

use aggregate_mod::Aggregate;
use cast_mod::Cast;
use derive_mod::Derive;
use explode_mod::Explode;
use filter_mod::Filter;
use implode_mod::Implode;
use join_mod::JoinRows;
use json_extract_mod::JsonExtract;
use map_mod::Map;
use pivot_mod::PivotRows;
use regex_extract_mod::RegexExtract;
use replace_mod::Replace;
use replicate_mod::Replicate;
use sample_mod::SampleRows;
use schema_check_mod::SchemaCheck;
use select_mod::Select;
use sort_mod::Sort;
use split_mod::Split;
use sql_mod::Sql;
use union_mod::Union;
use unique_mod::Unique;
use unpivot_mod::UnpivotRows;
use window_mod::Window;

pypeline_sdk::export_plugin!(
    Aggregate,
    Cast,
    Derive,
    Explode,
    Filter,
    Implode,
    JoinRows,
    JsonExtract,
    Map,
    PivotRows,
    RegexExtract,
    Replace,
    Replicate,
    SampleRows,
    SchemaCheck,
    Select,
    Sort,
    Split,
    Sql,
    Union,
    Unique,
    UnpivotRows,
    Window
);
