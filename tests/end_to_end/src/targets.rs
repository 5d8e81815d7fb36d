//! Files that runs write: each has one writer, takes its name at the end, and may be what the run itself has read.

use crate::support::Project;
use crate::support::run::flow;

#[test]
fn folders_of_an_output_are_made() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: a/b/c/out.csv}}
connections: {data: [src.data - out.input]}
"#;
    project.run_flow("deep", body);
    assert_eq!(project.read("a/b/c/out.csv"), "n\n0\n");
}

#[test]
fn a_flow_may_replace_what_it_reads() {
    let project = Project::new();
    project.write("data.csv", "a,b\n1,x\n2,y\n3,z\n");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: data.csv}}
  - {id: keep, name: filter_mod, configs: {condition: a > 1}}
  - {id: out, name: csv_sink, configs: {output_path: data.csv}}
connections: {data: [src.data - keep.input, keep.output - out.input]}
"#;
    project.run_flow("replace", body);
    assert_eq!(project.read("data.csv"), "a,b\n2,y\n3,z\n");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn two_sinks_of_one_file_are_refused_before_anything_is_written() {
    for second in ["out.csv", "./out.csv", "folder/../out.csv"] {
        let project = Project::new();
        project.write("in.csv", "a\n1\n2\n");
        project.write("out.csv", "before\n");
        project.write("folder/there", "");
        let body = format!(
            r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: a > 1}}}}
  - {{id: one, name: csv_sink, configs: {{output_path: out.csv}}}}
  - {{id: two, name: csv_sink, configs: {{output_path: {second}}}}}
connections: {{data: [src.data - keep.input, keep.output - one.input, keep.reject - two.input]}}
"#
        );
        project.write("twice.yaml", flow("twice", &body));
        // It may be found at build already; the run is the last one that can.
        let built = project.pype(&["build", "twice.yaml"]);
        if built.code == 0 {
            project.pype(&["run", "jobs/twice"]).expect_code(1);
        } else {
            assert_eq!(built.code, 3, "{}", built.stderr);
        }
        assert_eq!(project.read("out.csv"), "before\n", "{second}");
        assert_eq!(project.leftovers(), [""; 0]);
    }
}

#[test]
fn two_sub_flows_may_write_one_file_after_each_other() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: a, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence, min: 1}]}}
  - {id: a_out, name: csv_sink, configs: {output_path: out.csv}}
  - {id: b, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence, min: 2}]}}
  - {id: b_out, name: csv_sink, configs: {output_path: out.csv, mode: append}}
connections: {data: [a.data - a_out.input, b.data - b_out.input], control: [a_out (1|) b]}
"#;
    project.run_flow("again", body);
    assert_eq!(project.read("out.csv"), "n\n1\n2\n");
}

#[test]
fn an_output_keeps_who_may_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new();
    project.write("out.csv", "private\n");
    std::fs::set_permissions(project.path("out.csv"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 1, columns: [{name: n, kind: sequence}]}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - out.input]}
"#;
    project.run_flow("keep", body);
    assert_eq!(project.read("out.csv"), "n\n0\n");
    assert_eq!(std::fs::metadata(project.path("out.csv")).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_folder_holds_one_job() {
    let project = Project::new();
    let solo = "modules: [{id: one, name: noop_solo}]\n";
    project.write("first.yaml", flow("first", solo));
    project.write("second.yaml", flow("second", solo));
    project.pype(&["build", "first.yaml", "--out", "job"]).expect_code(0);
    let output = project.pype(&["build", "second.yaml", "--out", "job"]).expect_code(3);
    assert!(output.stderr.contains("holds the job `first` already"), "{}", output.stderr);
    project.pype(&["run", "job"]).expect_code(0);
}
