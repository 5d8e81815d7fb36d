//! Jobs that jobs run go on where they were, when the outer one does.

use super::{fails, killed, lines, restored, resumed, says, unfinished};
use crate::support::Project;
use crate::support::record::Record;

/// Two steps, with a stop between them.
fn child(stop: &str) -> String {
    format!(
        r#"
context: {{word: {{type: str, default: none}}}}
modules:
{}  - {{id: stop, name: shell_solo, configs: {{command: "{stop}"}}}}
{}  - {{id: rows, name: generate_source, configs: {{rows: 3, columns: [{{name: n, kind: sequence}}]}}}}
  - {{id: back, name: return_sink}}
connections: {{data: [rows.data - back.input], control: ["one (1|) stop", "stop (1|) two", "two (1|) rows"]}}
"#,
        says("one", "said", "one {{ context.word }}"),
        says("two", "said", "two {{ context.word }} {{ run.id }}")
    )
}

/// Runs the child, and writes the rows that it gives back.
const PARENT: &str = r#"
modules:
  - {id: before, name: set_var_solo, configs: {vars: {word: given}}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child, set: {word: "{{ before__word }}"}, rows: c}}
  - {id: read, name: cache_source, configs: {cache: c}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [read.data - out.input], control: ["before (1|) call", "call (1|) read"]}
"#;

/// The record of the last part of the child.
fn last_of_child(project: &Project) -> Record {
    project.last_record("child")
}

#[test]
fn a_child_goes_on_where_it_failed() {
    let project = Project::new();
    project.build("child", &child("test -e open"));
    project.build("job", PARENT);
    fails(&project, "job", &[]);
    let (outer, inner) = (project.run_ids("job")[0].clone(), project.run_ids("child")[0].clone());
    assert!(
        unfinished(&project, "child")[0].starts_with(&format!("{outer}-")),
        "it is the outer run's to go on with it"
    );
    let own = project.pype(&["run", "jobs/child", "--resume"]).expect_code(0);
    assert!(own.stdout.contains("nothing to resume"), "{}", own.stdout);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(restored(&record), ["before"]);
    assert_eq!(restored(&last_of_child(&project)), ["one"]);
    assert_eq!(lines(&project, "said"), ["one given".to_owned(), format!("two given {inner}")]);
    assert_eq!(project.read("out.csv"), "n\n0\n1\n2\n");
    assert_eq!(unfinished(&project, "child"), [""; 0]);
}

#[test]
fn a_child_goes_on_where_it_was_killed() {
    // Inside the child; when all of it is done and the outer one has not noted that.
    for (order, done) in
        [("mark=begin stop@#1:kill", 1), ("mark=begin read@#1:kill", 0), ("mark=written rows@#1:kill", 4)]
    {
        let project = Project::new();
        project.build("child", &child("true"));
        project.build("job", PARENT);
        killed(&project, "job", order, &[]);
        resumed(&project, "job", &[]);
        assert_eq!(lines(&project, "said").len(), 2, "{order}: each step once");
        assert_eq!(project.read("out.csv"), "n\n0\n1\n2\n", "{order}");
        assert_eq!(restored(&last_of_child(&project)).len(), done, "{order}");
        assert_eq!(unfinished(&project, "child"), [""; 0], "{order}");
    }
}

/// Each item runs the child for itself.
#[test]
fn children_of_items() {
    let project = Project::new();
    project.build("child", &child("test {{ context.word }} != b -o -e open"));
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {items: [a, b, c]}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child, set: {word: "{{ iter.item }}"}}}
connections: {control: ["list (1|iterate) call"]}
"#;
    project.build("job", body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    assert_eq!(restored(&record), ["list", "call 0"]);
    let said = lines(&project, "said");
    let words: Vec<&str> = said.iter().map(|line| line.rsplit_once(' ').map_or("", |(first, _)| first)).collect();
    assert_eq!(words, ["one", "two a", "one", "two b", "one", "two c"]);
    assert_eq!(restored(&project.records("child")[2]), ["one"], "that of b goes on");
}

/// A child within a child, killed in the innermost.
#[test]
fn children_of_children() {
    let project = Project::new();
    let call = |job: &str, file: &str| {
        format!(
            "modules:\n{}  - {{id: call, name: run_flow_solo, configs: {{job: jobs/{job}}}}}\nconnections: {{control: [\"first (1|) call\"]}}\n",
            says("first", file, "once")
        )
    };
    let inner = format!(
        "modules:\n{}{}connections: {{control: [\"x (1|) y\"]}}\n",
        says("x", "said_x", "x"),
        says("y", "said_y", "y")
    );
    project.build("inner", &inner);
    project.build("middle", &call("inner", "said_middle"));
    project.build("job", &call("middle", "said_job"));
    killed(&project, "job", "mark=begin y@#1:kill", &[]);
    resumed(&project, "job", &[]);
    for file in ["said_job", "said_middle", "said_x", "said_y"] {
        assert_eq!(lines(&project, file).len(), 1, "{file}");
    }
    for job in ["middle", "inner"] {
        assert_eq!(unfinished(&project, job), [""; 0], "{job}");
    }
}
