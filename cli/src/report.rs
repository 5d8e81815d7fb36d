//! What a run came to, for people: the closing table, the verdict, and every failure with its place.

use crate::render::{fault, grouped, is_narrow, line_as_it_is as line, new_table, talk};
use comfy_table::CellAlignment;
use pypeline_schema::run_result::{FailureResult, NodeResult, RunResult, State, SubFlowResult};
use std::path::Path;

/// Failures shown one by one; the record of the run has more.
const SHOWN: usize = 20;

const ERROR: &str = "\u{1b}[31merror\u{1b}[0m";
const HANDLED: &str = "\u{1b}[33mhandled\u{1b}[0m";

/// The closing table of a run, and the failures below it.
pub fn run_result(result: &RunResult, job: &Path) {
    let has_loops = result.sub_flows.iter().any(|sub_flow| sub_flow.runs + sub_flow.restored > 1);
    let rows = result.sub_flows.iter().flat_map(|sub_flow| {
        sub_flow.nodes.iter().enumerate().map(move |(at, node)| node_row(sub_flow, at == 0, node, has_loops))
    });
    let mut header = vec!["sub flow", "node", "module", "state", "rows in", "rows out", "rejected", "stage", "seconds"];
    if has_loops {
        header.insert(1, "runs");
    }
    let mut rows: Vec<Vec<String>> = rows.collect();
    let nodes = || result.sub_flows.iter().flat_map(|sub_flow| &sub_flow.nodes);
    if nodes().any(|node| node.rows_filtered.is_some_and(|rows| rows > 0))
        && let Some(at) = header.iter().position(|name| *name == "rejected")
    {
        header.insert(at + 1, "filtered");
        for (row, node) in rows.iter_mut().zip(nodes()) {
            row.insert(at + 1, node.rows_filtered.filter(|rows| *rows > 0).map_or_else(String::new, grouped));
        }
    }
    if is_narrow() {
        // What the flow says of itself gives way to what the run did.
        for name in ["module", "stage"] {
            let Some(at) = header.iter().position(|known| *known == name) else { continue };
            header.remove(at);
            rows.iter_mut().for_each(|row| drop(row.remove(at)));
        }
    }
    let mut table = new_table(&header, rows);
    for (at, name) in header.iter().enumerate() {
        if !["sub flow", "runs", "node", "module", "state"].contains(name)
            && let Some(column) = table.column_mut(at)
        {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    line(&table.to_string());
    let state = match result.state {
        State::Succeeded => "\u{1b}[32msucceeded\u{1b}[0m",
        State::Cancelled => "\u{1b}[33mcancelled\u{1b}[0m",
        _ => "\u{1b}[31mfailed\u{1b}[0m",
    };
    let memory = result.peak_rss_bytes / (1024 * 1024);
    let handled = match result.n_handled {
        0 => String::new(),
        n => format!(" ({} handled)", counted(n, "failure")),
    };
    let seconds = result.seconds;
    let resumes = result.resumes.as_ref().map_or_else(String::new, |run| format!(", going on with run {run}"));
    line(&format!(
        "{} {state}{handled} in {seconds:.3} s, peak memory {memory} MB, run {}{resumes}",
        result.job, result.run_id
    ));
    failures(result, job);
}

/// What went wrong, and nothing else.
pub fn failures(result: &RunResult, job: &Path) {
    if let Some(found) = &result.fault {
        fault(ERROR, &result.job, found, None);
    }
    for failure in result.failures.iter().take(SHOWN) {
        show(failure, result, job);
    }
    let more = result.n_failures.saturating_sub(SHOWN as u64);
    if more > 0 {
        let place = result.record.as_ref().map_or_else(String::new, |record| format!(": see `{record}`"));
        talk(&format!("{} more{place}", counted(more, "failure")));
    }
    if let Some(command) = &result.resume {
        talk(&format!("to go on where it stands: {command}"));
    }
}

fn counted(n: u64, word: &str) -> String {
    format!("{} {word}{}", grouped(n), if n == 1 { "" } else { "s" })
}

fn show(failure: &FailureResult, result: &RunResult, job: &Path) {
    let place = format!("{}:{}", job.join(format!("{}.yaml", result.job)).display(), failure.line);
    let nodes = result.sub_flows.iter().flat_map(|sub_flow| &sub_flow.nodes);
    let node = nodes.into_iter().find(|node| node.id == failure.node);
    let module = node.map_or_else(String::new, |node| format!(" ({} in {})", node.module, node.library));
    let path: Vec<String> = failure.iter.iter().map(u64::to_string).collect();
    let item = match &failure.item {
        Some(item) => format!(", item {} `{item}`", path.join("/")),
        None => String::new(),
    };
    let word = if failure.handled { HANDLED } else { ERROR };
    fault(word, &format!("node `{}`{module}{item}", failure.node), &failure.fault, Some(&place));
}

fn node_row(sub_flow: &SubFlowResult, is_first: bool, node: &NodeResult, has_loops: bool) -> Vec<String> {
    let number = |n: Option<u64>| n.map_or_else(String::new, grouped);
    let first = |text: String| if is_first { text } else { String::new() };
    let mut row = vec![
        first(sub_flow.name.clone()),
        node.id.clone(),
        node.module.clone(),
        node.state.as_str().to_owned(),
        number(node.rows_in),
        number(node.rows_out),
        number(node.rows_rejected),
        node.stage.map_or_else(String::new, |stage| stage.to_string()),
        node.seconds.map_or_else(String::new, |seconds| format!("{seconds:.3}")),
    ];
    if has_loops {
        let restored = match sub_flow.restored {
            0 => String::new(),
            n => format!(" + {} restored", grouped(n)),
        };
        row.insert(1, first(format!("{}{restored}", grouped(sub_flow.runs))));
    }
    row
}
