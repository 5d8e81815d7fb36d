//! The relational family of modules: what each gives for rows with all that rows may have, in every way that a flow can be run,
//! which configurations are refused, and which columns are known before the run.

mod aggregating;
mod asserting;
mod casting;
mod checking;
mod columns;
mod picking;
mod reshaping;
mod texts;
mod windows;

use crate::support::Project;
use crate::support::run::{Run, flow};
use std::fmt::Write;

/// Settings that make rows go through Parquet between stages.
const SPILLING: &str = "settings: {execution_mode: streaming, spill_threshold_rows: 0}\n";

/// Rows with what rows may have: NULL, empty texts, NaN, names that SQL has words for, with blanks and with quotes.
const ODD: &str = "id,k,v,n,\"sp ace\",select,o'd\n1,a,1.5,10,x,p,1\n2,a,,20,\"\",q,1\n3,,NaN,30,y,r,2\n4,b,4.0,,x,s,2\n5,,5.0,50,,t,2\n";

/// Nodes one behind the other, over the rows of a CSV file, with a sink for each of the last one's ports.
fn chain(nodes: &[(&str, &str)], ports: &[&str]) -> String {
    let mut modules = "modules:\n  - {id: src, name: csv_source, configs: {file_path: in.csv}}\n".to_owned();
    let (mut links, mut before) = (Vec::new(), "src.data".to_owned());
    for (number, (module, configs)) in nodes.iter().enumerate() {
        let id = if number + 1 == nodes.len() { "it".to_owned() } else { format!("step{number}") };
        writeln!(modules, "  - id: {id}\n    name: {module}\n    configs: {{{configs}}}").unwrap();
        links.push(format!("{before} - {id}.input"));
        before = format!("{id}.output");
    }
    for port in ports {
        writeln!(
            modules,
            "  - {{id: to_{port}, name: csv_sink, configs: {{output_path: {port}.csv, null_value: '-'}}}}"
        )
        .unwrap();
        links.push(format!("it.{port} - to_{port}.input"));
    }
    format!("{modules}connections: {{data: [{}]}}\n", links.join(", "))
}

/// What the last node's ports carry is what stands here, as CSV with `-` for NULL: fused, not fused, and with all rows between stages on disk.
#[track_caller]
fn gives(input: &str, nodes: &[(&str, &str)], expected: &[(&str, &str)]) -> Run {
    compared(input, nodes, expected, |text| text.to_owned())
}

/// The same of rows that come in no particular order.
#[track_caller]
fn gives_in_any_order(input: &str, nodes: &[(&str, &str)], expected: &[(&str, &str)]) -> Run {
    compared(input, nodes, expected, |text| {
        let (head, rows) = text.split_once('\n').unwrap();
        let mut rows: Vec<&str> = rows.lines().collect();
        rows.sort_unstable();
        format!("{head}\n{}\n", rows.join("\n"))
    })
}

#[track_caller]
fn compared(input: &str, nodes: &[(&str, &str)], expected: &[(&str, &str)], order: fn(&str) -> String) -> Run {
    let ports: Vec<&str> = expected.iter().map(|(port, _)| *port).collect();
    let body = chain(nodes, &ports);
    let project = Project::new();
    project.write("in.csv", input);
    project.build("fused", &body);
    project.build("spilled", &format!("{SPILLING}{body}"));
    let mut last = None;
    for (job, args) in [("fused", &[][..]), ("fused", &["--no-fuse"]), ("spilled", &[]), ("spilled", &["--no-fuse"])] {
        let run = project.run_job(job, args, 0);
        for (port, text) in expected {
            let found = project.read(&format!("{port}.csv"));
            assert_eq!(order(&found), order(text), "port `{port}`, {job} {args:?}, of\n{body}");
            assert_eq!(run.rows(&format!("it.{port}"), &format!("to_{port}.input")), text.lines().count() as u64 - 1);
        }
        last = Some(run);
    }
    last.unwrap()
}

/// The configuration is refused at build, with these words.
#[track_caller]
fn refuses(module: &str, configs: &str, words: &[&str]) {
    let project = Project::new();
    project.write("in.csv", ODD);
    project.refuses(&chain(&[(module, configs)], &["output"]), "L012", words);
}

/// The run fails, with these words, and writes nothing.
#[track_caller]
fn fails(input: &str, nodes: &[(&str, &str)], words: &[&str]) {
    let project = Project::new();
    project.write("in.csv", input);
    project.run_fails("failing", &chain(nodes, &["output"]), words);
    assert!(!project.exists("output.csv"));
}

/// Code and place of what is found about the columns of a node, before anything runs.
#[track_caller]
fn found(input: &str, module: &str, configs: &str) -> Vec<(String, String)> {
    let project = Project::new();
    project.write("in.csv", input);
    project.write("found.yaml", flow("found", &chain(&[(module, configs)], &["output"])));
    let result = project.pype(&["validate", "found.yaml", "--output", "json"]).json();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let findings = result["diagnostics"].as_array().unwrap().iter();
    findings.map(|finding| (text(&finding["code"]), text(&finding["path"]))).collect()
}

/// The codes alone.
#[track_caller]
fn codes(input: &str, module: &str, configs: &str) -> Vec<String> {
    found(input, module, configs).into_iter().map(|(code, _)| code).collect()
}

/// A column that is not there is found at this place of the configuration.
#[track_caller]
fn finds_no_column(module: &str, configs: &str, place: &str) {
    let expected = [("C001".to_owned(), format!("modules[it].configs.{place}"))];
    assert_eq!(found(ODD, module, configs), expected, "{module}: {configs}");
}
