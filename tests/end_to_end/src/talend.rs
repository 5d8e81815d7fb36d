//! The twelve points of Talend's triggers that docs/scheduler.md goes through: the same order where it is the same, and the
//! documented difference where it is not.

use crate::support::Project;
use crate::support::trace::{Show, assert_trace};
use std::time::{Duration, Instant};

const SHORT: Show = Show { starts: false, links: false };
const LINKS: Show = Show { starts: false, links: true };

#[test]
fn point_01_a_link_waits_for_its_whole_sub_flow() {
    let project = Project::new();
    // The link leaves the source. In Talend a trigger of the source would find the file of the sink still open.
    let body = r#"
modules:
  - {id: orders, name: inline_source, configs: {rows: [{n: 1}, {n: 2}]}}
  - {id: keep, name: csv_sink, configs: {output_path: out.csv}}
  - {id: look, name: shell_solo, configs: {command: "paste -s -d ' ' out.csv"}}
connections: {data: [orders.data - keep.input], control: ["orders (1|) look"]}
"#;
    let (_, found) = project.traced("whole", body, 0, SHORT);
    assert_trace(&found, &["orders succeeded", "look succeeded: \"n 1 2\"", "run succeeded, exit 0"]);
}

#[test]
fn point_02_conditions_are_asked_late_and_there_is_an_else() {
    let project = Project::new();
    let body = r#"
context: {mode: {type: str, default: first}}
modules:
  - {id: begin, name: noop_solo}
  - {id: change, name: inline_source, configs: {rows: [{key: mode, value: second}]}}
  - {id: set, name: context_load_sink}
  - {id: late, name: noop_solo}
  - {id: no_more, name: noop_solo}
  - {id: otherwise, name: noop_solo}
connections:
  data: [change.data - set.input]
  control:
    - "begin (4|else) otherwise"
    - "begin (3|context.mode == 'first') no_more"
    - "begin (2|context.mode == 'second') late"
    - "begin (1|context.mode == 'first') change"
"#;
    let (_, found) = project.traced("late", body, 0, LINKS);
    let expected = [
        "begin succeeded",
        "begin (1|context.mode == 'first') change opened, expression true",
        "change succeeded",
        "begin (2|context.mode == 'second') late opened, expression true",
        "late succeeded",
        "begin (3|context.mode == 'first') no_more not chosen, expression false",
        "no_more skipped, not chosen",
        "begin (4|else) otherwise not chosen, one before true",
        "otherwise skipped, not chosen",
        "run succeeded, exit 0",
    ];
    assert_trace(&found, &expected);
}

#[test]
fn point_03_each_link_runs_its_whole_chain_before_the_next() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: begin, name: noop_solo}
  - {id: two, name: noop_solo}
  - {id: one_more, name: noop_solo}
  - {id: one_most, name: noop_solo}
  - {id: one, name: noop_solo}
connections: {control: ["begin (2|) two", "begin (1|) one", "one (1|) one_more", "one_more (1|) one_most"]}
"#;
    let (_, found) = project.traced("depth", body, 0, SHORT);
    let names = ["begin", "one", "one_more", "one_most", "two"].map(|name| format!("{name} succeeded"));
    let expected: Vec<&str> = names.iter().map(String::as_str).chain(["run succeeded, exit 0"]).collect();
    assert_trace(&found, &expected);
}

#[test]
fn point_04_a_handler_runs_in_its_place_and_nothing_around_is_lost() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: begin, name: noop_solo}
  - {id: outer, name: noop_solo}
  - {id: inner, name: die_solo, configs: {message: no connection}}
  - {id: on_inner, name: die_solo, configs: {message: no mail server}}
  - {id: on_handler, name: noop_solo}
  - {id: on_outer, name: noop_solo}
  - {id: outer_clean_up, name: noop_solo}
  - {id: post, name: noop_solo}
connections:
  control:
    - "begin (1|) outer"
    - "begin (2|always) post"
    - "outer (1|) inner"
    - "outer (2|error) on_outer"
    - "outer (3|always) outer_clean_up"
    - "inner (1|error) on_inner"
    - "on_inner (1|error) on_handler"
