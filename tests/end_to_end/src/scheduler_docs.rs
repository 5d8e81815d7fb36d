//! docs/scheduler.md does not lie: every flow on it is built and run, and what happened is what stands below it.

use crate::support::Project;
use crate::support::record::Record;
use crate::support::trace::{Show, matches, trace};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fmt::Write;

const PAGE: &str = include_str!("../../../docs/scheduler.md");

/// A flow of the page, and what is said to happen.
#[derive(Debug)]
struct Example {
    line: usize,
    flow: String,
    show: Show,
    /// SIGTERM is sent once the sub flow `wait` has begun.
    is_stopped: bool,
    expected: Vec<String>,
}

/// All fences with flows, each with the text that follows it.
fn examples(page: &str) -> Result<Vec<Example>, String> {
    let mut lines = page.lines().enumerate();
    let mut examples = Vec::new();
    while let Some((at, line)) = lines.next() {
        if !line.trim_start().starts_with("```yaml") {
            continue;
        }
        let flow = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").fold(String::new(), joined);
        let next = lines.by_ref().map(|(_, line)| line).find(|line| !line.trim().is_empty()).unwrap_or_default();
        let Some(marks) = next.strip_prefix("```text") else {
            return Err(format!("line {}: a flow without a text that says what happens", at + 1));
        };
        let mut example =
            Example { line: at + 1, flow, show: Show::default(), is_stopped: false, expected: Vec::new() };
        for mark in marks.split_whitespace() {
            match mark {
                "starts" => example.show.starts = true,
                "links" => example.show.links = true,
                "sigterm" => example.is_stopped = true,
                other => return Err(format!("line {}: `{other}` is no mark", at + 1)),
            }
        }
        let text = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```");
        example.expected = text.map(str::to_owned).collect();
        if example.expected.is_empty() {
            return Err(format!("line {}: nothing is said to happen", at + 1));
        }
        examples.push(example);
    }
    Ok(examples)
}

fn joined(text: String, line: &str) -> String {
    text + line + "\n"
}

/// What happens when the flow is run.
fn happened(example: &Example) -> Vec<String> {
    let project = Project::with_foreign_plugins();
    project.build("example", &example.flow);
    let mut run = project.start(&["run", "jobs/example", "--output", "json", "--log-format", "json"]);
    if example.is_stopped {
        project.wait_for_event(&mut run, "example", &["\"sub_flow_started\"", "\"wait\""]);
        run.signal("TERM");
    }
    let output = run.end();
    let record: Record = project.only_record("example");
    assert_eq!(record.result["exit_code"], output.code, "{}", output.stderr);
    assert_eq!(project.leftovers(), [""; 0], "line {}", example.line);
    trace(&record, &output.stderr, example.show)
}

#[test]
fn every_example_happens_as_it_is_written() {
    let examples = examples(PAGE).unwrap();
    assert!(examples.len() > 30, "{} examples", examples.len());
    let mut wrong = String::new();
    for example in examples {
        let found = happened(&example);
        let expected: Vec<&str> = example.expected.iter().map(String::as_str).collect();
        let lines: Vec<&str> = found.iter().map(String::as_str).collect();
        if !matches(&expected, &lines) {
            writeln!(wrong, "docs/scheduler.md, line {}: it says\n", example.line).unwrap();
            writeln!(wrong, "{}\n\nand this happened\n\n{}\n", expected.join("\n"), lines.join("\n")).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn a_flow_without_its_text_is_found() {
    let page = |text: &str| format!("# Page\n\n```yaml\nmodules: []\n```\n\n{text}");
    let found = examples(&page("```text links\na succeeded\nb failed\n```\n")).unwrap();
    assert_eq!((found.len(), found[0].line, found[0].flow.as_str()), (1, 3, "modules: []\n"));
    assert!(found[0].show.links && !found[0].show.starts && found[0].expected == ["a succeeded", "b failed"]);
    for (text, words) in [
        ("", "line 3: a flow without"),
        ("Words come first.\n\n```text\na succeeded\n```\n", "a flow without"),
        ("```yaml\nmodules: []\n```\n", "a flow without"),
        ("```text\n```\n", "nothing is said"),
        ("```text shapes\na succeeded\n```\n", "`shapes` is no mark"),
    ] {
        let error = examples(&page(text)).unwrap_err();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn a_trace_that_differs_is_found() {
    let expected = ["a", "1| b", "1|   c", "2| b", "2| d", "e"];
    for found in [["a", "b", "b", "d", "  c", "e"], ["a", "b", "  c", "b", "d", "e"], ["a", "b", "d", "b", "  c", "e"]]
    {
        assert!(matches(&expected, &found), "{found:?}");
    }
    let wrong: [&[&str]; 7] = [
        &["a", "b", "  c", "b", "d"],
        &["a", "b", "  c", "b", "d", "e", "e"],
        &["a", "  c", "b", "b", "d", "e"],
        &["b", "a", "  c", "b", "d", "e"],
        &["a", "b", "c", "b", "d", "e"],
        &["a", "b", "  c", "b", "e", "d"],
        &["a", "b", "  c", "d", "d", "e"],
    ];
    for found in wrong {
        assert!(!matches(&expected, found), "{found:?}");
    }
}

#[test]
fn the_table_of_events_has_all_of_them() {
    let schema: Value = serde_json::from_str(include_str!("../../../schema/event.schema.json")).unwrap();
    let kinds = schema["oneOf"].as_array().unwrap();
    let known: BTreeSet<&str> =
        kinds.iter().map(|kind| kind["properties"]["event"]["const"].as_str().unwrap()).collect();
    let section = PAGE.split_once("## 8. The event log").unwrap().1.split_once("\n## ").unwrap().0;
    // The rows below the header: `event | when`.
    let rows = section.lines().filter(|line| line.starts_with("| `") && !line.starts_with("| `event`"));
    let names = rows.filter_map(|row| row.split('|').nth(1)).flat_map(|cell| cell.split(','));
    let told: BTreeSet<&str> = names.map(|name| name.trim().trim_matches('`')).collect();
    assert_eq!(told, known);
}

#[test]
fn every_point_of_difference_has_its_test() {
    let tests = include_str!("talend.rs");
    let section = PAGE.split_once("## 10. Where this differs from Talend").unwrap().1;
    let points: Vec<&str> = section.split("\n### ").skip(1).collect();
    assert_eq!(points.len(), 12);
    for (point, number) in points.iter().zip(1..) {
        assert!(point.starts_with(&format!("{number}. ")), "{point}");
        for word in ["\nTalend: ", "\npype: ", "\nTest: `"] {
            assert!(point.contains(word), "point {number} has no `{}`", word.trim());
        }
        let name = point.split_once("\nTest: `").unwrap().1.split_once('`').unwrap().0;
        assert!(name.starts_with(&format!("point_{number:02}_")), "{name}");
        assert!(tests.contains(&format!("#[test]\nfn {name}()")), "{name} is not there");
    }
}

/// A loop in which one of the later items fails.
const LONG: &str = r#"
settings: {fail_strategy: continue}
modules:
  - {id: numbers, name: loop_source, configs: {from: 0, to: 12499}}
  - {id: step, name: noop_solo}
  - {id: bad, name: die_solo, configs: {message: no connection}}
connections: {control: ["numbers (1|iterate) step", "step (1|iter.item == 11000) bad"]}
"#;

#[test]
fn long_loops_are_thinned() {
    for (settings, told, progress) in [("", 10_000, &[11_000, 12_000][..]), (", events: full", 12_500, &[])] {
        let project = Project::new();
        project.build("long", &LONG.replace("continue}", &format!("continue{settings}}}")));
        let run = project.run_job("long", &[], 1);
        let record = project.record("long", &run);
        assert_eq!(record.all("iteration_started").count(), told, "{settings}");
        assert_eq!(record.all("sub_flow_started").filter(|start| start["sub_flow"] == "step").count(), told);
        let done: Vec<u64> = record.all("loop_progress").map(|line| line["done"].as_u64().unwrap()).collect();
        assert_eq!(done, progress, "{settings}");
        let bad = record.one("sub_flow_finished", &[("sub_flow", "bad"), ("state", "failed")]);
        assert_eq!((bad["iter"].to_string().as_str(), &run.failures()[0]["iter"]), ("[11000]", &bad["iter"]));
        assert_eq!(record.one("iteration_finished", &[("state", "failed")])["iter"], bad["iter"]);
        let end = record.one("loop_finished", &[]);
        assert_eq!((&end["items"], &end["failed"]), (&12_500.into(), &1.into()));
        assert_eq!(run.result["sub_flows"][1]["runs"], 12_500, "the result counts all");
    }
}

#[test]
fn the_log_goes_where_it_is_asked_for() {
    let project = Project::new();
    project.build("small", "modules:\n  - {id: it, name: noop_solo}\n");
    project.pype(&["run", "jobs/small", "--events", "log.jsonl"]).expect_code(0);
    let kept = project.run_ids("small").pop().unwrap();
    assert_eq!(project.read("log.jsonl"), project.read(&format!("jobs/small/runs/{kept}/events.jsonl")));
    let printed = project.pype(&["run", "jobs/small", "--events", "-"]).expect_code(0).stdout;
    let events: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["run_started", "sub_flow_started", "node_finished", "sub_flow_finished", "run_finished"]);
}
