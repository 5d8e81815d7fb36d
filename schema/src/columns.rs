//! What is asked of a module that runs, before it runs: which columns its output ports will have.

use crate::fields::Field;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// Columns by port; none where they are not known before the run.
pub type Columns = BTreeMap<String, Option<Vec<Field>>>;

/// The question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnsRequest {
    /// The node's configuration, defaults applied, templates resolved.
    pub config: Value,
    /// The linked input ports.
    pub inputs: Columns,
}

/// The answer. A port that is not named is not known.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ColumnsAnswer {
    /// The output ports.
    #[serde(default)]
    pub outputs: Columns,
}
