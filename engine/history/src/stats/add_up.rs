//! Runs added up: a series per link and node, or what the next run will probably take.

use super::{Expected, LinkStats, NodeStats, Series, Stats, Unit, Usual, median};
use crate::model::{JobRef, Link, Node, Run};
use std::collections::BTreeMap;

/// A run with its links and nodes, for adding up.
pub(crate) type Parts = (Vec<Link>, Vec<Node>);

/// Rows and seconds, one of each per run.
type Values = [Vec<Option<f64>>; 2];

/// Adds up runs, the oldest first.
pub(crate) fn stats(job: JobRef, runs: Vec<(Run, Parts)>) -> Stats {
    let n = runs.len();
    let mut links: Vec<((String, String), Values)> = Vec::new();
    let mut nodes: Vec<((String, Option<String>), Values)> = Vec::new();
    let (mut link_at, mut node_at) = (BTreeMap::new(), BTreeMap::new());
    // The newest run first, so that its order is the order of the lists.
    for (at, (_, (run_links, run_nodes))) in runs.iter().enumerate().rev() {
        let seconds_of: BTreeMap<&str, Option<f64>> =
            run_nodes.iter().map(|node| (node.id.as_str(), node.seconds)).collect();
        for link in run_links {
            let key = (link.from.clone(), link.to.clone());
            let entry = *link_at.entry(key.clone()).or_insert(links.len());
            if entry == links.len() {
                links.push((key, [vec![None; n], vec![None; n]]));
            }
            let seconds = seconds_of.get(node_of(&link.to)).copied().flatten();
            set(links.get_mut(entry).map(|(_, series)| series), at, Some(link.rows as f64), seconds);
        }
        for node in run_nodes {
            let entry = *node_at.entry(node.id.clone()).or_insert(nodes.len());
            if entry == nodes.len() {
                nodes.push(((node.id.clone(), node.module.clone()), [vec![None; n], vec![None; n]]));
            }
            let rows = node.rows_out.map(|rows| rows as f64);
            set(nodes.get_mut(entry).map(|(_, series)| series), at, rows, node.seconds);
        }
    }
    let series = |[rows, seconds]: Values| (Series::new(rows, Unit::Rows), Series::new(seconds, Unit::Seconds));
    let link = |((from, to), values)| {
        let (rows, seconds) = series(values);
        LinkStats { from, to, rows, seconds }
    };
    let node = |((node, module), values)| {
        let (rows, seconds) = series(values);
        NodeStats { node, module, rows, seconds }
    };
    let runs: Vec<Run> = runs.into_iter().map(|(run, _)| run).collect();
    Stats {
        job,
        seconds: Series::new(runs.iter().map(|run| run.seconds).collect(), Unit::Seconds),
        links: links.into_iter().map(link).collect(),
        nodes: nodes.into_iter().map(node).collect(),
        runs,
    }
}

fn set(series: Option<&mut Values>, at: usize, rows: Option<f64>, seconds: Option<f64>) {
    let Some([of_rows, of_seconds]) = series else { return };
    for (values, value) in [(of_rows, rows), (of_seconds, seconds)] {
        if let Some(place) = values.get_mut(at) {
            *place = value;
        }
    }
}

/// The node of `node.port`; ids may have dots.
fn node_of(port: &str) -> &str {
    port.rsplit_once('.').map_or(port, |(node, _)| node)
}

/// A run's seconds, its parts, and name and seconds of each sub flow.
pub(crate) type Whole = (Option<f64>, Parts, Vec<(String, Option<f64>)>);

/// Medians of runs.
pub(crate) fn expected(runs: &[Whole]) -> Expected {
    type Found = (Vec<f64>, Vec<f64>);
    let mut links: BTreeMap<(String, String), Found> = BTreeMap::new();
    let mut sub_flows: BTreeMap<String, Found> = BTreeMap::new();
    for (_, (run_links, run_nodes), run_sub_flows) in runs {
        let mut seconds_of: BTreeMap<&str, f64> = BTreeMap::new();
        let mut rows_of: BTreeMap<&str, f64> = BTreeMap::new();
        for node in run_nodes {
            seconds_of.extend(node.seconds.map(|seconds| (node.id.as_str(), seconds)));
            if let (Some(sub_flow), Some(rows)) = (&node.sub_flow, node.rows_out) {
                *rows_of.entry(sub_flow).or_default() += rows as f64;
            }
        }
        for link in run_links {
            let (rows, seconds) = links.entry((link.from.clone(), link.to.clone())).or_default();
            rows.push(link.rows as f64);
            seconds.extend(seconds_of.get(node_of(&link.to)));
        }
        for (name, sub_flow_seconds) in run_sub_flows {
            let (rows, seconds) = sub_flows.entry(name.clone()).or_default();
            rows.push(rows_of.get(name.as_str()).copied().unwrap_or_default());
            seconds.extend(*sub_flow_seconds);
        }
    }
    let usual = |(rows, seconds): Found| Usual { rows: median(rows), seconds: median(seconds) };
    Expected {
        n_runs: runs.len(),
        seconds: median(runs.iter().filter_map(|(seconds, ..)| *seconds)),
        links: links.into_iter().map(|(key, found)| (key, usual(found))).collect(),
        sub_flows: sub_flows.into_iter().map(|(key, found)| (key, usual(found))).collect(),
    }
}
