//! CSV as it is met in the wild: every option of source and sink does what its description says.

use crate::support::Project;

/// Reads `in.csv` with `source` and writes `out.csv` with `sink`, both as more keys of a flow mapping.
fn copy_flow(source: &str, sink: &str) -> String {
    format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv{source}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv{sink}}}}}
connections: {{data: [src.data - out.input]}}
"#
    )
}

#[track_caller]
fn copied(input: impl AsRef<[u8]>, source: &str, sink: &str) -> String {
    let project = Project::new();
    project.write("in.csv", input);
    project.run_flow("copy", &copy_flow(source, sink));
    project.read("out.csv")
}

#[test]
fn quotes_newlines_and_delimiters_in_values_survive() {
    let text = "a,b\n1,\"two\nlines\"\n2,\"comma, here\"\n3,\"say \"\"hi\"\"\"\n4,plain\n";
    assert_eq!(copied(text, "", ""), text);
}

#[test]
fn letters_of_all_kinds_survive() {
    let text = "näme,値\nZoë,東京\n🦀,ß\n";
    assert_eq!(copied(text, "", ""), text);
}

#[test]
fn delimiters_on_both_sides() {
    assert_eq!(copied("a;b\n1;x,y\n", ", delimiter: ';'", ", delimiter: '|'"), "a|b\n1|x,y\n");
    assert_eq!(copied("a\tb\n1\t2\n", r#", delimiter: "\t""#, ""), "a,b\n1,2\n");
}

#[test]
fn no_header_on_either_side() {
    assert_eq!(copied("1,x\n2,y\n", ", header: false", ""), "column_1,column_2\n1,x\n2,y\n");
    assert_eq!(copied("a,b\n1,x\n", "", ", header: false"), "1,x\n");
}

#[test]
fn words_that_mean_null() {
    let text = "n,t\n1,NA\nNA,-\n3,x\n";
    assert_eq!(copied(text, ", null_values: [NA, '-']", ", null_value: 'NULL'"), "n,t\n1,NULL\nNULL,NULL\n3,x\n");
}

#[test]
fn a_column_of_nothing_but_null_words_is_read() {
    assert_eq!(copied("a,b\nNA,1\nNA,2\n", ", null_values: [NA]", ", null_value: nil"), "a,b\nnil,1\nnil,2\n");
}

#[test]
fn comments_are_no_rows() {
    assert_eq!(copied("# made by hand\na,b\n1,2\n#3,4\n5,6\n", ", comment_prefix: '#'", ""), "a,b\n1,2\n5,6\n");
}

#[test]
fn rows_before_the_header_are_skipped() {
    assert_eq!(copied("report of today\nsecond line\na,b\n1,2\n", ", skip_rows: 2", ""), "a,b\n1,2\n");
}

#[test]
fn a_limit_stops_early() {
    assert_eq!(copied("a\n1\n2\n3\n4\n", ", limit: 2", ""), "a\n1\n2\n");
    assert_eq!(copied("a\n1\n", ", limit: 0", ""), "a\n");
}

#[test]
fn windows_line_ends_and_a_byte_order_mark_are_no_values() {
    assert_eq!(copied("\u{feff}a,b\r\n1,x\r\n2,y\r\n", "", ""), "a,b\n1,x\n2,y\n");
}

#[test]
fn a_last_line_without_its_end_is_a_row() {
    assert_eq!(copied("a,b\n1,2\n3,4", "", ""), "a,b\n1,2\n3,4\n");
}

#[test]
fn declared_columns_name_and_type_the_values() {
    let columns = ", header: false, columns: [{name: zip, type: string}, {name: n, type: int}, {name: day, type: date}, {name: ok, type: bool}]";
    assert_eq!(
        copied("00501,1,2024-02-29,true\n10001,,,false\n", columns, ""),
        "zip,n,day,ok\n00501,1,2024-02-29,true\n10001,,,false\n"
    );
}

#[test]
fn declared_columns_must_be_those_of_the_header() {
    let project = Project::new();
    project.write("in.csv", "a,b\n1,007\n");
    let source = |columns| copy_flow(columns, "");
    let wrong = source(", columns: [{name: b, type: string}, {name: a, type: int}]");
    project.run_fails("copy", &wrong, &["`src`", "b, a", "a, b"]);
    assert!(!project.exists("out.csv"));
    project.run_flow("copy", &source(", columns: [{name: a, type: int}, {name: b, type: string}]"));
    assert_eq!(project.read("out.csv"), "a,b\n1,007\n");
}

#[test]
fn without_inference_every_value_stays_as_it_is_written() {
    let text = "a,b\n001,1.50\n+2,1e3\n";
    assert_eq!(copied(text, ", infer_rows: null", ""), text);
}

#[test]
fn bytes_that_are_not_utf_8_are_an_error_or_replaced() {
    let bytes = b"a,b\n1,caf\xe9\n";
    let project = Project::new();
    project.write("in.csv", bytes);
    project.run_fails("copy", &copy_flow("", ""), &["`src`", "utf-8-lossy"]);
    assert!(!project.exists("out.csv"));
    assert_eq!(copied(bytes, ", encoding: utf-8-lossy", ""), "a,b\n1,caf\u{fffd}\n");
}

#[test]
fn a_glob_reads_all_its_files_in_order() {
    let project = Project::new();
    for (name, row) in [("b", 2), ("a", 1), ("c", 3)] {
        project.write(&format!("parts/{name}.csv"), format!("n\n{row}\n"));
    }
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: "parts/*.csv"}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - out.input]}
"#;
    project.run_flow("glob", body);
    assert_eq!(project.read("out.csv"), "n\n1\n2\n3\n");
}

