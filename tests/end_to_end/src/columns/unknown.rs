//! What cannot be known before the run is said to nobody; what the flow itself makes is known from the flow.

use super::{codes, filtered, found, people};
use crate::support::Project;

#[test]
fn a_file_that_is_not_there_yet_is_unknown() {
    assert!(codes(&Project::new(), &filtered("whatever > 1"), &[]).is_empty());
}

#[test]
fn declared_columns_are_known_without_a_file() {
    let project = Project::new();
    let declared = "{file_path: later.csv, columns: [{name: id, type: int}, {name: name, type: string}]}";
    let body = filtered("idd > 1").replace("{file_path: people.csv}", declared);
    assert_eq!(codes(&project, &body, &[]), ["C001"]);
    let body = filtered("id > 1").replace("{file_path: people.csv}", declared);
    assert!(codes(&project, &body, &[]).is_empty());
    // Once the file is there, it has to be as declared.
    project.write("later.csv", "id,nom\n1,x\n");
    let found = found(&project, &body, &[]);
    assert_eq!(found.iter().map(|one| one.0.as_str()).collect::<Vec<_>>(), ["C006"], "{found:?}");
}

#[test]
fn a_header_without_rows_has_names_and_no_types() {
    let project = Project::new();
    project.write("people.csv", "id,name,age\n");
    assert!(codes(&project, &filtered("upper(age) = 'x' AND name + 1 > age"), &[]).is_empty());
    assert_eq!(codes(&project, &filtered("agee > 1"), &[]), ["C001"]);
}

#[test]
fn what_the_flow_writes_is_not_what_lies_there_now() {
    let project = people();
    // Of an older run, with other columns.
    project.write("middle.csv", "old,columns\n1,2\n");
    let body = |condition: &str| {
        format!(
            "modules:\n  - {{id: src, name: csv_source, configs: {{file_path: people.csv}}}}\n  - {{id: mid, name: csv_sink, configs: {{output_path: ./middle.csv}}}}\n  - {{id: again, name: csv_source, configs: {{file_path: middle.csv}}}}\n  - {{id: keep, name: filter_mod, configs: {{condition: \"{condition}\"}}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\nconnections:\n  data: [src.data - mid.input, again.data - keep.input, keep.output - out.input]\n  control: [\"mid (1|) again\"]\n"
        )
    };
    assert!(codes(&project, &body("age > 18"), &[]).is_empty());
    let wrong = found(&project, &body("old > 18"), &[]);
    assert_eq!(wrong.len(), 1, "{wrong:?}");
    assert_eq!((wrong[0].0.as_str(), wrong[0].3.as_str()), ("C001", "there is no column `old`"));
}

#[test]
fn rows_are_followed_through_caches_and_modules_that_run() {
    let body = |condition: &str| {
        format!(
            "modules:\n  - {{id: gen, name: generate_source, configs: {{rows: 3, columns: [{{name: n, kind: sequence}}, {{name: x, kind: float}}]}}}}\n  - {{id: log, name: log_rows_mod}}\n  - {{id: keep_them, name: cache_sink, configs: {{cache: kept}}}}\n  - {{id: again, name: cache_source, configs: {{cache: kept}}}}\n  - {{id: keep, name: filter_mod, configs: {{condition: \"{condition}\"}}}}\n  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}\nconnections:\n  data: [gen.data - log.input, log.output - keep_them.input, again.data - keep.input, keep.output - out.input]\n  control: [\"keep_them (1|) again\"]\n"
        )
    };
    let project = Project::new();
    assert!(codes(&project, &body("n > 1 AND x < 0.5"), &[]).is_empty());
    assert_eq!(codes(&project, &body("m > 1"), &[]), ["C001"]);
    assert_eq!(codes(&project, &body("upper(x) = 'A'"), &[]), ["C002"]);
}

#[test]
fn templates_have_the_values_of_the_context_and_secrets_have_none() {
    let project = people();
    let body = |condition: &str| {
        format!(
            "context:\n  least: {{type: int, default: 18}}\n  column: {{type: str, default: age}}\n  hidden: {{type: str, secret: true}}\n{}",
            filtered(condition)
        )
    };
    assert!(codes(&project, &body("{{ context.column }} > {{ context.least }}"), &[]).is_empty());
    assert_eq!(codes(&project, &body("{{ context.column }}x > {{ context.least }}"), &[]), ["C001"]);
    assert!(codes(&project, &body("{{ context.hidden }} > 1"), &[]).is_empty());
    assert!(codes(&project, &body("{{ run.id }} = nosuch"), &[]).is_empty(), "known only at run");
    // A context of its own has other columns.
    project.write("jobs/flow/context/flow_prod.json", r#"{"column": "aeg"}"#);
    let good = body("{{ context.column }} > {{ context.least }}");
    assert!(codes(&project, &good, &[]).is_empty());
    assert_eq!(codes(&project, &good, &["--context", "prod"]), ["C001"]);
    let missing = project.pype(&["validate", "flow.yaml", "--context", "nowhere"]).expect_code(2);
    assert!(missing.stderr.contains("flow_nowhere.json"), "{}", missing.stderr);
}

#[test]
fn nothing_is_written_and_nothing_of_values_reaches_the_job() {
    let project = people();
    project.build(
        "flow",
        &format!("context:\n  least: {{type: int, default: 4711}}\n{}", filtered("age > {{ context.least }}")),
    );
    let dag = project.read("jobs/flow/flow_dag.json");
    assert!(dag.contains("age > {{ context.least }}") && !dag.contains("4711"), "{dag}");
    assert!(!project.exists("out.csv"));
    // Columns that a file's head has told are no part of the job.
    assert!(!project.read("jobs/flow/flow_execution_metadata.json").contains("lineage"));
}
