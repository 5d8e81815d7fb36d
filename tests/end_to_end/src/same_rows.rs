//! Every flow that stands in a file of its own here, examples, jobs, benchmarks and the fixture of nearly everything, gives the same rows in
//! whatever way it is run: fused or not, with tables in memory or in files. How much memory a machine has, and what the engine makes of a plan, must not be seen in an output.
//!
//! The flows of docs/scheduler.md have no place here: they move no rows through files, and what they do happens in its time.

mod odd;
mod tables;
mod ways;

use crate::support::Project;
use crate::support::run::flow;
use crate::{examples, reference};
use std::path::Path;
use ways::{Order, Subject, all_pass};

/// Flows of a folder by their names.
fn flows(folder: &Path) -> Vec<(String, String)> {
    let names = reference::modules::names(folder, ".yaml").into_iter();
    let flow = |name: String| {
        let text = std::fs::read_to_string(folder.join(format!("{name}.yaml"))).unwrap();
        (name, text)
    };
    names.map(flow).collect()
}

fn nothing(_: &Project) {}

#[test]
fn the_examples_of_modules() {
    let flows = flows(&reference::modules::folder().join("examples"));
    assert!(flows.len() >= 24, "{} examples", flows.len());
    all_pass(&flows, |name, flow| {
        // Where its lookups are joined, rows change their order.
        let order = if name == "map_mod" { Order::Open } else { Order::Given };
        Subject { name, flow, inputs: &nothing, args: &[], order }.is_the_same_in_every_way();
    });
}

#[test]
fn the_example_jobs() {
    let entries = std::fs::read_dir(examples::folder()).unwrap().map(|entry| entry.unwrap().path());
    let flows: Vec<(String, String)> = entries
        .filter(|path| path.is_dir())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, std::fs::read_to_string(path.join("flow.yaml")).unwrap())
        })
        .collect();
    assert!(flows.len() >= 7, "{} jobs", flows.len());
    all_pass(&flows, |name, flow| {
        let inputs = |project: &Project| examples::copy(project, &examples::folder().join(name), "");
        // A million rows show nothing that three batches do not.
        let args: &[&str] = if name == "demo" { &["--set", "orders=150000"] } else { &[] };
        Subject { name, flow, inputs: &inputs, args, order: Order::Given }.is_the_same_in_every_way();
    });
}

#[test]
fn the_flow_of_nearly_everything() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../reliability");
    let read = |path: &str| std::fs::read_to_string(folder.join(path)).unwrap();
    let inputs = |project: &Project| {
        for (path, from) in [("in/orders.csv", "orders"), ("in/clicks.csv", "clicks"), ("out/ledger.csv", "ledger")] {
            project.write(path, read(&format!("data/{from}.csv")));
        }
    };
    let flow = flow("twenty", &read("fixtures/twenty.yaml"));
    Subject { name: "twenty", flow: &flow, inputs: &inputs, args: &[], order: Order::Given }.is_the_same_in_every_way();
}

fn benchmarks(folder: &str) -> Vec<(String, String)> {
    flows(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../bench").join(folder))
}

#[test]
fn the_queries_of_tpch() {
    let tables = tables::tpch();
    let inputs = |project: &Project| tables::copy_inputs(&tables, project);
    let flows = benchmarks("tpch");
    assert_eq!(flows.len(), 22);
    all_pass(&flows, |name, flow| {
        let rows = Subject { name, flow, inputs: &inputs, args: &[], order: Order::Given }.is_the_same_in_every_way();
        assert!(rows > 0, "{name} finds no rows: nothing was compared");
    });
}

#[test]
fn the_flows_of_the_benchmarks() {
    let texts = tables::texts();
    let inputs = |project: &Project| tables::copy_inputs(&texts, project);
    let flows = benchmarks("flows");
    assert!(flows.len() >= 8, "{} flows", flows.len());
    all_pass(&flows, |name, flow| {
        let order = if ["aggregate", "join", "report"].contains(&name) { Order::Open } else { Order::Given };
        let rows = Subject { name, flow, inputs: &inputs, args: &[], order }.is_the_same_in_every_way();
        assert!(rows > 0, "{name} finds no rows: nothing was compared");
    });
}
