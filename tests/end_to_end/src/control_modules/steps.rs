//! Variables, failures on purpose, log lines and pauses: the steps that do nothing but steer.

use super::{sub_flow, tell};
use crate::support::Project;
use serde_json::{Value, json};

#[test]
fn variables_keep_their_types_and_are_found_whatever_their_case() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: vars, name: set_var_solo, configs: {vars: {rows: 3, Folder: out, parts: [a, b], start: {at: 7}, head: false}}}
  - {id: more, name: set_var_solo, configs: {vars: {rows: "{{ vars__rows - context.less }}"}}}
  - {id: src, name: generate_source, configs: {rows: "{{ more__rows }}", columns: [{name: n, kind: sequence, min: "{{ vars__start.at }}"}]}}
  - {id: out, name: csv_sink, configs: {output_path: "{{ VARS__FOLDER }}/{{ vars__parts | join('-') }}.csv", header: "{{ vars__Head }}"}}
connections: {data: [src.data - out.input], control: [vars (1|) more, more (1|) src]}
context: {less: {type: int, default: 1}}
"#;
    project.run_flow("vars", body);
    assert_eq!(project.read("out/a-b.csv"), "7\n8\n");
}

#[test]
fn a_variable_that_is_not_set_is_found_at_build() {
    let body = format!(
        "modules:\n  - {{id: vars, name: set_var_solo, configs: {{vars: {{rows: 3}}}}}}\n{}\nconnections: {{control: [vars (1|) tell]}}\n",
        tell("{{ vars__row }}")
    );
    let words = ["`vars` (set_var_solo) sets no global `row`", "did you mean `rows`?"];
    Project::new().refuses(&body, "P016", &words);
}

#[test]
fn names_of_variables_are_checked_before_one_is_set() {
    for (vars, words) in [
        ("{'a b': 1}", ["`vars`", "`a b` is no name of a variable", "letters, digits and `_`"]),
        ("{1st: 1}", ["`vars`", "`1st` is no name of a variable", "begin with a letter"]),
        ("{last_id: 1, Last_Id: 2}", ["`vars`", "is given twice: case makes no difference", "another name"]),
    ] {
        let body = format!("modules:\n  - {{id: vars, name: set_var_solo, configs: {{vars: {vars}}}}}\n");
        let run = Project::new().run_fails("vars", &body, &words);
        assert_eq!(run.node("vars")["fault"]["kind"], "config");
    }
}

fn dies(configs: &str, settings: &str) -> String {
    let tell = tell("{{ stop__error_message }}");
    format!(
        r#"
settings: {{retry_delay: 0{settings}}}
modules:
  - {{id: stop, name: die_solo, configs: {{{configs}}}}}
  - {{id: next, name: noop_solo}}
{tell}
connections: {{control: ["stop (1|) next", "stop (2|error) tell"]}}
context: {{day: {{default: monday}}}}
"#
    )
}

#[test]
fn a_flow_fails_in_its_own_words() {
    for (configs, code) in [("", "4"), (", code: 7", "7")] {
        let project = Project::new();
        let configs = format!("message: \"no rate for {{{{ context.day }}}}\"{configs}");
        let run = project.run_fails("stop", &dies(&configs, ""), &["`stop`", "die_solo", "no rate for monday"]);
        let fault = &run.node("stop")["fault"];
        assert_eq!((&fault["message"], &fault["context"]), (&json!("no rate for monday"), &json!([["code", code]])));
        assert_eq!([run.state("stop"), run.state("next"), run.state("tell")], ["failed", "skipped", "succeeded"]);
        assert_eq!(project.read("told"), "<no rate for monday>");
    }
}

#[test]
fn a_failure_of_the_flows_own_is_tried_again_if_it_says_so() {
    for (transient, retries) in [("true", 2), ("false", 0)] {
        let project = Project::new();
        project.build("stop", &dies(&format!("message: busy, transient: {transient}"), ", retries: 2"));
        let run = project.run_job("stop", &[], 1);
        assert_eq!(sub_flow(&run, "stop")["retries"], retries, "transient: {transient}");
        assert_eq!(run.node("stop")["fault"]["transient"], json!(retries > 0));
    }
}

