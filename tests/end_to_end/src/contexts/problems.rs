//! What is wrong with values: all of it at once, with a cure, before anything starts.

use super::tells;
use crate::support::Project;
use crate::support::run::flow;

const MANY: &str = r#"
context:
  folder: {}
  rows: {type: int, default: 1}
  password: {secret: true}
  place: {default: x}
  key: {default: y}
params:
  day: {}
  count: {type: int}
settings: {env: [PYPE_TEST_NOT_SET]}
"#;
const USES: &str = "{{ context.folder }} {{ context.rows }} {{ context.password }} {{ context.place }} {{ context.key }} {{ params.day }} {{ params.count }} {{ env('PYPE_TEST_NOT_SET') }}";

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let project = Project::new();
    project.build("job", &tells(USES, MANY));
    project.write(
        "jobs/job/context/job_default.json",
        r#"{"rows": "many", "password": "in-plain-s3cret", "place": "vault://nowhere", "key": ["env://X"]}"#,
    );
    let args = ["run", "jobs/job", "--param", "count=x", "--set", "foldr=x", "--context", "prdo"];
    let said = project.pype(&args).expect_code(3).stderr;
    for words in [
        ["`folder`", "--set folder="],
        ["`rows`", "`int`"],
        ["`password`", "PYPE_CTX_PASSWORD"],
        ["`place`", "vault://secret/db#password"],
        ["`key`", "a variable of its own"],
        ["`day`", "--param day="],
        ["`count`", "command line"],
        ["`PYPE_TEST_NOT_SET`", "set PYPE_TEST_NOT_SET"],
        ["`foldr`", "did you mean `folder`?"],
        ["job_prdo.json", "default"],
    ] {
        for word in words {
            assert!(said.contains(word), "`{word}` is not in:\n{said}");
        }
    }
    assert!(!said.contains("in-plain"), "{said}");
    assert_eq!(said.matches("\n  - ").count(), 10, "{said}");
    assert!(!project.exists("told") && project.nothing_ran("job"));
    let json = project.pype(&[&args[..], &["--output", "json"]].concat()).expect_code(3);
    assert!(format!("{}{}", json.stdout, json.stderr).contains("foldr"), "{json:?}");
}

#[test]
fn the_exit_code_tells_whether_the_command_line_alone_is_to_blame() {
    let project = Project::new();
    project.build("job", &tells("{{ context.rows }}", "context: {rows: {type: int, default: 1}}\n"));
    for args in [["--set", "rosw=1"], ["--set", "rows=x"], ["--param", "day=1"], ["--set", "rows"], ["--params", "[1]"]]
    {
        project.pype(&[&["run", "jobs/job"], &args[..]].concat()).expect_code(2);
    }
    project.pype(&["run", "jobs/job", "--context", "nope"]).expect_code(3);
    project.pype(&["run", "jobs/job", "--context", "nope", "--set", "rows=x"]).expect_code(3);
}

#[test]
fn a_context_that_is_not_there_is_told_with_those_that_are() {
    let project = Project::new();
    project.build("job", &tells("{{ context.v }}", "context: {v: {default: x}}\n"));
    for name in ["prod", "test"] {
        project.write(&format!("jobs/job/context/job_{name}.json"), "{}");
    }
    let said = project.pype(&["run", "jobs/job", "--context", "prdo"]).expect_code(3).stderr;
    assert!(said.contains("job_prdo.json") && said.contains("prod"), "{said}");
    let said = project.pype(&["run", "jobs/job", "--context", "xyzzy"]).expect_code(3).stderr;
    for name in ["default", "prod", "test"] {
        assert!(said.contains(name), "{name}: {said}");
    }
}

