//! Input that is not what the flow expects: the run fails, says why and what to do, and leaves nothing behind.

use crate::support::Project;
use crate::support::run::flow;

fn filter_flow(source: &str, condition: &str, output: &str) -> String {
    format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv{source}}}}}
  - {{id: keep, name: filter_mod, configs: {{condition: "{condition}"}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: {output}}}}}
connections: {{data: [src.data - keep.input, keep.output - out.input]}}
"#
    )
}

#[test]
fn a_missing_file_is_named() {
    let project = Project::new();
    let run = project.run_fails("flow", &filter_flow("", "age > 18", "out.csv"), &["`src`", "in.csv"]);
    assert_eq!(run.node("src")["fault"]["kind"], "io");
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_glob_that_matches_nothing_is_a_missing_file() {
    let project = Project::new();
    let body = filter_flow("", "age > 18", "out.csv").replace("in.csv", "\"parts/*.csv\"");
    project.run_fails("flow", &body, &["`src`", "parts/*.csv"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_folder_is_no_file() {
    let project = Project::new();
    project.write("in.csv/inside.csv", "age\n20\n");
    project.run_fails("flow", &filter_flow("", "age > 18", "out.csv"), &["`src`", "in.csv"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn an_empty_file_has_no_header() {
    let project = Project::new();
    project.write("in.csv", "");
    project.run_fails("flow", &filter_flow("", "age > 18", "out.csv"), &["`src`", "in.csv", "empty"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_header_alone_tells_no_types() {
    let project = Project::new();
    project.write("in.csv", "name,age\n");
    project.run_fails("flow", &filter_flow("", "age + 1 > 18", "out.csv"), &["`keep`", "help", "`columns`"]);
    assert!(!project.exists("out.csv"));
    let columns = ", columns: [{name: name, type: string}, {name: age, type: int}]";
    let run = project.run_flow("flow", &filter_flow(columns, "age + 1 > 18", "out.csv"));
    assert_eq!(project.read("out.csv"), "name,age\n");
    assert_eq!(run.rows("src.data", "keep.input"), 0);
}

#[test]
fn a_column_that_is_not_there_gets_the_nearest_one() {
    let project = Project::new();
    project.write("in.csv", "name,age\nAnn,34\n");
    let words = ["`keep`", "there is no column `agee`", "did you mean `age`?"];
    let run = project.run_fails("flow", &filter_flow("", "agee > 18", "out.csv"), &words);
    assert_eq!(run.node("keep")["fault"]["kind"], "config");
    assert_eq!(run.node("keep")["state"], "failed");
    assert!(!run.output.stderr.contains("no rows"), "the file has a row: {}", run.output.stderr);
    assert!(!project.exists("out.csv"));
}

#[test]
fn a_comparison_of_texts_with_numbers_is_said() {
    let project = Project::new();
    project.write("in.csv", "name,age\nAnn,34\n");
    project.run_fails("flow", &filter_flow("", "name > 18", "out.csv"), &["`keep`"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn rows_of_unequal_length_are_not_guessed_at() {
    let project = Project::new();
    project.write("in.csv", "name,age\nAnn,34\nBob,20,extra\n");
    project.run_fails("flow", &filter_flow("", "age > 18", "out.csv"), &["`src`", "in.csv"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn an_output_below_a_file_cannot_be_written() {
    let project = Project::new();
    project.write("in.csv", "name,age\nAnn,34\n");
    project.write("taken", "a file, not a folder");
    let run = project.run_fails("flow", &filter_flow("", "age > 18", "taken/out.csv"), &["`out`", "taken/out.csv"]);
    assert_eq!(run.node("out")["fault"]["kind"], "io");
    assert_eq!(project.read("taken"), "a file, not a folder");
}

#[test]
fn an_output_that_is_a_folder_cannot_be_written() {
    let project = Project::new();
    project.write("in.csv", "name,age\nAnn,34\n");
    project.write("out.csv/inside", "");
    project.run_fails("flow", &filter_flow("", "age > 18", "out.csv"), &["`out`", "is a folder"]);
    assert_eq!(project.files("out.csv"), ["inside"]);
}

#[test]
fn all_bad_outputs_are_told_before_a_row_is_read() {
    let project = Project::new();
    project.write("taken", "");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: not-there.csv}}
  - {id: a, name: csv_sink, configs: {output_path: taken/a.csv}}
  - {id: b, name: csv_sink, configs: {output_path: taken/b.csv}}
connections: {data: [src.data - a.input, src.data - b.input]}
"#;
    let run = project.run_fails("flow", body, &["`a`", "`b`"]);
    assert!(run.node("src")["fault"].is_null());
}

#[test]
fn a_job_folder_that_is_none_is_said() {
    let project = Project::new();
    project.write("jobs/empty/readme", "");
    let output = project.pype(&["run", "jobs/empty"]).expect_code(3);
    assert!(output.stderr.contains("pype build"), "{}", output.stderr);
    project.pype(&["run", "jobs/none"]).expect_code(3);
}

/// The code of the only finding about a flow file, and its line.
fn only_finding(project: &Project, file: &str) -> (String, Option<u64>) {
    let found = project.pype(&["build", file, "--output", "json"]).expect_code_of_findings().json();
    let found = found["diagnostics"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(!project.exists("jobs"), "nothing is built");
    (found[0]["code"].as_str().unwrap().to_owned(), found[0]["line"].as_u64())
}

impl crate::support::Output {
    /// Exit 3; with `--output json` the findings are the result, and stderr may be silent.
    #[track_caller]
    fn expect_code_of_findings(self) -> Self {
        assert_eq!(self.code, 3, "{}\n{}", self.stdout, self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

#[test]
fn a_flow_file_that_is_not_there() {
    let project = Project::new();
    assert_eq!(only_finding(&project, "none.yaml"), ("L001".to_owned(), None));
    let output = project.pype(&["validate", "none.yaml"]).expect_code(3);
    assert!(output.stderr.contains("none.yaml"), "{}", output.stderr);
}

#[test]
fn a_flow_file_that_is_a_folder() {
    let project = Project::new();
    assert_eq!(only_finding(&project, "tmp"), ("L001".to_owned(), None));
}

#[test]
fn a_flow_file_that_is_not_utf_8() {
    let project = Project::new();
    project.write("flow.yaml", b"flow: {name: caf\xe9}\n");
    assert_eq!(only_finding(&project, "flow.yaml"), ("L022".to_owned(), Some(1)));
}

#[test]
fn a_flow_that_is_a_list() {
    let project = Project::new();
    project.write("flow.yaml", "- a\n- b\n");
    assert_eq!(only_finding(&project, "flow.yaml"), ("L003".to_owned(), Some(1)));
}

#[test]
fn an_empty_flow() {
    let project = Project::new();
    project.write("flow.yaml", "");
    assert_eq!(only_finding(&project, "flow.yaml").0, "L003");
}

#[test]
fn brackets_without_end() {
    let project = Project::new();
    project.write("flow.yaml", "[".repeat(100_000));
    assert_eq!(only_finding(&project, "flow.yaml").0, "L025");
    project.write("flow.yaml", format!("modules: {}{}\n", "[".repeat(100_000), "]".repeat(100_000)));
    assert_eq!(only_finding(&project, "flow.yaml").0, "L025");
}

#[test]
fn aliases_that_multiply_are_cut_off() {
    let project = Project::new();
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        text.push_str(&format!("a{level}: &a{level} [{before}]\n"));
    }
    project.write("flow.yaml", text);
    assert_eq!(only_finding(&project, "flow.yaml").0, "L025");
}

#[test]
fn a_key_that_stands_twice() {
    let project = Project::new();
    project.write("flow.yaml", flow("twice", "modules: []\nmodules: []\n"));
    assert_eq!(only_finding(&project, "flow.yaml"), ("L021".to_owned(), Some(3)));
}

#[test]
fn a_wrong_command_line_is_exit_2() {
    let project = Project::new();
    for args in
        [&["run"][..], &["rnu"], &["run", "x", "--threads", "0"], &["run", "x", "--set", "=1"], &["run", "x", "--frob"]]
    {
        project.pype(args).expect_code(2);
    }
}
