//! Commands of the operating system as steps: what they get, what is kept of them, and that none outlives its run.

use super::{tell, wait_until_gone};
use crate::support::Project;
use serde_json::{Value, json};

/// One command, then `tell`.
fn runs(configs: &str, template: &str) -> String {
    let tell = tell(template);
    format!(
        "modules:\n  - {{id: it, name: shell_solo, configs: {{{configs}}}}}\n{tell}\nconnections: {{control: [it (1|) tell]}}\ncontext: {{word: {{default: here}}}}\n"
    )
}

#[track_caller]
fn told(project: &Project, configs: &str, template: &str) -> String {
    project.run_flow("it", &runs(configs, template));
    project.read("told")
}

const BOTH: &str = "{{ it__exit_code }}|{{ it__stdout }}|{{ it__stderr }}";

#[test]
fn a_line_is_for_the_shell_and_a_list_is_not() {
    let project = Project::new();
    assert_eq!(told(&project, r#"command: "echo $((1 + 2)); echo odd >&2; echo last""#, BOTH), "<0|3\nlast|odd>");
    assert_eq!(told(&project, "command: [printf, '%s', '$HOME; *']", BOTH), "<0|$HOME; *|>");
}

#[test]
fn a_command_has_its_folder_and_its_environment() {
    let project = Project::new();
    project.write("at/the/root", "root");
    project.write("sub/file", "sub");
    assert_eq!(told(&project, "command: cat at/the/root", BOTH), "<0|root|>", "the project's folder by itself");
    let configs =
        r#"command: 'cat file; printf " $WORD $OTHER"', cwd: sub, env: {WORD: "{{ context.word }}", OTHER: "a b"}"#;
    assert_eq!(told(&project, configs, BOTH), "<0|sub here a b|>");
}

#[test]
fn an_exit_code_other_than_those_that_are_fine_is_a_failure() {
    let project = Project::new();
    let command = r#"command: "echo first >&2; echo no luck >&2; exit 3""#;
    let words = ["`it`", "shell_solo", "the command ended with exit code 3", "stderr: no luck"];
    let run = project.run_fails("it", &runs(command, BOTH), &words);
    assert_eq!(run.state("tell"), "skipped");
    assert_eq!(told(&project, &format!("{command}, ok_codes: [0, 3]"), "{{ it__exit_code }}"), "<3>");
    let killed = r#"command: "kill -9 $$", ok_codes: [137]"#;
    assert_eq!(told(&project, killed, "{{ it__exit_code }}"), "<137>", "128 and the signal's number");
}

#[test]
fn the_exit_code_of_a_failure_is_known_to_its_handler() {
    let project = Project::new();
    let body = runs(r#"command: "echo some; echo no luck >&2; exit 3""#, BOTH).replace("(1|)", "(1|error)");
    project.build("it", &body);
    let run = project.run_job("it", &[], 1);
    assert_eq!((run.state("tell"), project.read("told").as_str()), ("succeeded", "<3|some|no luck>"));
}

#[test]
fn what_cannot_work_is_said_and_no_value_with_it() {
    for (configs, word) in [
        ("command: ' '", "`command` names no program"),
        ("command: []", "`command` names no program"),
        ("command: [no-such-program, hunter2]", "`no-such-program` cannot be started"),
        ("command: 'true', cwd: no/such/folder", "the command's folder is not there"),
        ("command: 'true', env: {'A=B': hunter2}", "`A=B` cannot be an environment variable"),
        ("command: 'true', ok_codes: []", "`ok_codes` is empty"),
    ] {
        let project = Project::new();
        let run = project.run_fails("it", &runs(configs, "x"), &["`it`", word]);
        assert!(!format!("{:?}", run.output).contains("hunter2"), "{configs}: {:?}", run.output);
    }
}

#[test]
fn values_of_a_wrong_form_are_refused_at_build() {
    for (configs, key) in [
        ("command: {a: b}", "`command`"),
        ("command: 'true', timeout: -1", "`timeout`"),
        ("command: 'true', ok_codes: [one]", "`ok_codes/0`"),
        ("command: 'true', env: {A: [b]}", "`env/A`"),
    ] {
        Project::new().refuses(&runs(configs, "x"), "L012", &[key]);
    }
}

#[test]
fn a_command_that_takes_too_long_is_stopped() {
    let configs = r#"command: "echo ready; sleep 100000", timeout: 0.3"#;
    let words = ["`it`", "`sh` took longer than its timeout of 0.3 s"];
    let run = Project::new().run_fails("it", &runs(configs, "x"), &words);
    assert_eq!(run.state("tell"), "skipped");
}

/// The log lines of the command: level and text.
fn logged(configs: &str) -> Vec<(String, String)> {
    let project = Project::new();
    project.build("it", &runs(configs, "x"));
    let output = project.pype(&["run", "jobs/it", "--log-format", "json"]).expect_code(0);
    let lines = output.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines.filter(|line| line["node_id"] == "it").map(|line| (text(&line, "level"), text(&line, "message"))).collect()
}

#[test]
fn what_a_command_writes_is_logged_unless_it_is_not_to_be() {
    let command = r#"command: "echo one; echo two; echo odd >&2""#;
    let mut found = logged(command);
    // The two outputs are two pipes: each keeps its order.
    found.sort_by_key(|(level, _)| level.clone());
    let expected = [("INFO", "one"), ("INFO", "two"), ("WARN", "odd")];
    assert_eq!(found, expected.map(|(level, text)| (level.to_owned(), text.to_owned())));
    let found = logged(&format!("{command}, log_output: false"));
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn the_end_of_long_outputs_is_kept() {
    let project = Project::new();
    let command = r#"command: "printf abcdefgh; printf 12345678 >&2""#;
    assert_eq!(told(&project, command, BOTH), "<0|abcdefgh|12345678>");
    assert_eq!(told(&project, &format!("{command}, max_output: 3"), BOTH), "<0|fgh|678>");
}

/// Two processes in the background of the command: one heeds the wish to end, the other does not.
const GROUP: &str = r#"
modules:
  - id: it
    name: shell_solo
    configs:
      command: |
        sleep 100000 &
        echo $! > heeds.new; mv heeds.new heeds
        sh -c 'trap "" TERM; echo $$ > deaf.new; mv deaf.new deaf; while :; do sleep 0.1; done' &
        wait
"#;

#[test]
fn a_stopped_run_leaves_no_process_behind() {
    let project = Project::new();
    project.build("group", GROUP);
    let mut run = project.start(&["run", "jobs/group", "--output", "json"]);
    for file in ["heeds", "deaf"] {
        run.wait_for(&project.path(file));
    }
    run.signal("TERM");
    let output = run.end().expect_code(143);
    assert_eq!(output.json()["sub_flows"][0]["state"], json!("cancelled"));
    for file in ["heeds", "deaf"] {
        wait_until_gone(&project, file);
    }
    assert_eq!(project.leftovers(), [""; 0]);
}