#[test]
fn a_context_of_another_folder_is_none() {
    let project = Project::new();
    project.build("job", &tells("{{ context.v }}", "context: {v: {default: x}}\n"));
    project.write("evil.json", r#"{"v": "evil"}"#);
    project.write("jobs/job/context/job_.json", r#"{"v": "evil"}"#);
    for name in ["/../../../../evil", "../evil", "a/b", ".."] {
        let output = project.pype(&["run", "jobs/job", "--context", name]);
        assert!([2, 3].contains(&output.code), "{name}: {output:?}");
    }
    assert!(!project.exists("told"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let project = Project::new();
    project.build("job", &tells("{{ context.v }}", "context: {v: {default: x}}\n"));
    let path = "jobs/job/context/job_default.json";
    for content in ["[1]", "{\"v\": }", "", "{\"v\": \"a\"} more", "\u{0}"] {
        project.write(path, content);
        let said = project.pype(&["run", "jobs/job"]).expect_code(3).stderr;
        assert!(said.contains("job_default.json"), "{content}: {said}");
    }
    std::fs::remove_file(project.path(path)).unwrap();
    std::fs::create_dir(project.path(path)).unwrap();
    let said = project.pype(&["run", "jobs/job"]).expect_code(3).stderr;
    assert!(said.contains("job_default.json"), "{said}");
}

/// The findings of a build that must fail: each has this code.
#[track_caller]
fn refuses(template: &str, sections: &str, code: &str, words: &[&str]) {
    let project = Project::new();
    project.write("job.yaml", flow("job", &tells(template, sections)));
    let said = project.pype(&["build", "job.yaml"]).expect_code(3).stderr;
    for word in [&[code][..], words].concat() {
        assert!(said.contains(word), "`{word}` is not in:\n{said}");
    }
    assert!(!project.exists("jobs"));
}

#[test]
fn the_environment_is_read_where_the_settings_allow_it() {
    let allowed = "settings: {env: [PYPE_TEST_HOME]}\n";
    refuses("{{ env('PYPE_TEST_HOEM') }}", allowed, "P032", &["`PYPE_TEST_HOEM`", "did you mean `PYPE_TEST_HOME`?"]);
    refuses("{{ env('HOME') }}", "", "P032", &["`HOME`", "env://HOME", "settings: {env: [HOME]}"]);
    refuses("{{ env('HOME', 'x') }}", "", "P032", &["`HOME`"]);
    let project = Project::new();
    project.build("job", &tells("{{ env('PYPE_TEST_HOME') }}", allowed));
    assert_eq!(super::told(&project, &[("PYPE_TEST_HOME", "here {{ x }}")], &[]), "here {{ x }}");
    let said = project.pype(&["run", "jobs/job"]).expect_code(3).stderr;
    assert!(said.contains("`PYPE_TEST_HOME`") && said.contains("set PYPE_TEST_HOME"), "{said}");
    project.build("job", &tells("{{ env('PYPE_TEST_HOME', 'there') }}", allowed));
    assert_eq!(super::told(&project, &[], &[]), "there");
    assert_eq!(super::told(&project, &[("PYPE_TEST_HOME", "here")], &[]), "here");
}

#[test]
fn calls_whose_arguments_are_no_texts_are_refused() {
    for call in [
        "secret(context.a, 'b')",
        "secret('secret/a' ~ 'b', 'c')",
        "secret('secret/a')",
        "secret('secret/a', 'b', 'c')",
        "secret()",
        "secret(path='secret/a', key='b')",
        "secret",
        "env(context.a)",
        "env('A' ~ 'B')",
        "env()",
        "env(name='A')",
        "[secret] | first",
    ] {
        refuses(&format!("{{{{ {call} }}}}"), "context: {a: {default: x}}\n", "P031", &[]);
    }
    refuses("{% set s = secret %}{{ s('secret/a', 'b') }}", "", "P031", &[]);
    refuses("{% for f in [env] %}{{ f('HOME') }}{% endfor %}", "", "P031", &[]);
}

#[test]
fn references_that_name_no_place_are_refused() {
    for reference in [
        "vault://",
        "vault://secret",
        "vault://secret#x",
        "vault://secret/db",
        "vault://a/../b#c",
        "vault://a/b?x#c",
        "env://",
        "env://A B",
        "file://",
    ] {
        refuses(
            "{{ context.v }}",
            &format!("context: {{v: {{secret: true, default: \"{reference}\"}}}}\n"),
            "P033",
            &[reference],
        );
        refuses("{{ context.v }}", &format!("context: {{v: {{default: \"{reference}\"}}}}\n"), "P033", &[reference]);
        refuses("{{ params.v }}", &format!("params: {{v: {{default: \"{reference}\"}}}}\n"), "P033", &[reference]);
        let project = Project::new();
        project.build("job", &tells("{{ context.v }}", "context: {v: {default: x}}\n"));
        let said = project.pype(&["run", "jobs/job", "--set", &format!("v={reference}")]);
        assert!([2, 3].contains(&said.code) && said.stderr.contains("`v`"), "{said:?}");
    }
    for call in ["secret('a', 'b')", "secret('', 'b')", "secret('a/../b', 'c')", "secret('a/b', '')"] {
        refuses(&format!("{{{{ {call} }}}}"), "", "P033", &[]);
    }
}
