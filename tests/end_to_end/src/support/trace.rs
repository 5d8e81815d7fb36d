//! The event log of a run in the short notation of docs/scheduler.md, and traces in which some lines happen at the same time.

use super::Project;
use super::record::Record;
use super::run::Run;
use serde_json::Value;
use std::collections::BTreeMap;

/// What a trace shows beside the rest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Show {
    /// Attempts that begin.
    pub starts: bool,
    /// Control links.
    pub links: bool,
}

/// What nodes have logged, by node and the indices of the items around.
type Said = BTreeMap<(String, String), Vec<String>>;

/// The lines that have happened; `log` is what the run wrote with `--log-format json`.
pub fn trace(record: &Record, log: &str, show: Show) -> Vec<String> {
    let said = said(log);
    let line = |event: &Value| {
        let path: Vec<u64> = event["iter"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
        let text = line(record, event, &path, &said, show)?;
        // The lines of an item itself stand beside the loop that it belongs to.
        let is_item = event["event"].as_str().unwrap().starts_with("iteration_");
        Some("  ".repeat(path.len() - usize::from(is_item)) + &text)
    };
    record.events.iter().filter_map(line).collect()
}

fn said(log: &str) -> Said {
    let mut said = Said::new();
    // Not all lines are of nodes, and what is no JSON is none of them.
    for line in log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
        if let (Some(node), Some(message)) = (line["node_id"].as_str(), line["message"].as_str()) {
            let path: Vec<u64> = line["iter"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            said.entry((node.to_owned(), format!("{path:?}"))).or_default().push(format!("\"{message}\""));
        }
    }
    said
}

/// What the nodes of a sub flow have logged in a frame, as the end of its line.
fn words(record: &Record, sub_flow: &str, path: &[u64], said: &Said) -> String {
    let sub_flows = record.result["sub_flows"].as_array().unwrap();
    let nodes = sub_flows.iter().find(|known| known["name"] == sub_flow).unwrap()["nodes"].as_array().unwrap();
    let of = |node: &Value| said.get(&(node["id"].as_str().unwrap().to_owned(), format!("{path:?}"))).cloned();
    let words: Vec<String> = nodes.iter().filter_map(of).flatten().collect();
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

fn line(record: &Record, event: &Value, path: &[u64], said: &Said, show: Show) -> Option<String> {
    let text = |key: &str| event[key].as_str().unwrap_or_default().replace('_', " ");
    let name = |key: &str| event[key].as_str().unwrap_or_default();
    let number = |key: &str| event[key].as_u64().unwrap_or_default();
    let attempt = |n: u64| if n > 1 { format!(", attempt {n}") } else { String::new() };
    let index = path.last().copied().unwrap_or_default();
    Some(match name("event") {
        "sub_flow_started" if show.starts => format!("start {}{}", name("sub_flow"), attempt(number("attempt"))),
        "sub_flow_finished" if name("state") == "skipped" => {
            format!("{} skipped, {}", name("sub_flow"), text("skipped"))
        }
        "sub_flow_finished" => {
            let words = words(record, name("sub_flow"), path, said);
            format!("{} {}{}{words}", name("sub_flow"), name("state"), attempt(number("attempts")))
        }
        "retry" => format!("retry of {} after attempt {}", name("sub_flow"), number("attempt")),
        "link_resolved" if show.links => {
            let (from, order, condition, to) = (name("from"), number("order"), name("condition"), name("to"));
            format!("{from} ({order}|{condition}) {to} {}, {}", text("resolution"), text("reason"))
        }
        "iteration_started" => format!("item {index} of {}: {}", name("to"), name("item")),
        "iteration_finished" if name("state") != "succeeded" => {
            format!("item {index} of {} {}", name("to"), name("state"))
        }
        "loop_finished" => {
            let (items, failed) = (number("items"), number("failed"));
            let failed = if failed > 0 { format!(", {failed} failed") } else { String::new() };
            format!("{}: {items} item{}{failed}", name("to"), if items == 1 { "" } else { "s" })
        }
        "background_started" => format!("{} in the background", name("to")),
        "background_finished" => format!("{} ended in the background", name("to")),
        "timeout" if name("what") == "run" => "timeout of the run".to_owned(),
        "timeout" => format!("timeout of {} {}", name("what"), name("name")),
        "abandoned" => format!("{} given up", name("sub_flow")),
        "failure_handled" => format!("failure of {} handled", name("sub_flow")),
        "stopping" => format!("stopping, {}", name("reason")),
        "run_finished" => format!("run {}, exit {}", name("state"), number("exit_code")),
        "run_started" | "node_finished" | "sub_flow_started" | "link_resolved" | "iteration_finished"
        | "loop_started" | "loop_progress" => return None,
        other => panic!("the notation has no line for the event `{other}`"),
    })
}

/// Part of a trace.
enum Part<'a> {
    Line(&'a str),
    /// Branches that happen at the same time: the lines of each in their order.
    Together(Vec<Vec<&'a str>>),
}

/// What happened is what was expected. Expected lines that begin with `1| `, `2| `, … happen at the same time.
pub fn matches(expected: &[&str], found: &[&str]) -> bool {
    let mut parts: Vec<Part<'_>> = Vec::new();
    let mut labels: Vec<&str> = Vec::new();
    for line in expected {
        let Some((label, text)) = line.split_once("| ").filter(|(label, _)| label.parse::<u32>().is_ok()) else {
            labels.clear();
            parts.push(Part::Line(line));
            continue;
        };
        if labels.is_empty() {
            parts.push(Part::Together(Vec::new()));
        }
        let Some(Part::Together(branches)) = parts.last_mut() else { unreachable!("just pushed") };
        let known = labels.iter().position(|known| *known == label).unwrap_or_else(|| {
            labels.push(label);
            branches.push(Vec::new());
            branches.len() - 1
        });
        branches[known].push(text);
    }
    all_match(&parts, found)
}

fn all_match(parts: &[Part<'_>], found: &[&str]) -> bool {
    match parts {
        [] => found.is_empty(),
        [Part::Line(line), rest @ ..] => found.first() == Some(line) && all_match(rest, &found[1..]),
        [Part::Together(branches), rest @ ..] => {
            let n = branches.iter().map(Vec::len).sum();
            let branches: Vec<&[&str]> = branches.iter().map(Vec::as_slice).collect();
            found.len() >= n && is_shuffle(&branches, &found[..n]) && all_match(rest, &found[n..])
        }
    }
}

/// The lines are those of all branches, each branch's in its order.
fn is_shuffle(branches: &[&[&str]], found: &[&str]) -> bool {
    let Some((first, rest)) = found.split_first() else { return true };
    (0..branches.len()).any(|at| {
        let mut left = branches.to_vec();
        left[at].first() == Some(first) && {
            left[at] = &left[at][1..];
            is_shuffle(&left, rest)
        }
    })
}

impl Project {
    /// Builds a flow, runs it to this exit code, and traces it.
    #[track_caller]
    pub fn traced(&self, name: &str, body: &str, code: i32, show: Show) -> (Run, Vec<String>) {
        self.build(name, body);
        self.traced_again(name, code, show)
    }

    /// Runs a built job to this exit code, and traces it.
    #[track_caller]
    pub fn traced_again(&self, name: &str, code: i32, show: Show) -> (Run, Vec<String>) {
        let run = self.run_job(name, &["--log-format", "json"], code);
        let lines = trace(&self.record(name, &run), &run.output.stderr, show);
        (run, lines)
    }
}

/// What happened is what was expected, in the notation of [`matches`].
#[track_caller]
pub fn assert_trace(found: &[String], expected: &[&str]) {
    let lines: Vec<&str> = found.iter().map(String::as_str).collect();
    assert!(matches(expected, &lines), "expected\n\n{}\n\nfound\n\n{}\n", expected.join("\n"), lines.join("\n"));
}
