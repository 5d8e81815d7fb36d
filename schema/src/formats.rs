//! The JSON Schemas of the files that people and other programs see, made from the types of this crate.

use crate::check_result::CheckResult;
use crate::checkpoint::Record;
use crate::dag::DagFile;
use crate::event::EventLine;
use crate::execution_metadata::ExecutionMetadata;
use crate::flow::FlowFile;
use crate::log_line::LogLine;
use crate::run_result::RunResult;
use schemars::{Schema, schema_for};

/// File name and schema of every format.
pub fn all() -> Vec<(&'static str, Schema)> {
    vec![
        ("flow.schema.json", schema_for!(FlowFile)),
        ("diagnostics.schema.json", schema_for!(CheckResult)),
        ("dag.schema.json", schema_for!(DagFile)),
        ("execution_metadata.schema.json", schema_for!(ExecutionMetadata)),
        ("checkpoint.schema.json", schema_for!(Record)),
        ("event.schema.json", schema_for!(EventLine)),
        ("log_line.schema.json", schema_for!(LogLine)),
        ("run_result.schema.json", schema_for!(RunResult)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    /// `UPDATE=1 cargo test -p pypeline-schema` writes the files anew.
    #[test]
    fn committed_schemas_are_current() {
        for (name, schema) in all() {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
            let text = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
            if std::env::var_os("UPDATE").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let committed = std::fs::read_to_string(&path).unwrap_or_default();
            assert!(committed == text, "{name} is not what the types say: run with UPDATE=1");
        }
    }
}
