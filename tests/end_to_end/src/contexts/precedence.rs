//! Which value wins, and what it becomes.

use super::{of, report, tells, told};
use crate::support::Project;
use serde_json::json;

const DEFAULT: &str = "jobs/job/context/job_default.json";

#[test]
fn parameters_come_from_three_places_and_no_file() {
    let project = Project::new();
    project.build("job", &tells("{{ params.day }}", "params: {day: {default: declared}}\n"));
    project.write(DEFAULT, r#"{"day": "of the context"}"#);
    assert_eq!(told(&project, &[], &[]), "declared");
    let environment = [("PYPE_PARAM_DAY", "environment")];
    assert_eq!(told(&project, &environment, &[]), "environment");
    assert_eq!(told(&project, &environment, &["--params", r#"{"day": "json"}"#]), "json");
    let both = ["--params", r#"{"day": "json"}"#, "--param", "day=line"];
    assert_eq!(told(&project, &environment, &both), "line");
    let both = ["--param", "day=line", "--params", r#"{"day": "json"}"#];
    assert_eq!(told(&project, &environment, &both), "line", "in whatever order");
    assert_eq!(told(&project, &environment, &["--param", "day=first", "--param", "day=last"]), "last");
    assert_eq!(told(&project, &[], &["--param", "day=a=b"]), "a=b");
}

#[test]
fn parameters_and_context_variables_are_two_sections() {
    let project = Project::new();
    let sections = "params: {day: {default: p}}\ncontext: {day: {default: c}}\n";
    project.build("job", &tells("{{ params.day }} {{ context.day }}", sections));
    assert_eq!(told(&project, &[], &["--param", "day=x"]), "x c");
    assert_eq!(told(&project, &[("PYPE_CTX_DAY", "y")], &[]), "p y");
    assert_eq!(told(&project, &[("PYPE_PARAM_DAY", "y")], &["--set", "day=z"]), "y z");
}

/// A type, a text of that type, its form in JSON, what comes of it, and a text that is not of that type.
const TYPES: [(&str, &str, &str, &str, &str); 9] = [
    ("int", "42", "42", "43", "4.5"),
    ("int", "-9007199254740993", "-9007199254740993", "-9007199254740992", "many"),
    ("float", "1.5", "1.5", "2.5", "x"),
    ("float", "2", "2", "3", "[1]"),
    ("bool", "true", "true", "2", "yes"),
    ("bool", "false", "false", "1", "0"),
    ("str", "007", "\"007\"", "007", ""),
    ("list", "[1, 2]", "[1, 2]", "[1, 2]", "{}"),
    ("dict", r#"{"a": "b"}"#, r#"{"a": "b"}"#, r#"{"a": "b"}"#, "[]"),
];

#[test]
fn every_type_is_the_same_from_every_place() {
    for (kind, text, json, expected, _) in TYPES {
        let template = match kind {
            "int" | "float" => "{{ context.v + 1 }}",
            "bool" => "{{ 2 if context.v else 1 }}",
            "list" => "[{{ context.v | join(', ') }}]",
            "dict" => "{\"a\": \"{{ context.v.a }}\"}",
            _ => "{{ context.v }}",
        };
        let expected = |found: String| assert_eq!(found.replace(".0", ""), expected, "{kind} {text}");
        let project = Project::new();
        project.build("job", &tells(template, &format!("context: {{v: {{type: {kind}}}}}\n")));
        expected(told(&project, &[("PYPE_CTX_V", text)], &[]));
        expected(told(&project, &[], &["--set", &format!("v={text}")]));
        project.write(DEFAULT, format!("{{\"v\": {json}}}"));
        expected(told(&project, &[], &[]));
        std::fs::remove_file(project.path(DEFAULT)).unwrap();
        project.write("jobs/job/context/job_prod.json", format!("{{\"v\": {json}}}"));
        expected(told(&project, &[], &["--context", "prod"]));
        let project = Project::new();
        project.build("job", &tells(template, &format!("context: {{v: {{type: {kind}, default: {json}}}}}\n")));
        expected(told(&project, &[], &[]));
        let params = tells(&template.replace("context.", "params."), &format!("params: {{v: {{type: {kind}}}}}\n"));
        project.build("job", &params);
        expected(told(&project, &[("PYPE_PARAM_V", text)], &[]));
        expected(told(&project, &[], &["--param", &format!("v={text}")]));
        expected(told(&project, &[], &["--params", &format!("{{\"v\": {json}}}")]));
    }
}

#[test]
fn another_type_is_refused_from_every_place() {
    for (kind, _, _, _, wrong) in TYPES.into_iter().filter(|one| one.0 != "str") {
        let project = Project::new();
        project.build("job", &tells("{{ context.v }}", &format!("context: {{v: {{type: {kind}}}}}\n")));
        let set = format!("v={wrong}");
        let file = format!("{{\"v\": {}}}", json!(wrong));
        for (environment, args, in_file, code, place) in [
            (&[("PYPE_CTX_V", wrong)][..], &[][..], None, 2, "PYPE_CTX_V"),
            (&[], &["--set", set.as_str()], None, 2, "command line"),
            (&[], &[], Some(DEFAULT), 3, "job_default.json"),
        ] {
            if let Some(path) = in_file {
                project.write(path, &file);
            }
            let output = project.pype_with(environment, &[&["run", "jobs/job"], args].concat()).expect_code(code);
            for word in ["`v`", &format!("`{kind}`"), place] {
                assert!(output.stderr.contains(word), "{kind}: {word}: {}", output.stderr);
            }
        }
        assert!(project.nothing_ran("job"));
    }
}

#[test]
fn without_a_type_a_text_is_what_it_looks_like() {
    let project = Project::new();
    project.build("job", &tells("{{ context.v + 1 if context.v is number else context.v }}", "context: {v: {}}\n"));
    for (given, expected) in [("41", "42"), ("word", "word"), ("0x10", "0x10"), ("", ""), ("1 2", "1 2")] {
        assert_eq!(told(&project, &[("PYPE_CTX_V", given)], &[]), expected);
        assert_eq!(told(&project, &[], &["--set", &format!("v={given}")]), expected);
    }
}

#[test]
fn null_takes_a_value_away() {
    let project = Project::new();
    project.build("job", &tells("{{ context.v }}", "context: {v: {default: declared}}\n"));
    project.write("jobs/job/context/job_gone.json", r#"{"v": null}"#);
    let output = project.pype(&["run", "jobs/job", "--context", "gone"]).expect_code(3);
    assert!(output.stderr.contains("`v`") && output.stderr.contains("needed"), "{}", output.stderr);
    assert_eq!(told(&project, &[("PYPE_CTX_V", "x")], &["--context", "gone"]), "x", "and another place may give one");
    let shown = report(&project, &[], &["--context", "gone"], 3);
    assert_eq!((&of(&shown, "v")["value"], &of(&shown, "v")["source"]), (&json!(null), &json!(null)));
}

#[test]
fn names_are_matched_as_they_are_and_in_the_environment_in_upper_case() {
    let project = Project::new();
    project.build("job", &tells("{{ context.myDay }}", "context: {myDay: {default: x}}\n"));
    assert_eq!(told(&project, &[("PYPE_CTX_MYDAY", "y")], &[]), "y");
    assert_eq!(told(&project, &[("PYPE_CTX_myDay", "y")], &[]), "x");
    project.pype(&["run", "jobs/job", "--set", "myday=z"]).expect_code(2);
}
