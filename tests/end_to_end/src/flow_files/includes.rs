//! `!include` through the binary: what is built, and where findings are shown.

use crate::support::Project;

#[test]
fn a_flow_of_several_files_is_one_job() {
    let project = Project::new();
    project.write("flows/flow.yaml", "flow: !include ../parts/flow.yaml\n<<: !include nodes.yaml\n");
    project.write("parts/flow.yaml", "{name: job, version: 1.0.0, authors: [ann], created: \"2026-01-01\"}\n");
    let nodes = "modules:
  - {id: rows, name: inline_source, configs: {columns: [{name: w, type: string}], rows: !include ../parts/rows.yaml}}
  - {id: tell, name: csv_sink, configs: {output_path: told, header: false}}
connections: {data: [rows.data - tell.input]}
";
    project.write("flows/nodes.yaml", nodes);
    project.write("parts/rows.yaml", "[[a], [b]]\n");
    project.pype(&["build", "flows/flow.yaml"]).expect_code(0);
    let fingerprint = || {
        let text = project.read("jobs/job/job_execution_metadata.json");
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["fingerprint"].clone()
    };
    let before = fingerprint();
    // The job is all that a run needs.
    std::fs::remove_dir_all(project.path("parts")).unwrap();
    project.pype(&["run", "jobs/job"]).expect_code(0);
    assert_eq!(project.read("told"), "a\nb\n");
    project.write("parts/flow.yaml", "{name: job, version: 1.0.0, authors: [ann], created: \"2026-01-01\"}\n");
    project.write("parts/rows.yaml", "[[a], [c]]\n");
    project.pype(&["build", "flows/flow.yaml"]).expect_code(0);
    assert_ne!(before, fingerprint(), "what is included is part of the flow");
}

#[test]
fn a_finding_in_a_part_is_shown_there() {
    let project = Project::new();
    project.write("flow.yaml", "flow: !include parts/flow.yaml\nmodules: []\n");
    project.write("parts/flow.yaml", "name: job\nversion: one\nauthors: [ann]\ncreated: \"2026-01-01\"\n");
    let output = project.pype(&["validate", "flow.yaml", "--output", "json"]);
    let findings = output.json()["diagnostics"].clone();
    assert_eq!((&findings[0]["file"], &findings[0]["line"]), (&"parts/flow.yaml".into(), &2.into()));
    let shown = project.pype(&["validate", "flow.yaml"]).expect_code(3).stderr;
    assert!(shown.contains("--> parts/flow.yaml:2:10") && shown.contains("2 | version: one"), "{shown}");
}
