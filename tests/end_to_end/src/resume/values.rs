//! What a run was given and what its steps have set: the same when it goes on.

use super::{GATE, fails, lines, resumed, says};
use crate::support::Project;

#[test]
fn what_the_command_line_gave_need_not_be_given_again() {
    let project = Project::new();
    let text = "{{ run.id }} {{ run.started_at }} {{ params.p }} {{ params.q }} {{ context.c }} {{ context.d }}";
    let body = format!(
        "params: {{p: {{type: int}}, q: {{type: str}}}}\ncontext: {{c: {{type: str, default: x}}, d: {{type: str, default: x}}}}\nmodules:\n{}{GATE}{}connections: {{control: [one (1|) gate, gate (1|) two]}}\n",
        says("one", "said", text),
        says("two", "said", text)
    );
    project.build("job", &body);
    project.write("jobs/job/context/job_prod.json", r#"{"d": "production"}"#);
    let args = ["--context", "prod", "--set", "c=set", "--param", "p=7", "--params", r#"{"q": "json"}"#];
    let first = fails(&project, "job", &args);
    project.write("open", "");
    let (second, _) = resumed(&project, "job", &[]);
    let said = lines(&project, "said");
    let id = first.result["run_id"].as_str().unwrap();
    assert!(said[0].starts_with(id) && said[0].ends_with(" 7 json set production"), "{said:?}");
    assert_eq!(said[0], said[1], "to its templates it is the same run");
    assert_ne!(second.result["run_id"], id);
}

#[test]
fn what_is_given_again_may_be_the_same() {
    let project = Project::new();
    let body = format!("params: {{p: {{type: int}}}}\nmodules:\n{GATE}");
    project.build("job", &body);
    fails(&project, "job", &["--param", "p=7"]);
    project.write("open", "");
    resumed(&project, "job", &["--param", "p=7"]);
}

/// Each global is set by a step that has landed, and used by one that has not.
#[test]
fn globals_are_as_they_were_set() {
    let project = Project::new();
    let vars =
        r#"{text: "it's ö", number: 12, float: 0.25, none: null, list: [1, [2]], map: {a: {b: true}}, empty: ""}"#;
    let used = "{{ v__text | length }} {{ v__number + 1 }} {{ v__float }} {{ v__none is none }} {{ v__list[1][0] }} {{ v__map.a.b }} {{ v__empty }}. {{ rows__row_count }} {{ keep__row_count }} {{ keep__reject_count }} {{ sh__stdout | trim }}{{ sh__exit_code }}";
    let body = format!(
        r#"
modules:
  - {{id: v, name: set_var_solo, configs: {{vars: {vars}}}}}
  - {{id: rows, name: generate_source, configs: {{rows: 10, columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: n < 4}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
  - {{id: rest, name: csv_sink, configs: {{output_path: rest.csv}}}}
  - {{id: sh, name: shell_solo, configs: {{command: "echo hi; exit 3", ok_codes: [3]}}}}
{GATE}{}
connections:
  data: [rows.data - keep.input, keep.output - out.input, keep.reject - rest.input]
  control: ["v (1|) rows", "rows (1|) sh", "sh (1|) gate", "gate (1|) used"]
"#,
        says("used", "said", used)
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(project.read("said"), "6 13 0.25 True 2 True . 10 4 6 hi3\n");
}

#[test]
fn conditions_are_decided_by_what_was_set() {
    let project = Project::new();
    let steps = ["yes", "no", "other"].map(|id| says(id, "said", id)).concat();
    let body = format!(
        r#"
modules:
  - {{id: v, name: set_var_solo, configs: {{vars: {{n: 3}}}}}}
{GATE}  - {{id: fork, name: noop_solo}}
{steps}
connections:
  control: ["v (1|) gate", "gate (1|) fork", "fork (1|v__n == 4) no", "fork (2|v__n == 3) yes", "fork (3|else) other"]
"#
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (run, _) = resumed(&project, "job", &[]);
    assert_eq!(project.read("said"), "yes\n");
    assert_eq!(["no", "other"].map(|name| run.state(name)), ["skipped", "skipped"]);
}

/// Some items set theirs before the end of the first part, some after; and all are given in the order of the items.
#[test]
fn each_gives_the_globals_of_all_items() {
    let project = Project::new();
    let body = format!(
        r#"
modules:
  - {{id: items, name: loop_source, configs: {{from: 1, to: 5}}}}
  - {{id: own, name: set_var_solo, configs: {{vars: {{n: "{{{{ iter.item * iter.item }}}}"}}}}}}
  - {{id: gate, name: shell_solo, configs: {{command: "test {{{{ iter.item }}}} != 3 || test -e open"}}}}
{}
connections: {{control: ["items (1|iterate) own", "own (1|) gate", "items (2|) all"]}}
"#,
        says("all", "said", "{{ each('own', 'n') | join(' ') }}, last {{ own__n }}")
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(project.read("said"), "1 4 9 16 25, last 25\n");
}

#[test]
fn context_variables_that_were_loaded_are_loaded() {
    let project = Project::new();
    project.write("vars.csv", "key,value\nword,after\nn,7\n");
    let body = format!(
        r#"
context: {{word: {{type: str, default: before}}, n: {{type: int, default: 1}}}}
modules:
  - {{id: vars, name: csv_source, configs: {{file_path: vars.csv, infer_rows: null}}}}
  - {{id: load, name: context_load_sink}}
{GATE}{}
connections: {{data: [vars.data - load.input], control: ["load (1|) gate", "gate (1|) say"]}}
"#,
        says("say", "said", "{{ context.word }} {{ context.n + 1 }}")
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(project.read("said"), "after 8\n");
}
