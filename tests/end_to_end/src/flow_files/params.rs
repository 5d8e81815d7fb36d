//! `params:`: every parameter that is missing or wrong is told before anything runs, by its name.

use crate::support::Project;

fn project(params: &str) -> Project {
    let project = Project::new();
    let flow = "flow: {name: job, version: 1.0.0, authors: [ann], created: \"2026-01-01\"}
modules: [{id: mark, name: shell_solo, configs: {command: \"echo {{ params.n | default('') }} > told\"}}]
";
    project.write("flow.yaml", format!("{flow}params:\n{params}"));
    project
}

#[test]
fn all_that_is_wrong_is_told_at_once_and_nothing_runs() {
    let project =
        project("  n: {type: int}\n  day: {type: str}\n  flags: {type: list, default: []}\n  share: {type: float}\n");
    project.pype(&["build", "flow.yaml"]).expect_code(0);
    let output = project.pype(&[
        "run",
        "jobs/job",
        "--param",
        "n=five",
        "--param",
        "dya=2026-11-21",
        "--params",
        "{\"flags\": \"x\"}",
    ]);
    assert_ne!(output.code, 0);
    for part in [
        "parameter `n` is not of its declared type `int`",
        "write a whole number, as `10`",
        "parameter `flags` is not of its declared type `list`",
        "did you mean `day`?",
        "parameter `day` is needed and given nowhere",
        "parameter `share` is needed and given nowhere; give it by `--param share=…` or PYPE_PARAM_SHARE",
    ] {
        assert!(output.stderr.contains(part), "{part}\n{}", output.stderr);
    }
    assert!(!project.exists("told"));
    let given = ["run", "jobs/job", "--param", "n=5", "--params", "{\"day\": \"d\", \"share\": \"0.5\", \"n\": 7}"];
    project.pype(&given).expect_code(0);
    assert_eq!(project.read("told"), "5\n");
}

#[test]
fn a_default_of_another_type_is_found_at_the_build() {
    for (param, code) in [
        ("  n: {type: int, default: five}\n", 3),
        ("  n: {type: bool, default: no}\n", 3),
        ("  n: {type: list, default: {a: 1}}\n", 3),
        ("  n: {type: int, default: \"5\"}\n", 0),
        ("  n: {type: str, default: 5}\n", 0),
        ("  n: {type: float, default: 5}\n", 0),
    ] {
        let project = project(param);
        let output = project.pype(&["build", "flow.yaml", "--output", "json"]);
        assert_eq!(output.code, code, "{param} {output:?}");
        let findings = output.json()["diagnostics"].clone();
        assert!(code == 0 || findings[0]["code"] == "L037" && findings[0]["line"] == 4, "{findings}");
    }
}