#[test]
fn message_and_code_of_a_failure_are_known_to_its_handler() {
    let project = Project::new();
    let told = tell("{{ stop__code }} {{ stop__message }}");
    let body = dies("message: busy, code: 7", "").replace(&tell("{{ stop__error_message }}"), &told);
    project.build("stop", &body);
    let run = project.run_job("stop", &[], 1);
    assert_eq!((run.state("tell"), project.read("told").as_str()), ("succeeded", "<7 busy>"));
}

fn says(configs: &str) -> String {
    let tell = tell("{{ say__code }} {{ say__message }}");
    format!(
        "modules:\n  - {{id: say, name: warn_solo, configs: {{{configs}}}}}\n{tell}\nconnections: {{control: [say (1|) tell]}}\n"
    )
}

#[test]
fn a_line_of_the_flows_own_has_its_level_and_its_code() {
    for (configs, level, code) in [
        ("", "WARN", "42"),
        (", level: error, code: 7", "ERROR", "7"),
        (", level: warn, code: 0", "WARN", "0"),
        (", level: info", "INFO", "42"),
        (", level: debug", "DEBUG", "42"),
    ] {
        let project = Project::new();
        project.build("say", &says(&format!("message: odd day{configs}")));
        let output = project.pype(&["run", "jobs/say", "--log-format", "json", "-v"]).expect_code(0);
        let lines = output.stderr.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let said: Vec<Value> = lines.filter(|line| line["node_id"] == "say").collect();
        assert_eq!(said.len(), 1, "{said:?}");
        assert_eq!((&said[0]["level"], &said[0]["message"]), (&json!(level), &json!("odd day")));
        assert_eq!(said[0]["fields"]["code"].to_string(), code);
        assert_eq!(project.read("told"), format!("<{code} odd day>"));
    }
}

#[test]
fn a_line_of_an_unknown_level_is_refused() {
    let words = ["`level`: `\"wran\"` is not one of the allowed values", "did you mean `warn`?"];
    Project::new().refuses(&says("message: x, level: wran"), "L012", &words);
}

const NAP: &str = r#"
modules:
  - {id: first, name: shell_solo, configs: {command: "touch began"}}
  - {id: nap, name: sleep_solo, configs: {seconds: "{{ context.seconds }}"}}
connections: {control: [first (1|) nap]}
context: {seconds: {type: float, default: 0.2}}
"#;

#[test]
fn a_pause_is_as_long_as_it_says() {
    let project = Project::new();
    let run = project.run_flow("nap", NAP);
    assert!(run.node("nap")["seconds"].as_f64().unwrap() >= 0.19, "{}", run.node("nap"));
}

#[test]
fn a_pause_below_zero_is_refused_at_build_or_at_the_run() {
    let body = "modules:\n  - {id: nap, name: sleep_solo, configs: {seconds: -1}}\n";
    Project::new().refuses(body, "L012", &["`seconds`", "-1"]);
    let project = Project::new();
    project.build("nap", NAP);
    let fault = project.run_job("nap", &["--set", "seconds=-1"], 1).node("nap")["fault"].clone();
    assert_eq!((&fault["kind"], &fault["context"][0]), (&json!("config"), &json!(["key", "seconds"])));
}

#[test]
fn a_pause_ends_when_the_run_is_to_stop() {
    let project = Project::new();
    project.build("nap", NAP);
    let mut run = project.start(&["run", "jobs/nap", "--set", "seconds=100000", "--output", "json"]);
    run.wait_for(&project.path("began"));
    run.signal("TERM");
    let output = run.end().expect_code(143);
    assert_eq!(output.json()["state"], "cancelled");
    assert!(!output.stderr.contains("did not end in time"), "{}", output.stderr);
}
