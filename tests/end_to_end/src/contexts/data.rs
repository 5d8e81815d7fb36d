//! Values are data: one that looks like a template or a reference is neither.

use super::{tells, told};
use crate::support::Project;

const EVIL: &str = "{{ env('HOME') }}{% raw %} {{ secret('a/b', 'c') }} {{ context.v }}";

#[test]
fn a_value_from_anywhere_is_never_evaluated() {
    let project = Project::new();
    project.build("job", &tells("{{ context.v }}", "context: {v: {type: str, default: x}}\n"));
    let set = format!("v={EVIL}");
    assert_eq!(told(&project, &[("PYPE_CTX_V", EVIL)], &[]), EVIL);
    assert_eq!(told(&project, &[], &["--set", &set]), EVIL);
    project.write("jobs/job/context/job_default.json", format!("{{\"v\": {}}}", serde_json::json!(EVIL)));
    assert_eq!(told(&project, &[], &[]), EVIL);
    project.build("job", &tells("{{ params.v }}", "params: {v: {type: str, default: x}}\n"));
    assert_eq!(told(&project, &[("PYPE_PARAM_V", EVIL)], &[]), EVIL);
}

#[test]
fn a_row_is_never_evaluated() {
    let project = Project::new();
    project.write("in.csv", "w\n{{ run.id }}\n");
    let body = r#"
modules:
  - {id: items, name: csv_source, configs: {file_path: in.csv}}
  - {id: rows, name: inline_source, configs: {rows: [{w: "{{ iter.item }}"}]}}
  - {id: out, name: csv_sink, configs: {output_path: told, header: false}}
connections: {data: [rows.data - out.input], control: ["items (1|iterate) rows"]}
"#;
    project.run_flow("job", body);
    assert_eq!(project.read("told"), "{{ run.id }}\n");
}

#[test]
fn globals_and_output_of_commands_are_never_evaluated() {
    let project = Project::new();
    project.write("says", "{{ run.id }}");
    let body = r#"
modules:
  - {id: it, name: shell_solo, configs: {command: cat says}}
  - {id: set, name: set_var_solo, configs: {vars: {v: "{{ it__stdout }}"}}}
  - {id: rows, name: inline_source, configs: {rows: [{w: "{{ set__v }}"}]}}
  - {id: out, name: csv_sink, configs: {output_path: told, header: false}}
connections: {data: [rows.data - out.input], control: ["it (1|) set", "set (1|set__v != '') rows"]}
"#;
    project.run_flow("job", body);
    assert_eq!(project.read("told"), "{{ run.id }}\n");
}

#[test]
fn a_loaded_variable_is_neither_a_template_nor_a_reference() {
    for evil in ["{{ run.id }}", "env://HOME", "file:///etc/hostname", "vault://a/b#c", "env://"] {
        let project = Project::new();
        project.write("vars.csv", format!("key,value\nv,{evil}\n"));
        let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: vars.csv}}
  - {id: load, name: context_load_sink}
  - {id: rows, name: inline_source, configs: {rows: [{w: "{{ context.v }}"}]}}
  - {id: out, name: csv_sink, configs: {output_path: told, header: false}}
connections: {data: [src.data - load.input, rows.data - out.input], control: [load (1|) rows]}
context: {v: {type: str, default: x}}
"#;
        project.run_flow("job", body);
        assert_eq!(project.read("told"), format!("{evil}\n"));
    }
}

#[test]
fn a_loaded_value_takes_the_place_of_a_secret_and_is_one() {
    let project = Project::new();
    project.write("vars.csv", "key,value\npassword,n3w-s3cret-from-a-table\n");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: vars.csv}}
  - {id: load, name: context_load_sink}
  - {id: say, name: die_solo, configs: {message: "{{ context.password }}"}}
connections: {data: [src.data - load.input], control: [load (1|) say]}
context: {password: {secret: true, default: "env://PYPE_SECRET_CANARY"}}
"#;
    project.build("job", body);
    project.run_job("job", &["-vv"], 1);
    std::fs::remove_file(project.path("vars.csv")).unwrap();
    project.assert_nowhere(["n3w-s3cret-from-a-table"]);
}
