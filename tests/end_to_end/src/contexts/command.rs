//! `pype context`: every variable with its value and where that came from.

use super::{of, report, tells};
use crate::support::Project;
use serde_json::json;

const SECTIONS: &str = r#"
context:
  day: {type: str, default: monday, description: the day to load}
  rows: {type: int, default: 1}
  spare: {default: x}
  list: {type: list, default: [1, 2]}
params: {region: {default: eu}}
settings: {env: [PYPE_TEST_A, PYPE_TEST_B]}
"#;
const USES: &str = "{{ context.day }} {{ context.rows }} {{ context.list }} {{ params.region }} {{ env('PYPE_TEST_A') }} {{ env('PYPE_TEST_B', 'b') }} {{ context.unknown }}";

fn project() -> Project {
    let project = Project::new();
    project.build("job", &tells(USES, SECTIONS));
    project.write("jobs/job/context/job_prod.json", r#"{"rows": 3, "unknown": "known", "more": true}"#);
    project
}

#[test]
fn values_come_with_their_sources() {
    let project = project();
    let environment = [("PYPE_TEST_A", "a"), ("PYPE_PARAM_REGION", "us")];
    let found = report(&project, &environment, &["--context", "prod", "--set", "day=friday"], 0);
    assert_eq!((&found["job"], &found["problems"]), (&json!("job"), &json!([])));
    for (name, section, value, source) in [
        ("day", "context", json!("friday"), "the command line"),
        ("rows", "context", json!(3), "job_prod.json"),
        ("unknown", "context", json!("known"), "job_prod.json"),
        ("list", "context", json!([1, 2]), "job_default.json"),
        ("region", "params", json!("us"), "PYPE_PARAM_REGION"),
        ("PYPE_TEST_A", "env", json!("a"), "the environment"),
    ] {
        let variable = of(&found, name);
        assert_eq!((&variable["section"], &variable["value"]), (&json!(section), &value), "{name}");
        assert!(variable["source"].as_str().unwrap().ends_with(source), "{variable}");
        assert_eq!(variable["used"], true, "{name}");
    }
    assert_eq!(of(&found, "day")["description"], "the day to load");
    assert_eq!(of(&found, "rows")["type"], "int");
    assert_eq!((&of(&found, "spare")["used"], &of(&found, "more")["used"]), (&json!(false), &json!(false)));
    assert_eq!(of(&found, "PYPE_TEST_B")["value"], json!(null));
}

#[test]
fn problems_are_told_with_all_that_is_known() {
    let project = project();
    let found = report(&project, &[], &["--set", "rows=x", "--set", "dya=1"], 3);
    let problems = found["problems"].to_string();
    for word in ["`unknown`", "`PYPE_TEST_A`", "`rows`", "did you mean `day`?"] {
        assert!(problems.contains(word), "{word}: {problems}");
    }
    assert_eq!(of(&found, "day")["value"], "monday");
    let text = project.pype(&["context", "jobs/job"]).expect_code(3);
    assert!(text.stderr.contains("`unknown`") && text.stdout.contains("monday"), "{text:?}");
}

#[test]
fn the_table_is_for_people() {
    let project = project();
    let environment = [("PYPE_TEST_A", "a")];
    let text = project.pype_with(&environment, &["context", "jobs/job", "--context", "prod"]).expect_code(0).stdout;
    for word in
        ["day", "monday", "the day to load", "spare (unused)", "job_prod.json", "[1,2]", "(none)", "params", "env"]
    {
        assert!(text.contains(word), "{word}: {text}");
    }
}

#[test]
fn nothing_to_show_is_said() {
    let project = Project::new();
    project.build("job", &tells("x", ""));
    let text = project.pype(&["context", "jobs/job"]).expect_code(0).stdout;
    assert!(text.contains("no context variables"), "{text}");
    let output = project.pype(&["context", "jobs/nope"]).expect_code(3);
    assert!(output.stderr.contains("jobs/nope"), "{}", output.stderr);
}

#[test]
fn it_leaves_nothing_and_disturbs_nobody() {
    let project = project();
    let before = project.files("jobs");
    report(&project, &[("PYPE_TEST_A", "a")], &["--context", "prod", "--check"], 0);
    assert_eq!(project.files("jobs"), before);
}
