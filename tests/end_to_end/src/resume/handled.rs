//! Failures that a handler took off the run are over; those that nobody handled happen again, if they do.

use super::{GATE, fails, killed, lines, ran, restored, resumed, says};
use crate::support::Project;

#[test]
fn a_failure_that_was_handled_is_not_repeated() {
    let project = Project::new();
    let body = format!(
        r#"
modules:
  - {{id: bad, name: shell_solo, configs: {{command: "echo bad >> said; exit 3"}}}}
{}{GATE}{}
connections: {{control: ["bad (1|error handled) handler", "bad (2|always) gate", "gate (1|) after"]}}
"#,
        says("handler", "said", "handled {{ bad__error_kind }}"),
        says("after", "said", "after {{ bad__exit_code }}")
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (run, record) = resumed(&project, "job", &[]);
    let said = lines(&project, "said");
    assert_eq!((said.len(), said[0].as_str(), said[2].as_str()), (3, "bad", "after 3"), "{said:?}");
    assert_eq!(restored(&record), ["bad", "handler"]);
    assert_eq!(ran(&record), ["gate", "after"]);
    // The whole run had one failure, and one that was handled.
    assert_eq!((&run.result["n_failures"], &run.result["n_handled"]), (&1.into(), &1.into()));
}

#[test]
fn a_handler_that_did_not_get_to_it_has_its_failure_again() {
    let project = Project::new();
    let body = format!(
        r#"
modules:
  - {{id: bad, name: shell_solo, configs: {{command: "echo bad >> said; exit 3"}}}}
{}
connections: {{control: ["bad (1|error handled) handler"]}}
"#,
        says("handler", "said", "handled")
    );
    project.build("job", &body);
    killed(&project, "job", "mark=begin handler#1:kill", &[]);
    resumed(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), ["bad", "bad", "handled"]);
}

/// Items that failed and were handled stay so; the one that nobody handled runs again.
#[test]
fn in_loops_each_item_for_itself() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: list, name: loop_source, configs: {items: [a, bad, b, halt, c]}}
  - {id: step, name: shell_solo, configs: {command: "echo {{ iter.item }} >> said; test {{ iter.item }} != bad"}}
  - {id: note, name: shell_solo, configs: {command: "echo note {{ iter.item }} >> said"}}
  - {id: more, name: shell_solo, configs: {command: "test {{ iter.item }} != halt -o -e open && echo more {{ iter.item }} >> said"}}
connections: {control: ["list (1|iterate) step", "step (1|error handled) note", "step (2|) more"]}
"#;
    project.build("job", body);
    fails(&project, "job", &[]);
    project.write("open", "");
    let (run, _) = resumed(&project, "job", &[]);
    let expected = ["a", "more a", "bad", "note bad", "b", "more b", "halt", "more halt", "c", "more c"];
    assert_eq!(lines(&project, "said"), expected);
    assert_eq!(run.result["n_handled"], 1);
}

/// The failure of an item is handled behind its loop.
#[test]
fn a_handler_behind_the_loop() {
    let project = Project::new();
    let body = format!(
        r#"
modules:
  - {{id: list, name: loop_source, configs: {{items: [a, bad, b]}}}}
  - {{id: step, name: shell_solo, configs: {{command: "echo {{{{ iter.item }}}} >> said; test {{{{ iter.item }}}} != bad"}}}}
{}{GATE}
connections: {{control: ["list (1|iterate) step", "list (2|error handled) note", "list (3|always) gate"]}}
"#,
        says("note", "said", "note")
    );
    project.build("job", &body);
    fails(&project, "job", &[]);
    let before = lines(&project, "said");
    project.write("open", "");
    resumed(&project, "job", &[]);
    assert_eq!(lines(&project, "said"), before, "nothing of it is repeated");
    assert!(before.contains(&"note".to_owned()));
}