"#;
    let (run, found) = project.traced("handlers", body, 1, LINKS);
    let expected = [
        "begin succeeded",
        "begin (1|ok) outer opened, source succeeded",
        "outer succeeded",
        "outer (1|ok) inner opened, source succeeded",
        "inner failed",
        "inner (1|error) on_inner opened, source failed",
        "on_inner failed",
        "on_inner (1|error) on_handler opened, source failed",
        "on_handler succeeded",
        "outer (2|error) on_outer not chosen, source succeeded",
        "on_outer skipped, not chosen",
        "outer (3|always) outer_clean_up opened, source succeeded",
        "outer_clean_up succeeded",
        "begin (2|always) post opened, source succeeded",
        "post succeeded",
        "run failed, exit 1",
    ];
    assert_trace(&found, &expected);
    let nodes: Vec<&str> = run.failures().iter().map(|failure| failure["node"].as_str().unwrap()).collect();
    assert_eq!(nodes, ["inner", "on_inner"], "the failure of the handler is one as any other");
}

#[test]
fn point_05_nothing_hides_a_failure_but_a_handled_one_is_none() {
    for (condition, code, handled) in [("error", 1, false), ("error handled", 0, true)] {
        let project = Project::new();
        let body = r#"
settings: {fail_strategy: continue}
modules:
  - {id: load, name: die_solo, configs: {message: no connection, code: 7}}
  - {id: tell, name: noop_solo}
  - {id: later, name: noop_solo}
connections: {control: ["load (1|CONDITION) tell"]}
"#;
        let (run, _) = project.traced("codes", &body.replace("CONDITION", condition), code, SHORT);
        assert_eq!((run.state("tell"), run.state("later")), ("succeeded", "succeeded"), "{condition}");
        assert_eq!(run.result["exit_code"], code, "not 7, and not hidden by the later root");
        assert_eq!((run.failures().len(), &run.failures()[0]["handled"]), (1, &handled.into()));
        assert_eq!((&run.result["n_failures"], &run.result["n_handled"]), (&1.into(), &u64::from(handled).into()));
        assert!(run.failures()[0]["fault"]["context"].to_string().contains("[\"code\",\"7\"]"), "{:?}", run.failures());
    }
}

#[test]
fn point_06_an_error_is_never_swallowed_and_rejected_rows_have_a_port() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: rows, name: inline_source, configs: {rows: [{n: 1}, {n: 2}, {n: 3}]}}
  - {id: large, name: filter_mod, configs: {condition: n > 1}}
  - {id: keep, name: csv_sink, configs: {output_path: large.csv}}
  - {id: rest, name: csv_sink, configs: {output_path: rest.csv}}
  - {id: missing, name: csv_source, configs: {file_path: not-there.csv}}
  - {id: copy, name: csv_sink, configs: {output_path: copy.csv}}
  - {id: tell, name: warn_solo, configs: {message: "{{ missing__error_kind }}"}}
connections:
  data: [rows.data - large.input, large.output - keep.input, large.reject - rest.input, missing.data - copy.input]
  control: ["missing (1|error handled) tell"]
"#;
    let (run, found) = project.traced("rejects", body, 0, SHORT);
    let expected = [
        "rows succeeded",
        "missing failed",
        "tell succeeded: \"io\"",
        "failure of missing handled",
        "run succeeded, exit 0",
    ];
    assert_trace(&found, &expected);
    assert_eq!((project.read("large.csv"), project.read("rest.csv")), ("n\n2\n3\n".to_owned(), "n\n1\n".to_owned()));
    assert_eq!(run.failures()[0]["fault"]["kind"], "io");
    assert!(!project.exists("copy.csv"), "what failed was not ok by half");
}

#[test]
fn point_07_the_event_log_has_what_the_catchers_catch() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: rows, name: inline_source, configs: {rows: [{n: 1}, {n: 2}, {n: 3}]}}
  - {id: keep, name: cache_sink, configs: {cache: kept}}
  - {id: odd, name: warn_solo, configs: {message: few rows}}
  - {id: stop, name: die_solo, configs: {message: too few rows, code: 12}}
