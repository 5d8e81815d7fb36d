//! Modules with several inputs: joins, unions, queries and maps, with ports that links or the configuration name. What each gives in
//! every way that a flow can be run, what is refused, and what is known before the run.

mod joins;
mod mapping;
mod mapping_checks;
mod ports;
mod queries;
mod unions;

use crate::support::Project;
use crate::support::run::{Run, flow};
use serde_json::Value;
use std::fmt::Write;

/// Settings that make rows go through Parquet between stages.
const SPILLING: &str = "settings: {execution_mode: streaming, spill_threshold_rows: 0}\n";

/// Orders, some of nobody, with a name that SQL has a word for.
const ORDERS: &str = "id,customer,amount,select\n1,10,5,a\n2,20,15,b\n3,,,\n4,20,50,d\n5,99,11,e\n";

/// Customers; 20 is there twice, and one has no id.
const CUSTOMERS: &str =
    "id,name,region,active\n10,ann,N,true\n20,bob,S,true\n20,bea,N,false\n,nul,N,true\n30,cid,,true\n";

/// Regions; one code is there twice.
const REGIONS: &str = "code,label\nN,north\nS,south\nS,sud\n,none\n";

/// A node `it` with a source for each input port, and a sink for each output port.
fn node(inputs: &[&str], module: &str, configs: &str, outputs: &[&str]) -> String {
    let mut modules = "modules:\n".to_owned();
    let mut links = Vec::new();
    for port in inputs {
        writeln!(modules, "  - {{id: of_{port}, name: csv_source, configs: {{file_path: {port}.csv}}}}").unwrap();
        links.push(format!("of_{port}.data - it.{port}"));
    }
    writeln!(modules, "  - id: it\n    name: {module}\n    configs: {configs}").unwrap();
    for port in outputs {
        let configs = format!("{{output_path: out_{port}.csv, null_value: '-'}}");
        writeln!(modules, "  - {{id: to_{port}, name: csv_sink, configs: {configs}}}").unwrap();
        links.push(format!("it.{port} - to_{port}.input"));
    }
    format!("{modules}connections: {{data: [{}]}}\n", links.join(", "))
}

/// A project with a file for each input port.
fn project(inputs: &[(&str, &str)]) -> Project {
    let project = Project::new();
    inputs.iter().for_each(|(port, text)| project.write(&format!("{port}.csv"), text));
    project
}

/// The first line, and the others in the order of their letters.
fn sorted(text: &str) -> String {
    let (head, rows) = text.split_once('\n').unwrap_or((text, ""));
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_unstable();
    std::iter::once(head).chain(rows).map(|line| format!("{line}\n")).collect()
}

/// What the ports carry is what stands here, in whatever order, as CSV with `-` for NULL: fused, not fused, and with all rows between stages
/// on disk.
#[track_caller]
fn gives(inputs: &[(&str, &str)], module: &str, configs: &str, expected: &[(&str, &str)]) -> Run {
    let project = project(inputs);
    let (into, out): (Vec<&str>, Vec<&str>) =
        (inputs.iter().map(|(port, _)| *port).collect(), expected.iter().map(|(port, _)| *port).collect());
    let body = node(&into, module, configs, &out);
    project.build("fused", &body);
    project.build("spilled", &format!("{SPILLING}{body}"));
    let mut last = None;
    for (job, args) in [("fused", &[][..]), ("fused", &["--no-fuse"]), ("spilled", &[]), ("spilled", &["--no-fuse"])] {
        let run = project.run_job(job, args, 0);
        for (port, text) in expected {
            let found = project.read(&format!("out_{port}.csv"));
            assert_eq!(sorted(&found), sorted(text), "port `{port}`, {job} {args:?}, of\n{body}");
            assert_eq!(run.rows(&format!("it.{port}"), &format!("to_{port}.input")), text.lines().count() as u64 - 1);
        }
        for (port, text) in inputs {
            let rows = text.lines().count() as u64 - 1;
            assert_eq!(run.rows(&format!("of_{port}.data"), &format!("it.{port}")), rows, "{port}, {job} {args:?}");
        }
        last = Some(run);
    }
    last.unwrap()
}

/// What is found before anything runs: code, place, and the words of message and help.
#[track_caller]
fn found(project: &Project, body: &str) -> Vec<(String, String, String)> {
    project.write("found.yaml", flow("found", body));
    let result = project.pype(&["validate", "found.yaml", "--output", "json"]).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let one = |one: &Value| {
        let words = format!("{} / {}", text(&one["message"]), text(&one["help"]));
        (text(&one["code"]), text(&one["path"]), words)
    };
    result["diagnostics"].as_array().unwrap().iter().map(one).collect()
}

/// One thing is found, at this place of the node's configuration, with these words.
#[track_caller]
fn finds(inputs: &[(&str, &str)], module: &str, configs: &str, outputs: &[&str], expected: (&str, &str, &str)) {
    let ports: Vec<&str> = inputs.iter().map(|(port, _)| *port).collect();
    let found = found(&project(inputs), &node(&ports, module, configs, outputs));
    let [(code, place, words)] = found.as_slice() else { panic!("{module} {configs}: {found:#?}") };
    let (wanted_code, wanted_place, wanted_words) = expected;
    let wanted_place = format!("modules[it].configs.{wanted_place}");
    let is_it = code == wanted_code && place == wanted_place.trim_end_matches('.');
    assert!(is_it && words.contains(wanted_words), "{module} {configs}: {found:#?}");
}

/// What a port carries before the run: names with their types.
#[track_caller]
fn columns(inputs: &[(&str, &str)], module: &str, configs: &str, output: &str) -> (Vec<String>, Value) {
    let project = project(inputs);
    let ports: Vec<&str> = inputs.iter().map(|(port, _)| *port).collect();
    project.build("known", &node(&ports, module, configs, &[output]));
    let report = project.pype(&["lineage", "jobs/known", "--output", "json"]).expect_code(0).json();
    let columns = report["sinks"][0]["columns"].as_array().unwrap_or_else(|| panic!("{report:#}"));
    let names = columns.iter().map(|column| format!("{} {}", column["name"], column["type"]).replace('"', ""));
    (names.collect(), report["sinks"][0].clone())
}
