//! What the engine itself says of a value that is wrong: it names the place, and shows no secret.

use super::{CONTEXT, Scene};
use crate::support::canary::{CANARY, pieces};

/// Runs a flow to its failure; the failure says `word`.
#[track_caller]
fn fails(body: &str, word: &str) {
    let scene = Scene::new();
    scene.project.write("in.csv", "a,n\nx,1\ny,2\n");
    let result = scene.runs(&[], &format!("{body}{CONTEXT}"), 1);
    assert!(result.to_string().contains(word), "`{word}` is not in {result:#}");
    scene.project.assert_nowhere(pieces(CANARY));
    assert!(!scene.project.exists("out.csv"));
}

/// A source, something in between, and a sink.
fn between(middle: &str) -> String {
    format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: it, {middle}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [src.data - it.input, it.output - out.input]}}
"#
    )
}

#[test]
fn expressions_that_fail_show_none() {
    for (condition, word) in [
        ("a = '{{ context.password }}", "not an SQL expression"),
        ("a = {{ context.password }}", "not an SQL expression"),
        ("{{ context.password | upper }}", "not an SQL expression"),
        ("NOPE('{{ context.password }}') > 1", "it"),
        ("n > '{{ context.password }}'", "it"),
        ("CAST('{{ context.password }}' AS INT) > n", "it"),
        (r#"\"{{ context.password | replace('\\\"', '') }}\" > 1"#, "it"),
        (r#"\"{{ context.password | replace('\\\"', '\\\"\\\"') }}\" > 1"#, "it"),
    ] {
        fails(&between(&format!("name: filter_mod, configs: {{condition: \"{condition}\"}}")), word);
    }
}

#[test]
fn values_of_the_wrong_type_show_none() {
    for (step, word) in [
        (
            "name: generate_source, configs: {rows: '{{ context.password }}', columns: [{name: n, kind: sequence}]}",
            "rows",
        ),
        ("name: csv_source, configs: {file_path: in.csv, delimiter: '{{ context.password }}'}", "delimiter"),
        ("name: csv_source, configs: {file_path: in.csv, header: '{{ context.password }}'}", "header"),
        ("name: generate_source, configs: {rows: 1, columns: [{name: n, kind: '{{ context.password }}'}]}", "kind"),
        ("name: inline_source, configs: {columns: [{name: n, type: int}], rows: [['{{ context.password }}']]}", "n"),
        ("name: inline_source, configs: {columns: [{name: n, type: date}], rows: [['{{ context.password }}']]}", "n"),
    ] {
        let body = format!(
            "modules:\n  - {{id: it, {step}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\nconnections: {{data: [it.data - out.input]}}\n"
        );
        fails(&body, word);
    }
    let solo = "modules: [{id: it, name: sleep_solo, configs: {seconds: '{{ context.password }}'}}]\n";
    fails(solo, "seconds");
    let loops = "modules:\n  - {id: items, name: loop_source, configs: {from: 1, to: '{{ context.password }}'}}\n  - {id: it, name: noop_solo}\nconnections: {control: [\"items (1|iterate) it\"]}\n";
    fails(loops, "to");
}

#[test]
fn paths_that_are_not_there_show_none() {
    for step in [
        "name: csv_source, configs: {file_path: '/no/such/{{ context.password }}'}",
        "name: csv_source, configs: {file_path: '{{ context.password }}.csv'}",
        "name: parquet_source, configs: {file_path: '{{ context.password }}.parquet'}",
        "name: file_list_source, configs: {folder: '{{ context.password }}'}",
    ] {
        let body = format!(
            "modules:\n  - {{id: it, {step}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\nconnections: {{data: [it.data - out.input]}}\n"
        );
        fails(&body, "it");
    }
    let sink = "modules:\n  - {id: src, name: csv_source, configs: {file_path: in.csv}}\n  - {id: it, name: csv_sink, configs: {output_path: '/proc/{{ context.password }}/out.csv'}}\nconnections: {data: [src.data - it.input]}\n";
    fails(sink, "it");
}

#[test]
fn columns_that_are_not_there_show_none() {
    let load = "modules:\n  - {id: src, name: csv_source, configs: {file_path: in.csv}}\n  - {id: it, name: context_load_sink, configs: {key_column: '{{ context.password }}'}}\nconnections: {data: [src.data - it.input]}\n";
    fails(load, "there is no column");
}

#[test]
fn templates_that_fail_show_none() {
    for (template, word) in [
        ("{{ context.password / 2 }}", "it"),
        ("{{ context.password | nope_filter }}", "it"),
        ("{{ context.password | date }}", "it"),
        ("{{ context.password.nope }}", "no value"),
        ("{{ run.started_at | date('%Y', context.password) }}", "it"),
        ("{{ context.password | int }}", "it"),
        ("{{ env(context.password) }}", "it"),
        ("{{ {}[context.password] }}", "no value"),
        ("{{ [1][context.password] }}", "it"),
        ("{{ 'x' * context.password }}", "it"),
    ] {
        let scene = Scene::new();
        let text = serde_json::to_string(template).unwrap();
        let body = format!("modules:\n  - {{id: it, name: warn_solo, configs: {{message: {text}}}}}\n{CONTEXT}");
        scene.project.write("job.yaml", crate::support::run::flow("job", &body));
        if scene.pype(&["build", "job.yaml"]).code == 0 {
            let result = scene.run_loudly(&[], "job", 1);
            assert!(result.to_string().contains(word), "`{word}` is not in {result:#}");
        }
        scene.project.assert_nowhere(pieces(CANARY));
    }
}

#[test]
fn items_of_loops_show_none() {
    for items in [
        r#"["{{ context.password }}", "x {{ context.password }} y"]"#,
        r#"[{path: "{{ context.password }}"}]"#,
        r#"[1, [2, "{{ context.password }}"]]"#,
    ] {
        let body = format!(
            r#"
modules:
  - {{id: items, name: loop_source, configs: {{items: {items}}}}}
  - {{id: it, name: csv_source, configs: {{file_path: "no/{{{{ iter.item }}}}"}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [it.data - out.input], control: ["items (1|iterate) it"]}}
"#
        );
        fails(&body, "item");
    }
}

#[test]
fn conditions_that_fail_show_none() {
    for condition in [
        "context.password > 5",
        "context.password.nope == 1",
        "set__v > 5",
        "set__v | nope_filter",
        "set__v | date == 1",
    ] {
        let body = format!(
            r#"
modules:
  - {{id: set, name: set_var_solo, configs: {{vars: {{v: "{{{{ context.password }}}}"}}}}}}
  - {{id: next, name: noop_solo}}
connections: {{control: ["set (1|{condition}) next"]}}
{CONTEXT}"#
        );
        let scene = Scene::new();
        scene.project.write("job.yaml", crate::support::run::flow("job", &body));
        if scene.pype(&["build", "job.yaml"]).code == 0 {
            let run = scene.pype(&["run", "jobs/job", "-vv", "--output", "json"]);
            let args = ["run", "jobs/job", "-vv", "--log-format", "json", "--events", "-"];
            assert_eq!(scene.pype(&args).code, run.code);
        }
        scene.project.assert_nowhere(pieces(CANARY));
    }
}

#[test]
fn a_condition_may_ask_for_a_secret() {
    let scene = Scene::new();
    let body = format!(
        r#"
modules:
  - {{id: first, name: noop_solo}}
  - {{id: next, name: noop_solo}}
connections: {{control: ["first (1|context.password | length == 23) next"]}}
{CONTEXT}"#
    );
    let result = scene.runs(&[], &body, 0);
    assert_eq!(result["sub_flows"][1]["state"], "succeeded", "{result:#}");
}

#[test]
fn commands_of_the_system_show_none() {
    let env = r#"env: {GIVEN: "{{ context.password }}"}"#;
    for (configs, word) in [
        (r#"command: 'echo "$GIVEN" >&2; exit 3', ENV"#, "exit code 3"),
        (r#"command: 'echo "$GIVEN"; printf "%s" "$GIVEN" >&2; exit 3', ENV"#, "exit code 3"),
        (r#"command: 'printf "%s" "$GIVEN" | base64 >&2; exit 3', ENV"#, "exit code 3"),
        (r#"command: 'printf "%s" "$GIVEN" | od -An -v -tx1 | tr -d " \n" >&2; exit 3', ENV"#, "exit code 3"),
        (r#"command: 'printf "%s" "$GIVEN" | rev >&2; exit 3', ENV"#, "exit code 3"),
        (r#"command: ["{{ context.password }}", x]"#, "cannot be started"),
        (r#"command: ["sh", "-c", "{{ context.password }}"]"#, "exit code"),
        (r#"command: "true", cwd: "{{ context.password }}""#, "folder"),
        (r#"command: 'echo "$GIVEN"; sleep 100', timeout: 0.3, ENV"#, "timeout"),
    ] {
        let configs = configs.replace("ENV", env);
        fails(&format!("modules: [{{id: it, name: shell_solo, configs: {{{configs}}}}}]\n"), word);
    }
}

#[test]
fn names_of_caches_and_of_what_is_returned_show_none() {
    for sink in [
        "cache_sink, configs: {cache: '{{ context.password }}'}",
        "return_sink, configs: {name: '{{ context.password }}'}",
    ] {
        let scene = Scene::new();
        scene.project.write("in.csv", "a\n1\n");
        let body = format!(
            "modules:\n  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}\n  - {{id: it, name: {sink}}}\nconnections: {{data: [src.data - it.input]}}\n{CONTEXT}"
        );
        scene.project.write("job.yaml", crate::support::run::flow("job", &body));
        if scene.pype(&["build", "job.yaml"]).code == 0 {
            for args in [&["-vv", "--log-format", "json"][..], &["-vv", "--output", "json"], &[]] {
                scene.pype(&[&["run", "jobs/job"], args].concat());
            }
        }
        scene.project.assert_nowhere(pieces(CANARY));
    }
}

#[test]
fn rows_that_are_shown_show_none() {
    let scene = Scene::new();
    let body = format!(
        r#"
modules:
  - {{id: src, name: inline_source, configs: {{rows: [{{name: etl, key: "{{{{ context.password }}}}"}}, {{name: x, key: "before {{{{ context.password }}}} after"}}]}}}}
  - {{id: show, name: log_rows_mod}}
  - {{id: out, name: filter_mod, configs: {{condition: "name = 'nobody'"}}}}
  - {{id: write, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [src.data - show.input, show.output - out.input, out.output - write.input]}}
{CONTEXT}"#
    );
    scene.runs(&[], &body, 0);
    scene.project.assert_nowhere(pieces(CANARY));
}
