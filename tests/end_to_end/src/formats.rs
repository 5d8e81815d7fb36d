//! From one format to the other and back: types and values stay what they are.

use crate::support::Project;
use crate::support::tables::{parquet_columns, parquet_rows};

const TYPED: &str = "\
n,f,t,d,ts,ok
1,0.5,one,2024-02-29,2024-02-29T12:30:00.000000,true
-9223372036854775808,1e300,\"with, comma\",1969-12-31,1969-12-31T23:59:59.999999,false
,,,,,
9223372036854775807,-0.25,ünï,2100-01-01,2100-01-01T00:00:00.000000,true
";

const COLUMNS: &str = "[{name: n, type: int}, {name: f, type: float}, {name: t, type: string}, {name: d, type: date}, \
                       {name: ts, type: datetime}, {name: ok, type: bool}]";

#[test]
fn csv_to_parquet_to_csv_is_the_same() {
    let project = Project::new();
    project.write("in.csv", TYPED);
    let body = format!(
        r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv, columns: {COLUMNS}}}}}
  - {{id: mid, name: parquet_sink, configs: {{output_path: mid.parquet}}}}
  - {{id: direct, name: csv_sink, configs: {{output_path: direct.csv}}}}
  - {{id: back, name: parquet_source, configs: {{file_path: mid.parquet}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections:
  data: [src.data - mid.input, src.data - direct.input, back.data - out.input]
  control: [src (1|) back]
"#
    );
    let run = project.run_flow("round", &body);
    assert_eq!(run.rows("back.data", "out.input"), 4);
    let direct = project.read("direct.csv");
    assert!(direct.contains("2024-02-29,2024-02-29T12:30:00.000000,true"), "{direct}");
    assert!(direct.contains("-9223372036854775808,") && direct.contains("9223372036854775807,"), "{direct}");
    assert_eq!(project.read("out.csv"), direct);
    assert_eq!(parquet_columns(&project.path("mid.parquet")), ["n", "f", "t", "d", "ts", "ok"]);
    let rows = parquet_rows(&project.path("mid.parquet"));
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[2], "null,null,null,null,null,null");
    assert!(rows[0].starts_with("1,0.5,\"one\",2024-02-29"), "{}", rows[0]);
}

#[test]
fn every_compression_is_read_back() {
    // The library that reads here knows zstd and no compression; pype reads what pype wrote.
    for compression in ["zstd", "snappy", "lz4", "gzip", "none"] {
        let project = Project::new();
        project.write("in.csv", "a\n1\n2\n");
        let body = format!(
            r#"
modules:
  - {{id: src, name: csv_source, configs: {{file_path: in.csv}}}}
  - {{id: mid, name: parquet_sink, configs: {{output_path: mid.parquet, compression: {compression}}}}}
  - {{id: back, name: parquet_source, configs: {{file_path: mid.parquet}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
connections: {{data: [src.data - mid.input, back.data - out.input], control: [src (1|) back]}}
"#
        );
        project.run_flow("compressed", &body);
        assert_eq!(project.read("out.csv"), "a\n1\n2\n", "{compression}");
    }
}

#[test]
fn a_limit_also_holds_for_parquet() {
    let project = Project::new();
    let body = r#"
modules:
  - {id: src, name: generate_source, configs: {rows: 1000, columns: [{name: n, kind: sequence}]}}
  - {id: mid, name: parquet_sink, configs: {output_path: mid.parquet, row_group_rows: 100}}
  - {id: back, name: parquet_source, configs: {file_path: mid.parquet, limit: 3}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - mid.input, back.data - out.input], control: [src (1|) back]}
"#;
    let run = project.run_flow("limited", body);
    assert_eq!(project.read("out.csv"), "n\n0\n1\n2\n");
    assert_eq!(run.rows("back.data", "out.input"), 3);
}

#[test]
fn a_text_file_is_not_taken_for_parquet() {
    let project = Project::new();
    project.write("in.parquet", "a,b\n1,2\n");
    let body = r#"
modules:
  - {id: src, name: parquet_source, configs: {file_path: in.parquet}}
  - {id: out, name: csv_sink, configs: {output_path: out.csv}}
connections: {data: [src.data - out.input]}
"#;
    project.run_fails("wrong", body, &["`src`", "in.parquet"]);
    assert!(!project.exists("out.csv"));
}

#[test]
fn an_empty_table_keeps_its_columns() {
    let project = Project::new();
    project.write("in.csv", "a,b\n1,x\n");
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: none, name: filter_mod, configs: {condition: a > 5}}
  - {id: show, name: log_rows_mod, configs: {}}
  - {id: text, name: csv_sink, configs: {output_path: out.csv}}
  - {id: table, name: parquet_sink, configs: {output_path: out.parquet}}
connections:
  data: [src.data - none.input, none.output - show.input, show.output - text.input, show.output - table.input]
"#;
    project.run_flow("empty", body);
    assert_eq!(project.read("out.csv"), "a,b\n");
    assert_eq!(parquet_columns(&project.path("out.parquet")), ["a", "b"]);
    assert_eq!(parquet_rows(&project.path("out.parquet")), [""; 0]);
}
