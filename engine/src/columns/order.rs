//! An order in which nodes could run.

use pypeline_schema::execution_metadata::SubFlowMetadata;
use std::collections::{HashMap, HashSet};

/// Sub flows in their static order, nodes in their waves, by index. What no order holds comes last: it will not run.
pub fn order<'a>(
    ids: impl Iterator<Item = &'a str>,
    sub_flows: &[SubFlowMetadata],
    static_order: impl Iterator<Item = usize>,
) -> Vec<usize> {
    let by_id: HashMap<&str, usize> = ids.enumerate().map(|(at, id)| (id, at)).collect();
    let mut seen = HashSet::new();
    static_order
        .chain(0..sub_flows.len())
        .filter(|sub_flow| seen.insert(*sub_flow))
        .filter_map(|sub_flow| sub_flows.get(sub_flow))
        .flat_map(|sub_flow| sub_flow.waves.iter().flatten())
        .filter_map(|id| by_id.get(id.as_str()).copied())
        .collect()
}
