//! Rows and seconds of a job's successful runs over time, and what is unusual in the last one.

use super::words::{seconds, span, table};
use crate::args::{Global, Output};
use crate::render::{self, grouped, line};
use pypeline_history::stats::{Series, Stats};
use pypeline_history::time;
use std::collections::BTreeSet;

/// Runs that a sparkline shows.
const WIDTH: usize = 24;

const BARS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Shows what a job's runs were like.
pub fn show(global: &Global, stats: &Stats) {
    if global.output == Output::Json {
        render::json(stats);
        return;
    }
    let (Some(first), Some(last)) = (stats.runs.first(), stats.runs.last()) else {
        line(&format!("{} has no successful runs", stats.job.name));
        return;
    };
    let links =
        stats.links.iter().map(|link| entry(format!("{} -> {}", link.from, link.to), &link.rows, &link.seconds));
    let ends: BTreeSet<&str> =
        stats.links.iter().flat_map(|link| [&link.from, &link.to]).map(|port| node_of(port)).collect();
    // Nodes with links are in the table of links already.
    let alone = stats.nodes.iter().filter(|node| !ends.contains(node.node.as_str()));
    let nodes: Vec<_> = alone.map(|node| entry(node.node.clone(), &node.rows, &node.seconds)).collect();
    let header = |what| [what, "rows over time", "last", "median", "seconds over time", "last", "median", "unusual"];
    let right = [2, 3, 5, 6];
    if !stats.links.is_empty() {
        table(&header("link"), links.collect(), &right);
    }
    if !nodes.is_empty() {
        table(&header("node"), nodes, &right);
    }
    let runs = render::count(stats.runs.len(), "successful run");
    let (since, until) = (time::local(&first.started_at), time::local(&last.started_at));
    line(&format!("{}: {runs} from {since} to {until}", stats.job.name));
    let (took, usual) = (value(stats.seconds.last, span), value(stats.seconds.median, span));
    let unusual = stats.seconds.anomaly.map_or_else(String::new, |anomaly| format!(", {}", anomaly.text()));
    line(&format!("whole run: {} last {took}, median {usual}{unusual}", sparkline(&stats.seconds.values)));
}

/// The node of `node.port`; ids may have dots.
fn node_of(port: &str) -> &str {
    port.rsplit_once('.').map_or(port, |(node, _)| node)
}

fn entry(name: String, rows: &Series, took: &Series) -> Vec<String> {
    let count = |rows: f64| grouped(rows.round().max(0.0) as u64);
    let of_rows = rows.anomaly.map(|anomaly| format!("! rows: {}", anomaly.text()));
    let of_seconds = took.anomaly.map(|anomaly| format!("! seconds: {}", anomaly.text()));
    let unusual: Vec<String> = of_rows.into_iter().chain(of_seconds).collect();
    vec![
        name,
        sparkline(&rows.values),
        value(rows.last, count),
        value(rows.median, count),
        sparkline(&took.values),
        value(took.last, seconds),
        value(took.median, seconds),
        unusual.join(", "),
    ]
}

fn value(value: Option<f64>, text: impl Fn(f64) -> String) -> String {
    value.map_or_else(String::new, text)
}

/// The last values as bars, from the least to the greatest of them; a dot where there is none.
fn sparkline(values: &[Option<f64>]) -> String {
    let shown: Vec<Option<f64>> = values.iter().copied().skip(values.len().saturating_sub(WIDTH)).collect();
    let known = || shown.iter().copied().flatten();
    let (least, most) = (known().fold(f64::INFINITY, f64::min), known().fold(f64::NEG_INFINITY, f64::max));
    if known().next().is_none() {
        return String::new();
    }
    let bar = |value: &Option<f64>| match value {
        None => '·',
        // All alike is in the middle.
        Some(_) if most <= least => BARS.get(3).copied().unwrap_or_default(),
        Some(value) => {
            let at = ((value - least) / (most - least) * (BARS.len() - 1) as f64).round() as usize;
            BARS.get(at).copied().unwrap_or_default()
        }
    };
    shown.iter().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_go_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[Some(0.0), Some(7.0), None, Some(3.0)]), "▁█·▄");
        assert_eq!(sparkline(&[Some(5.0), Some(5.0)]), "▄▄");
        assert_eq!(sparkline(&[None, None]), "");
        assert_eq!(sparkline(&vec![Some(1.0); 100]).chars().count(), WIDTH);
    }
}
