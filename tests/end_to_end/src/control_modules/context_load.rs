//! Context variables out of rows: which columns, which names, and of which types the values become.

use super::tell;
use crate::support::Project;

/// Loads variables from `vars.csv`, whose values are read as texts, and uses two of them.
fn loads(configs: &str) -> String {
    let tell = tell("{{ load__row_count }}");
    format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: vars.csv, infer_rows: null}}}}
  - {{id: load, name: context_load_sink, configs: {{{configs}}}}}
  - {{id: made, name: generate_source, configs: {{rows: "{{{{ context.rows }}}}", columns: [{{name: w, kind: choice, values: ["{{{{ context.word }}}}"]}}]}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv, header: false}}}}
{tell}
connections: {{data: [src.data - load.input, made.data - out.input], control: [load (1|) made, out (1|) tell]}}
context: {{rows: {{type: int, default: 1}}, word: {{type: str, default: before}}}}
"#
    )
}

fn project(rows: &str) -> Project {
    let project = Project::new();
    project.write("vars.csv", rows);
    project
}

#[test]
fn values_become_what_their_variables_are_declared_to_be() {
    let project = project("key,value\nrows,2\nword,007\n");
    project.run_flow("load", &loads(""));
    assert_eq!(project.read("out.csv"), "007\n007\n", "a number for the rows, a text for the word");
    assert_eq!(project.read("told"), "<2>");
}

#[test]
fn a_number_becomes_a_text_where_one_is_declared() {
    let project = project("key,value\nrows,2\nword,12\n");
    project.run_flow("load", &loads("").replace(", infer_rows: null", ""));
    assert_eq!(project.read("out.csv"), "12\n12\n");
}

#[test]
fn the_last_of_several_values_stays_and_loaded_ones_stand_above_all_others() {
    let project = project("key,value\nword,first\nword,last\n");
    project.build("load", &loads(""));
    project.run_job("load", &["--set", "word=set", "--set", "rows=3"], 0);
    assert_eq!(project.read("out.csv"), "last\nlast\nlast\n");
}

#[test]
fn names_and_values_come_from_the_columns_that_are_named() {
    let project = project("value,is,name\nx,after,word\n");
    project.run_flow("load", &loads("key_column: name, value_column: is"));
    assert_eq!(project.read("out.csv"), "after\n");
}

#[test]
fn rows_that_are_not_what_they_should_be_are_a_failure() {
    for (rows, words) in [
        ("name,value\nword,x\n", ["`load`", "there is no column `key`", "name, value"]),
        ("key,is\nword,x\n", ["`load`", "there is no column `value`", "key, is"]),
        ("key,value\nrows,canary\n", ["`load`", "context variable `rows`", "is not of its declared type"]),
        ("key,value\nrows,1.5\n", ["`load`", "context variable `rows`", "is not of its declared type"]),
    ] {
        let project = project(rows);
        let run = project.run_fails("load", &loads(""), &words);
        assert_eq!(run.node("load")["fault"]["kind"], "data", "{rows}");
        assert!(!format!("{:?}", run.output).contains("canary"), "it may be a secret: {:?}", run.output);
        assert!(!project.exists("out.csv"));
    }
}

#[test]
fn a_number_that_does_not_fit_is_a_failure_too() {
    let project = project("key,value\nrows,1.5\n");
    let body = loads("").replace(", infer_rows: null", "");
    project.run_fails("load", &body, &["`load`", "`rows` is not of its declared type"]);
}

#[test]
fn a_sub_flow_that_fails_loads_nothing() {
    let project = project("key,value\nrows,2\nword,after\n");
    // The rows reach the filter later than the sink that loads them.
    let more = r#"
  - {id: show, name: log_rows_mod}
  - {id: bad, name: filter_mod, configs: {condition: nope > 1}}
  - {id: never, name: csv_sink, configs: {output_path: never.csv}}
connections"#;
    let body = loads("")
        .replace("\nconnections", more)
        .replace("data: [", "data: [src.data - show.input, show.output - bad.input, bad.output - never.input, ")
        .replace("load (1|) made", "load (1|always) made")
        .replace("{{ load__row_count }}", "x");
    project.build_unseen("load", &body);
    project.run_job("load", &[], 1);
    assert_eq!(project.read("out.csv"), "before\n");
}

/// Loads variables and hands them to `jobs/child`, which writes the one that the loading flow does not know.
fn hands_on(configs: &str) -> (Project, String) {
    let project = project("key,value\nextra,after\n");
    let child = r#"
modules:
  - {id: src, name: inline_source, configs: {rows: [{w: "{{ context.extra }}"}]}}
  - {id: out, name: csv_sink, configs: {output_path: child.csv, header: false}}
connections: {data: [src.data - out.input]}
context: {extra: {type: str, default: before}}
"#;
    project.build("child", child);
    let parent = format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: vars.csv}}}}
  - {{id: load, name: context_load_sink, configs: {{{configs}}}}}
  - {{id: call, name: run_flow_solo, configs: {{job: jobs/child, pass_context: true}}}}
connections: {{data: [src.data - load.input], control: [load (1|) call]}}
"#
    );
    (project, parent)
}

#[test]
fn names_that_nobody_declares_are_taken_left_out_or_a_failure() {
    let said = "context variable `extra` is declared nowhere";
    for (configs, expected, is_said) in
        [("", "after\n", true), ("on_unknown: warn", "after\n", true), ("on_unknown: ignore", "before\n", false)]
    {
        let (project, parent) = hands_on(configs);
        let run = project.run_flow("parent", &parent);
        assert_eq!(project.read("child.csv"), expected, "{configs}");
        assert_eq!(run.output.stderr.contains(said), is_said, "{configs}: {}", run.output.stderr);
    }
    let (project, parent) = hands_on("on_unknown: fail");
    project.run_fails("parent", &parent, &["`load`", said, "`on_unknown`"]);
    assert!(!project.exists("child.csv"));
}

#[test]
fn configurations_that_cannot_work_are_refused_at_build() {
    for (configs, words) in [
        ("key_column: value", ["`load`", "`value` cannot be both the names and the values"]),
        ("on_unknown: warm", ["`on_unknown`: `\"warm\"` is not one of the allowed values", "did you mean `warn`?"]),
    ] {
        Project::new().refuses(&loads(configs), "L012", &words);
    }
}