connections: {data: [rows.data - keep.input], control: ["rows (1|) odd", "odd (1|) stop"]}
"#;
    let (run, found) = project.traced("catchers", body, 1, SHORT);
    assert_trace(&found, &["rows succeeded", "odd succeeded: \"few rows\"", "stop failed", "run failed, exit 1"]);
    let record = project.record("catchers", &run);
    let keep = record.one("node_finished", &[("node", "keep")]);
    assert_eq!((&keep["state"], &keep["rows_in"]), (&"succeeded".into(), &3.into()), "the meter of rows");
    assert!(keep["seconds"].as_f64().is_some(), "the meter of times: {keep}");
    let stop = &record.one("node_finished", &[("node", "stop")])["fault"];
    assert_eq!((&stop["message"], &stop["context"][0][1]), (&"too few rows".into(), &"12".into()));
}

#[test]
fn point_08_an_item_begins_and_ends_completely() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: files, name: loop_source, configs: {items: [a, b]}}
  - {id: load, name: inline_source, configs: {rows: [{file: "{{ iter.item }}"}]}}
  - {id: write, name: csv_sink, configs: {output_path: all.csv, mode: append, header: false}}
  - {id: look, name: shell_solo, configs: {command: "paste -s -d ' ' all.csv"}}
  - {id: done, name: noop_solo}
connections:
  data: [load.data - write.input]
  control: ["files (1|iterate) load", "load (1|) look", "files (2|) done"]
"#;
    let (run, found) = project.traced("items", body, 0, SHORT);
    let expected = [
        "files succeeded",
        "item 0 of load: a",
        "  load succeeded",
        "  look succeeded: \"a\"",
        "item 1 of load: b",
        "  load succeeded",
        "  look succeeded: \"a b\"",
        "load: 2 items",
        "done succeeded",
        "run succeeded, exit 0",
    ];
    assert_trace(&found, &expected);
    assert_eq!(run.rows("load.data", "write.input"), 2, "over all items");
}

#[test]
fn point_09_parallel_items_never_see_each_other() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: numbers, name: loop_source, configs: {from: 1, to: 12}}
  - {id: own, name: set_var_solo, configs: {vars: {n: "{{ iter.item }}"}}}
  - {id: meanwhile, name: sleep_solo, configs: {seconds: 0.05}}
  - {id: mixed, name: die_solo, configs: {message: "{{ own__n }} in item {{ iter.item }}"}}
  - {id: all, name: warn_solo, configs: {message: "{{ each('own', 'n') | join(' ') }}, last {{ own__n }}"}}
connections:
  control:
    - "numbers (1|iterate parallel=4) own"
    - "own (1|) meanwhile"
    - "meanwhile (1|own__n != iter.item) mixed"
    - "numbers (2|) all"
"#;
    let (_, found) = project.traced("apart", body, 0, SHORT);
    let said = "all succeeded: \"1 2 3 4 5 6 7 8 9 10 11 12, last 12\"";
    assert_eq!(found[found.len() - 3..], ["own: 12 items", said, "run succeeded, exit 0"]);
    assert_eq!(found.iter().filter(|line| line.trim() == "mixed skipped, not chosen").count(), 12);
}

#[test]
fn point_09_a_failure_of_one_item_stops_the_others() {
    let project = Project::new();
    // The failing item waits until the other is at work.
    let body = r#"
modules:
  - {id: numbers, name: loop_source, configs: {from: 0, to: 5}}
  - {id: choose, name: noop_solo}
  - {id: slow, name: shell_solo, configs: {command: "touch at-work; sleep 60"}}
  - {id: bad, name: shell_solo, configs: {command: "while ! test -e at-work; do sleep 0.05; done; exit 3", timeout: 50}}
connections:
  control: ["numbers (1|iterate parallel=2) choose", "choose (1|iter.item == 0) slow", "choose (1|iter.item == 1) bad"]
"#;
    let begun = Instant::now();
    let (run, found) = project.traced("stops", body, 1, SHORT);
    assert!(begun.elapsed() < Duration::from_secs(30), "it was not waited for: {:?}", begun.elapsed());
    for line in ["  slow cancelled", "  bad failed", "stopping, failure", "choose: 2 items, 1 failed"] {
        assert!(found.iter().any(|found| found == line), "`{line}` is not in\n{}", found.join("\n"));
    }
    assert_eq!(run.failures().len(), 1, "the one that was stopped has not failed");
}

