//! What decides which sub flow runs when: gates, scopes in the background, branches; the same after a stop as without it.

use super::{fails, killed, lines, ran, restored, resumed, says};
use crate::support::Project;

/// Three branches at the same time that meet in a gate; one of them waits for a file.
#[test]
fn a_gate_waits_for_what_is_missing_alone() {
    let project = Project::new();
    let steps = ["root", "a", "b", "meet"].map(|id| says(id, "said", id)).concat();
    let body = format!(
        r#"
settings: {{fail_strategy: continue}}
modules:
{steps}
  - {{id: c, name: shell_solo, configs: {{command: "test -e open && echo c >> said"}}}}
  - {{id: any, name: shell_solo, configs: {{command: "echo any >> said"}}, misc: {{join: any}}}}
connections:
  control: ["root (1|) a", "root (1|) b", "root (1|) c", "a (1|) meet", "b (1|) meet", "c (1|) meet", "a (2|) any", "c (2|) any"]
"#
    );
    project.build("job", &body);
    let run = fails(&project, "job", &[]);
    assert_eq!((run.state("meet"), run.state("any")), ("skipped", "succeeded"));
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    let mut said = lines(&project, "said");
    // The gate `any` hangs on `c`, which has run by now.
    said.retain(|line| line != "any");
    assert_eq!(said[3..], ["c", "meet"]);
    let mut done = restored(&record);
    done.retain(|name| name != "any");
    done.sort();
    assert_eq!(done, ["a", "b", "root"]);
}

/// A scope in the background goes on at its own place, beside the rest.
#[test]
fn a_scope_in_the_background_goes_on() {
    let body = format!(
        r#"
modules:
{}{}{}{}{}
connections:
  control: ["root (1|start) back", "back (1|) back2", "back2 (1|) back3", "root (2|) front"]
"#,
        says("root", "said_root", "root"),
        says("back", "said", "1"),
        says("back2", "said", "2"),
        says("back3", "said", "3"),
        says("front", "front", "front")
    );
    for (order, before) in [("mark=begin back2#1:kill", 1), ("mark=begin back3#1:kill", 2)] {
        let project = Project::new();
        project.build("job", &body);
        killed(&project, "job", order, &[]);
        let (_, record) = resumed(&project, "job", &[]);
        assert_eq!(lines(&project, "said"), ["1", "2", "3"], "{order}");
        assert_eq!(lines(&project, "said_root"), ["root"], "{order}");
        assert_eq!(restored(&record).iter().filter(|name| name.starts_with("back")).count(), before, "{order}");
        assert_eq!(record.all("background_started").count(), 1);
    }
}

/// Each item starts a scope in the background, which sees that item and its globals.
#[test]
fn scopes_in_the_background_of_items() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {items: [a, b, c]}}
  - {id: v, name: set_var_solo, configs: {vars: {n: "{{ iter.item }}{{ iter.index }}"}}}
  - {id: back, name: shell_solo, configs: {command: "test {{ iter.item }} != b -o -e open && echo {{ v__n }} >> said"}}
connections: {control: ["list (1|iterate) v", "v (1|start) back"]}
"#;
    project.build("job", body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (_, record) = resumed(&project, "job", &[]);
    let mut said = lines(&project, "said");
    said.sort_unstable();
    assert_eq!(said, ["a0", "b1", "c2"]);
    assert!(ran(&record).contains(&"back 1".to_owned()));
}

/// Roots, orders, `always` and `Last` decide as they do in one go.
#[test]
fn orders_are_kept() {
    let steps: String = ["r", "a", "a1", "b", "z", "second"].map(|id| says(id, "said", id)).concat();
    let links = "\"r (Last|) z\", \"r (2|always) b\", \"r (1|) a\", \"a (1|) a1\"";
    let body = format!("modules:\n{steps}connections: {{control: [{links}]}}\n");
    for at in ["a", "a1", "b", "z", "second"] {
        let project = Project::new();
        project.build("job", &body);
        killed(&project, "job", &format!("mark=begin {at}@#1:kill"), &[]);
        resumed(&project, "job", &[]);
        assert_eq!(lines(&project, "said"), ["r", "a", "a1", "b", "z", "second"], "killed at {at}");
    }
}
