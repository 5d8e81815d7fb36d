//! One run in detail: its sub flows, nodes, links and failures; what it does now, if it goes on.

use super::words::{RESUMABLE, coloured, opt_count, opt_seconds, progress, span, table};
use crate::args::{Global, Output};
use crate::render::{self, grouped, line};
use pypeline_history::{Detail, History, HistoryError, Live, Resume, Run, RunState, time};
use pypeline_schema::run_result::{FailureResult, State};
use serde_json::json;

/// Failures shown one by one.
const SHOWN: usize = 20;

/// Shows a run; `is_job` if its job was asked for, and it is the latest.
pub fn show(global: &Global, history: &mut History, found: Detail, is_job: bool) -> Result<(), HistoryError> {
    let (detail, live) = match found.run.state {
        RunState::Running => {
            let (detail, live) = history.live(&found.run)?;
            (detail, Some(live))
        }
        _ => (found, None),
    };
    let failures = history.failures(&detail.run);
    let resume = if is_job || detail.run.resumable { history.resume(&detail.run) } else { None };
    if global.output == Output::Json {
        render::json(&json!({"run": detail, "live": live, "failures": failures, "resume": resume}));
        return Ok(());
    }
    tables(&detail);
    let is_silent = detail.run.state == RunState::Unknown && history.is_silent(&detail.run);
    verdict(&detail.run, live.as_ref(), is_silent);
    told(&detail.run, &failures);
    if let Some(Resume { run_id, landed, command }) = resume {
        let which = if detail.run.resumable { String::new() } else { format!("run {run_id} is ") };
        let landed =
            if landed == 1 { "1 sub flow has".to_owned() } else { format!("{} sub flows have", grouped(landed)) };
        line(&format!("{which}{RESUMABLE}: {landed} landed; to go on where it stands: {command}"));
    }
    if detail.run.has_record {
        line(&format!("record: {}", detail.run.job_folder.join("runs").join(&detail.run.run_id).display()));
    } else {
        line("its record is gone");
    }
    Ok(())
}

fn tables(detail: &Detail) {
    let has_restored = detail.sub_flows.iter().any(|part| part.restored > 0);
    let sub_flows = detail.sub_flows.iter().map(|part| {
        let mut counts = [part.runs, part.failed, part.retries].map(grouped).to_vec();
        if has_restored {
            counts.insert(1, grouped(part.restored));
        }
        // What was running when its run died runs no more.
        let was_at_work = detail.run.state == RunState::Died && part.state == State::Running;
        let state = if was_at_work { "at work" } else { part.state.as_str() };
        let head = [part.name.clone(), state.to_owned()];
        head.into_iter().chain(counts).chain([opt_seconds(part.seconds)]).collect()
    });
    let sub_flows: Vec<Vec<String>> = sub_flows.collect();
    if !sub_flows.is_empty() {
        let mut header = vec!["sub flow", "state", "runs", "failed", "retries", "seconds"];
        if has_restored {
            header.insert(3, "restored");
        }
        let right: Vec<usize> = (2..header.len()).collect();
        table(&header, sub_flows, &right);
    }
    let nodes = detail.nodes.iter().map(|node| {
        let head = [node.sub_flow.as_deref(), Some(&node.id), node.module.as_deref(), Some(node.state.as_str())];
        let head = head.map(|text| text.unwrap_or_default().to_owned());
        let counts = [node.rows_in, node.rows_out, node.rows_rejected].map(opt_count);
        head.into_iter().chain(counts).chain([opt_seconds(node.seconds)]).collect()
    });
    let nodes: Vec<Vec<String>> = nodes.collect();
    if !nodes.is_empty() {
        let header = ["sub flow", "node", "module", "state", "rows in", "rows out", "rejected", "seconds"];
        table(&header, nodes, &[4, 5, 6, 7]);
    }
    let links = detail.links.iter().map(|link| vec![link.from.clone(), link.to.clone(), grouped(link.rows)]);
    let links: Vec<Vec<String>> = links.collect();
    if !links.is_empty() {
        table(&["from", "to", "rows"], links, &[2]);
    }
}

fn verdict(run: &Run, live: Option<&Live>, is_silent: bool) {
    let state = coloured(run.state);
    let (job, run_id, started) = (&run.job, &run.run_id, time::local(&run.started_at));
    let took = run.seconds.map_or_else(String::new, |took| format!(" in {}", span(took)));
    let memory =
        run.peak_rss_bytes.map_or_else(String::new, |bytes| format!(", peak memory {} MB", bytes / (1024 * 1024)));
    let text = match (run.state, live) {
        (RunState::Running, Some(live)) => format!("{job} is {state}: {}", progress(live)),
        (RunState::Unknown, _) if is_silent => {
            format!("what became of {job} is {state}: its record has not one whole line, as where the disk is full")
        }
        (RunState::Unknown, _) => {
            let host = run.host.as_deref().unwrap_or("another machine");
            format!("{job} is {state}: it began on {host}, which alone can tell whether it goes on")
        }
        (RunState::Died, _) => {
            let heard = run.seconds.map_or_else(String::new, |last| format!(", last heard of after {}", span(last)));
            format!("{job} {state} without a word, as a process does that is killed{heard}")
        }
        _ => format!("{job} {state}{took}{memory}"),
    };
    let resumes = run.resumes.as_ref().map_or_else(String::new, |other| format!(", going on with run {other}"));
    line(&format!("{text}, started {started}, run {run_id}{resumes}"));
}

fn told(run: &Run, failures: &[FailureResult]) {
    let yaml = run.job_folder.join(format!("{}.yaml", run.job));
    for failure in failures.iter().take(SHOWN) {
        let word = if failure.handled { "\u{1b}[33mhandled\u{1b}[0m" } else { "\u{1b}[31mfailure\u{1b}[0m" };
        let path: Vec<String> = failure.iter.iter().map(u64::to_string).collect();
        let path = if path.is_empty() { String::new() } else { format!(", item {}", path.join("/")) };
        let item = failure.item.as_ref().map_or_else(String::new, |item| format!(" `{item}`"));
        line(&format!("{word}: node `{}`{path}{item}: {}", failure.node, failure.fault.message));
        if failure.line > 0 {
            line(&format!("  --> {}:{}", yaml.display(), failure.line));
        }
        let facts = failure.fault.context.iter().map(|(key, value)| format!("{key}: {value}"));
        let causes = failure.fault.causes.iter().map(|cause| format!("caused by: {cause}"));
        let help = failure.fault.help.iter().map(|help| format!("help: {help}"));
        facts.chain(causes).chain(help).for_each(|text| line(&format!("  = {text}")));
    }
    let more = run.n_failures.saturating_sub(failures.len().min(SHOWN) as u64);
    match (failures.is_empty(), &run.failed_message) {
        // The record is gone; the history has kept the first one.
        (true, Some(message)) => {
            let node = run.failed_node.as_ref().map_or_else(String::new, |node| format!("node `{node}`: "));
            line(&format!("\u{1b}[31mfailure\u{1b}[0m: {node}{message}"));
        }
        (false, _) if more > 0 => line(&format!("and {} more", grouped(more))),
        _ => {}
    }
}