#[test]
fn point_10_two_links_into_a_sub_flow_run_it_once() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: both, name: noop_solo}
  - {id: left, name: noop_solo}
  - {id: right, name: noop_solo}
connections: {control: ["left (1|) both", "right (1|) both"]}
"#;
    let (run, found) = project.traced("once", body, 0, SHORT);
    assert_trace(&found, &["left succeeded", "right succeeded", "both succeeded", "run succeeded, exit 0"]);
    assert_eq!(run.result["sub_flows"][0]["runs"], 1);
}

/// Gives back the day that it is told, in a row; fails where that is Sunday.
const CHILD: &str = r#"
context: {day: {type: str, default: sunday}}
modules:
  - {id: begin, name: noop_solo}
  - {id: rows, name: inline_source, configs: {rows: [{day: "{{ context.day }}"}]}}
  - {id: give, name: return_sink}
  - {id: closed, name: die_solo, configs: {message: closed on sundays}}
connections:
  data: [rows.data - give.input]
  control: ["begin (1|context.day == 'sunday') closed", "begin (2|else) rows"]
"#;

#[test]
fn point_11_a_child_job_gives_back_rows_and_its_state() {
    let project = Project::new();
    project.build("child", CHILD);
    let body = r#"
modules:
  - {id: monday, name: run_flow_solo, configs: {job: jobs/child, set: {day: monday}, rows: got}}
  - {id: take, name: cache_source, configs: {cache: got}}
  - {id: write, name: csv_sink, configs: {output_path: got.csv}}
  - {id: sunday, name: run_flow_solo, configs: {job: jobs/child, ignore_failure: true}}
  - {id: tell, name: warn_solo, configs: {message: "{{ sunday__state }}, {{ sunday__exit_code }}, {{ sunday__error_message }}"}}
  - {id: strict, name: run_flow_solo, configs: {job: jobs/child}}
connections:
  data: [take.data - write.input]
  control: ["monday (1|) take", "take (1|) sunday", "sunday (1|) tell", "tell (1|) strict"]
"#;
    let (run, found) = project.traced("parent", body, 1, SHORT);
    let expected = [
        "monday succeeded",
        "take succeeded",
        "sunday succeeded",
        "tell succeeded: \"failed, 1, closed on sundays\"",
        "strict failed",
        "run failed, exit 1",
    ];
    assert_trace(&found, &expected);
    assert_eq!(project.read("got.csv"), "day\nmonday\n");
    let fault = &run.failures()[0]["fault"];
    assert!(fault["message"].as_str().unwrap().contains("job `child` failed"), "{fault}");
    assert!(fault["causes"].to_string().contains("closed on sundays"), "{fault}");
    assert_eq!(project.run_ids("child").len(), 3, "each has a record of its own");
}

#[test]
fn point_12_a_run_begins_anew_or_goes_on_where_it_stopped() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: first, name: set_var_solo, configs: {vars: {n: 1}}}
  - {id: second, name: shell_solo, configs: {command: "test -e connection"}}
  - {id: third, name: shell_solo, configs: {command: "echo {{ first__n }} > said"}}
connections: {control: ["first (1|) second", "second (1|) third"]}
"#;
    let (_, first) = project.traced("anew", body, 1, SHORT);
    let expected = ["first succeeded", "second failed", "third skipped, blocked", "run failed, exit 1"];
    assert_trace(&first, &expected);
    let (_, second) = project.traced_again("anew", 1, SHORT);
    assert_trace(&second, &expected);
    assert_eq!(project.run_ids("anew").len(), 2, "the record of the first is still there");
    project.write("connection", "");
    let run = project.run_job("anew", &["--resume"], 0);
    assert_eq!(["first", "second", "third"].map(|name| run.state(name)), ["restored", "succeeded", "succeeded"]);
    assert_eq!(project.read("said"), "1\n", "with the variables of what is not run again");
}
