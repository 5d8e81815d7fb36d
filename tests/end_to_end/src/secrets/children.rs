//! Secrets on their way into jobs that a job runs: they stay secrets there, and what only looks like a reference stays data.

use super::{CONTEXT, Scene, proof};
use crate::support::canary::{CANARY, pieces};

/// A project with a job `child` of this body, and `job`, which calls it.
fn calls(scene: &Scene, child: &str, configs: &str, code: i32) {
    scene.build("child", child);
    let body =
        format!("modules: [{{id: call, name: run_flow_solo, configs: {{job: jobs/child, {configs}}}}}]\n{CONTEXT}");
    scene.runs(&[], &body, code);
    scene.project.assert_nowhere(pieces(CANARY));
}

const UNDECLARED: &str = "context: {password: {default: x}}\n";
const DECLARED: &str = "context: {password: {secret: true}}\n";
const SET: &str = "set: {password: \"{{ context.password }}\"}";

#[test]
fn a_job_within_the_job_gets_them() {
    for declared in [DECLARED, UNDECLARED] {
        for configs in ["pass_context: true", SET] {
            calls(&Scene::new(), &proof(declared), configs, 0);
        }
    }
}

#[test]
fn a_job_within_the_job_shows_none() {
    let text = "{{ context.password }} {{ context.password | upper }}";
    let says = format!(
        "modules:\n  - {{id: warn, name: warn_solo, configs: {{message: \"{text}\"}}}}\n  - {{id: die, name: die_solo, configs: {{message: \"{text}\"}}}}\nconnections: {{control: [warn (1|) die]}}\n"
    );
    for declared in [DECLARED, UNDECLARED] {
        for configs in ["pass_context: true", SET] {
            calls(&Scene::new(), &format!("{says}{declared}"), configs, 1);
            let ignore = format!("{configs}, ignore_failure: true");
            calls(&Scene::new(), &format!("{says}{declared}"), &ignore, 0);
        }
    }
}

/// A job within the job makes something of its variable in which nothing of the secret is left, and fails with it.
fn derives(declared: &str, configs: &str) {
    let made = CANARY.replace('3', "e").replace('n', "m").replace('r', "l").replace('7', "1").replace('S', "z");
    let text = "{{ context.password | replace('3', 'e') | replace('n', 'm') | replace('r', 'l') | replace('7', '1') | replace('S', 'z') }}";
    let says = format!("modules: [{{id: die, name: die_solo, configs: {{message: \"{text}\"}}}}]\n");
    let scene = Scene::new();
    calls(&scene, &format!("{says}{declared}"), configs, 1);
    let json = serde_json::to_string(&made).unwrap();
    scene.project.assert_nowhere([made.as_str(), json.trim_matches('"')]);
}

#[test]
fn what_a_job_within_the_job_makes_of_one_is_shown_by_no_step() {
    derives(DECLARED, "pass_context: true");
    derives(DECLARED, SET);
    derives(UNDECLARED, "pass_context: true");
}

#[test]
fn nor_is_it_where_the_job_does_not_say_that_it_is_one() {
    derives(UNDECLARED, SET);
}

#[test]
fn a_job_within_the_job_may_have_a_secret_of_its_own() {
    let scene = Scene::new();
    scene.build("child", &proof(CONTEXT));
    scene.runs(&[], "modules: [{id: call, name: run_flow_solo, configs: {job: jobs/child}}]\n", 0);
    // One that is not to be had is told by its place, and fails the step.
    std::fs::remove_dir_all(scene.project.path("jobs/child")).unwrap();
    scene.build("child", &proof(&CONTEXT.replace("DB_PASSWORD", "NOT_SET")));
    scene.build("job", "modules: [{id: call, name: run_flow_solo, configs: {job: jobs/child}}]\n");
    let run = scene.pype(&["run", "jobs/job"]).expect_code(1);
    for word in ["`call`", "jobs/child", "env://NOT_SET"] {
        assert!(run.stderr.contains(word), "{word}: {}", run.stderr);
    }
}

/// A job that writes its variable to a file.
const WRITES: &str = r#"
modules:
  - {id: src, name: inline_source, configs: {rows: [{w: "{{ context.word }}"}]}}
  - {id: out, name: csv_sink, configs: {output_path: child.csv, header: false}}
connections: {data: [src.data - out.input]}
context: {word: {type: str, default: before}}
"#;

const EVIL: [&str; 3] = ["env://DB_PASSWORD", "file:///proc/self/environ", "vault://secret/db#password"];

#[test]
fn loaded_rows_that_look_like_references_are_data() {
    for evil in EVIL {
        let scene = Scene::new();
        scene.build("child", WRITES);
        scene.project.write("vars.csv", format!("key,value\nword,{evil}\n"));
        let load = "  - {id: src, name: csv_source, configs: {file_path: vars.csv}}\n  - {id: load, name: context_load_sink}\n";
        let here = format!(
            "modules:\n{load}  - {{id: rows, name: inline_source, configs: {{rows: [{{w: \"{{{{ context.word }}}}\"}}]}}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: here.csv, header: false}}}}\nconnections: {{data: [src.data - load.input, rows.data - out.input], control: [load (1|) rows]}}\ncontext: {{word: {{type: str, default: x}}}}\n"
        );
        scene.runs(&[], &here, 0);
        assert_eq!(scene.project.read("here.csv"), format!("{evil}\n"));
        let within = format!(
            "modules:\n{load}  - {{id: call, name: run_flow_solo, configs: {{job: jobs/child, pass_context: true}}}}\nconnections: {{data: [src.data - load.input], control: [load (1|) call]}}\ncontext: {{word: {{type: str, default: x}}}}\n"
        );
        scene.runs(&[], &within, 0);
        assert_eq!(scene.project.read("child.csv"), format!("{evil}\n"), "handed on, it is data still");
    }
}

#[test]
fn items_that_look_like_references_are_data() {
    for evil in EVIL {
        let scene = Scene::new();
        scene.build("child", WRITES);
        scene.project.write("items.csv", format!("w\n{evil}\n"));
        let body = r#"
modules:
  - {id: items, name: csv_source, configs: {file_path: items.csv}}
  - {id: call, name: run_flow_solo, configs: {job: jobs/child, set: {word: "{{ iter.item }}"}}}
connections: {control: ["items (1|iterate) call"]}
"#;
        scene.runs(&[], body, 0);
        assert_eq!(scene.project.read("child.csv"), format!("{evil}\n"));
    }
}

#[test]
fn a_secret_that_looks_like_a_reference_is_a_text() {
    let scene = Scene::new();
    // What it would lead to is another text.
    std::fs::write(scene.outside("plain"), "env://DB_PASSWORD").unwrap();
    std::fs::write(scene.outside("key"), "env://DB_PASSWORD").unwrap();
    let context =
        format!("context: {{password: {{secret: true, default: \"file://{}\"}}}}\n", scene.outside("key").display());
    scene.runs(&[], &proof(&context), 0);
    for declared in [DECLARED, UNDECLARED] {
        scene.build("child", &proof(declared));
        for configs in ["pass_context: true", SET] {
            let body = format!(
                "modules: [{{id: call, name: run_flow_solo, configs: {{job: jobs/child, {configs}}}}}]\n{context}",
            );
            scene.runs(&[], &body, 0);
        }
        std::fs::remove_dir_all(scene.project.path("jobs/child")).unwrap();
    }
}
