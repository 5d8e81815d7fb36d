//! Why a sub flow starts when it does: the links that reach it, and how it joins.

use pypeline_schema::execution_metadata::{ExecutionMetadata, Join, SubFlowLink};
use serde::Serialize;
use std::collections::HashMap;

/// When a sub flow starts.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Start {
    /// The links that reach it; none for one that starts with the run.
    pub links: Vec<SubFlowLink>,
    /// How it decides where there are several.
    pub join: Join,
}

impl Start {
    /// In words: `at the beginning`, `load (1|ok)`, `all of a (1|), b (1|)`.
    pub fn in_words(&self) -> String {
        let links: Vec<String> = self.links.iter().map(link).collect();
        let how = match self.join {
            Join::Clean => "unless one is blocked: ",
            Join::All => "all of: ",
            Join::Any => "any of: ",
        };
        match links.as_slice() {
            [] => "at the beginning".to_owned(),
            [link] => link.clone(),
            links => format!("{how}{}", links.join(", ")),
        }
    }
}

fn link(link: &SubFlowLink) -> String {
    let condition = if link.condition == "ok" { "" } else { link.condition.as_str() };
    let node = if link.node == link.from { String::new() } else { format!(" at {}", link.node) };
    format!("{} ({}|{condition}){node}", link.from, link.order)
}

/// Per sub flow when it starts.
pub(super) fn starts(metadata: &ExecutionMetadata) -> Vec<Start> {
    let mut links: HashMap<&str, Vec<SubFlowLink>> = HashMap::new();
    for link in &metadata.control {
        links.entry(&link.to).or_default().push(link.clone());
    }
    let start = |sub_flow: &pypeline_schema::execution_metadata::SubFlowMetadata| Start {
        links: links.remove(sub_flow.name.as_str()).unwrap_or_default(),
        join: sub_flow.join,
    };
    metadata.sub_flows.iter().map(start).collect()
}