/// `a,b`, `1,x` and `2,y`, compressed by gzip.
const ZIPPED: [u8; 32] = [
    31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 212, 73, 226, 50, 212, 169, 224, 50, 210, 169, 228, 2, 0, 194, 150, 126, 157,
    12, 0, 0, 0,
];

#[test]
fn a_compressed_file_is_read_as_what_is_in_it() {
    let project = Project::new();
    project.write("in.csv", ZIPPED);
    let run = project.run_flow("copy", &copy_flow("", ""));
    assert_eq!(project.read("out.csv"), "a,b\n1,x\n2,y\n");
    assert!(!run.output.stderr.contains("no rows"), "it has two: {}", run.output.stderr);
}

#[test]
fn overwrite_replaces() {
    let project = Project::new();
    project.write("in.csv", "a\n1\n");
    project.write("out.csv", "old\nrows\nof\nbefore\n");
    project.run_flow("copy", &copy_flow("", ""));
    assert_eq!(project.read("out.csv"), "a\n1\n");
}

#[test]
fn append_adds_below_one_header() {
    let project = Project::new();
    project.write("in.csv", "a,b\n1,x\n");
    project.build("copy", &copy_flow("", ", mode: append"));
    for _ in 0..3 {
        project.run_job("copy", &[], 0);
    }
    assert_eq!(project.read("out.csv"), "a,b\n1,x\n1,x\n1,x\n");
    assert_eq!(project.leftovers(), [""; 0]);
}

#[test]
fn append_mends_a_last_line_without_its_end() {
    let project = Project::new();
    project.write("in.csv", "a\n2\n");
    project.write("out.csv", "a\n1");
    project.run_flow("copy", &copy_flow("", ", mode: append"));
    assert_eq!(project.read("out.csv"), "a\n1\n2\n");
}

#[test]
fn mode_error_leaves_what_is_there() {
    let project = Project::new();
    project.write("in.csv", "a\n1\n");
    project.run_flow("copy", &copy_flow("", ", mode: error"));
    assert_eq!(project.read("out.csv"), "a\n1\n");
    project.write("out.csv", "mine\n");
    project.run_fails("copy", &copy_flow("", ", mode: error"), &["`out`", "is there already", "out.csv"]);
    assert_eq!(project.read("out.csv"), "mine\n");
}

#[test]
fn a_wrong_value_names_what_can_be_done() {
    let project = Project::new();
    project.write("in.csv", "a\n1\nx\n");
    let source = ", columns: [{name: a, type: int}]";
    project.run_fails("copy", &copy_flow(source, ""), &["`src`", "x", "null_values"]);
    assert!(!project.exists("out.csv"));
}
