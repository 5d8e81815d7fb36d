//! Ports that links or the configuration name: which links are taken, in which order, and what is said of others.

use super::{CUSTOMERS, ORDERS, found, node, project};
use crate::support::Project;
use serde_json::Value;

fn codes(found: &[(String, String, String)]) -> Vec<&str> {
    found.iter().map(|(code, ..)| code.as_str()).collect()
}

#[test]
fn a_link_may_name_any_input_that_can_be_a_table() {
    let project = project(&[("orders", ORDERS), ("customers", CUSTOMERS)]);
    let body = node(&["orders", "customers"], "union_mod", "{}", &["output"]);
    assert_eq!(codes(&found(&project, &body)), [""; 0]);
    for (port, words) in
        [("my-orders", "`my-orders` cannot name an input port of `it` (union_mod)"), ("2nd", "no digit first")]
    {
        let found = found(&project, &body.replace("it.orders", &format!("it.{port}")));
        assert!(codes(&found) == ["P003"] && found[0].2.contains(words), "{found:#?}");
    }
    let twice = found(&project, &body.replace("it.orders", "it.customers"));
    assert_eq!(codes(&twice), ["P004"], "{twice:#?}");
}

#[test]
fn a_node_without_any_input_is_told_of() {
    let project = Project::new();
    for module in ["union_mod", "sql_mod"] {
        let configs = if module == "sql_mod" { "{query: SELECT 1 AS x}" } else { "{}" };
        let found = found(&project, &node(&[], module, configs, &["output"]));
        assert!(codes(&found) == ["P005"] && found[0].2.contains("by any name"), "{module}: {found:#?}");
        let found = super::found(&project, &format!("modules: [{{id: it, name: {module}, configs: {configs}}}]\n"));
        assert_eq!(codes(&found), ["P006"], "{module}: {found:#?}");
    }
}

#[test]
fn keys_of_the_configuration_are_ports() {
    let project = project(&[("input", ORDERS), ("customers", CUSTOMERS)]);
    let configs =
        "{lookups: {customers: {on: {id: input.customer}}}, outputs: {good: {columns: '*'}, bad: {columns: '*'}}}";
    let body = node(&["input", "customers"], "map_mod", configs, &["good", "bad"]);
    assert_eq!(codes(&found(&project, &body)), [""; 0]);
    let wrong = found(&project, &body.replace("it.good", "it.god"));
    assert!(codes(&wrong) == ["P003"] && wrong[0].2.contains("did you mean `good`?"), "{wrong:#?}");
    let wrong = found(&project, &body.replace("it.customers", "it.costumers"));
    assert!(codes(&wrong) == ["P003"] && wrong[0].2.contains("input ports: `input`, `customers`"), "{wrong:#?}");
    let wrong = found(&project, &node(&["input"], "map_mod", configs, &["good"]));
    assert!(codes(&wrong) == ["P005"] && wrong[0].2.contains("`customers` of `it` has no link"), "{wrong:#?}");
    let wrong = found(&project, &body.replace("it.good - to_good.input", "to_good.input - it.good"));
    assert!(wrong.iter().any(|(_, _, words)| words.contains("is an output port")), "{wrong:#?}");
}

#[test]
fn ports_that_a_template_names_are_checked_at_run() {
    let project = project(&[("input", ORDERS)]);
    let body = node(&["input"], "map_mod", "{outputs: \"{{ context.outputs }}\"}", &["good"]);
    let declared = format!("context: {{outputs: {{type: dict, default: {{}}}}}}\n{body}");
    project.build("flow", &declared);
    let set = |json: &str| format!("outputs={json}");
    project.run_job("flow", &["--set", &set(r#"{"good": {"columns": {"id": "input.id"}}}"#)], 0);
    assert_eq!(super::sorted(&project.read("out_good.csv")), "id\n1\n2\n3\n4\n5\n");
    let run = project.run_job("flow", &["--set", &set(r#"{"other": {"columns": "*"}}"#)], 1);
    assert!(run.result.to_string().contains("names the port `good`, which is no key of `outputs`"), "{:#}", run.result);
}

#[test]
fn ports_are_told_where_modules_are() {
    let project = Project::new();
    let said = |module: &str| project.pype(&["describe-module", module]).expect_code(0).stdout;
    assert!(said("sql_mod").contains("inputs: any, as links name them   outputs: output, one per key of `queries`"));
    assert!(said("map_mod").contains("inputs: input, one per key of `lookups`   outputs: one per key of `outputs`"));
    let all: Value = project.pype(&["list-modules", "--output", "json"]).expect_code(0).json();
    let union = all.as_array().unwrap().iter().find(|module| module["name"] == "union_mod").unwrap();
    assert_eq!(union["any_inputs"], true);
}
