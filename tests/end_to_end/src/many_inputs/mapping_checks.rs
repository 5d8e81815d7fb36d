//! `map_mod` before the run: what is refused and where, which columns come out, and where they come from.

use super::{CUSTOMERS, ORDERS, columns, finds, found, node, project};
use crate::support::run::flow;
use serde_json::json;

const INPUTS: [(&str, &str); 2] = [("input", ORDERS), ("customers", CUSTOMERS)];

/// A map with one lookup and these further keys.
fn map(more: &str) -> String {
    format!("{{lookups: {{customers: {{on: {{id: input.customer}}}}}}, {more}}}")
}

#[track_caller]
fn of_map(more: &str, expected: (&str, &str, &str)) {
    finds(&INPUTS, "map_mod", &map(more), &["o"], expected);
}

#[test]
fn names_that_are_not_there_are_found_where_they_stand() {
    of_map("outputs: {o: {columns: [{x: input.amont}]}}", ("C001", "outputs.o.columns[0].x", "did you mean `amount`?"));
    of_map("outputs: {o: {columns: {x: customers.nam}}}", ("C001", "outputs.o.columns.x", "did you mean `name`?"));
    of_map(
        "outputs: {o: {columns: '*', filter: custmers.active}}",
        ("C001", "outputs.o.filter", "did you mean `customers`?"),
    );
    of_map("outputs: {o: {columns: {x: id}}}", ("C003", "outputs.o.columns.x", "`customers.id` or `input.id`"));
    of_map(
        "variables: {v: input.amont + 1}, outputs: {o: {columns: {x: var.v}}}",
        ("C001", "variables.v", "did you mean `amount`?"),
    );
    of_map(
        "variables: {v: '1'}, outputs: {o: {columns: {x: var.w}}}",
        ("L012", "outputs.o.columns.x", "there is no variable `w`"),
    );
    let configs = "{lookups: {customers: {on: {idd: input.customer}}}, outputs: {o: {columns: '*'}}}";
    finds(&INPUTS, "map_mod", configs, &["o"], ("C001", "lookups.customers.on.idd", "there is no column `idd`"));
}

#[test]
fn the_very_part_of_an_expression_that_cannot_be_is_underlined() {
    let project = project(&INPUTS);
    let configs = "\n      lookups: {customers: {on: {id: input.customer}}}\n      variables: {v: upper(customers.name)}\n      outputs:\n        o:\n          columns:\n            - ok: input.amount * 2\n            - bad: input.amount > 3 AND var.v + input.amount > 1\n";
    project.write("found.yaml", flow("found", &node(&["input", "customers"], "map_mod", configs, &["o"])));
    let shown = project.pype(&["validate", "found.yaml"]).expect_code(3).stderr;
    assert!(shown.contains("error[C002]: `var.v + input.amount`"), "{shown}");
    assert!(shown.contains("modules[it].configs.outputs.o.columns[1].bad"), "{shown}");
}

#[test]
fn keys_of_types_that_do_not_go_together_are_found() {
    let project = project(&INPUTS);
    let configs = "{lookups: {customers: {on: {id: input.\"select\"}}}, outputs: {o: {columns: '*'}}}";
    let found = found(&project, &node(&["input", "customers"], "map_mod", configs, &["o"]));
    let [(code, place, _)] = found.as_slice() else { panic!("{found:#?}") };
    assert!(code == "C002" && place.contains("lookups.customers.on.id"), "{found:#?}");
}

#[test]
fn what_stands_twice_or_is_no_expression_is_refused() {
    let taken = "outputs: {o: {columns: ['*', {amount: '1'}]}}";
    of_map(taken, ("C004", "outputs.o.columns[1].amount", "`amount`"));
    of_map("outputs: {o: {columns: {x: 'a b'}}}", ("L018", "outputs.o.columns.x", "is not an SQL expression"));
    of_map(
        "outputs: {o: {columns: '*', filter: 'input.amount >'}}",
        ("L018", "outputs.o.filter", "is not an SQL expression"),
    );
    of_map("outputs: {o: {columns: '*', catch: rejected}}", ("L012", "outputs.o.catch", "no output has a filter"));
    of_map("outputs: {o: {columns: []}}", ("L012", "outputs.o.columns", "is empty"));
    of_map("outputs: {o: {columns: '*', catch: unmatched}}", ("L012", "outputs.o.catch", "no lookup leaves rows out"));
}

#[test]
fn a_template_in_an_expression_stays_within_it() {
    let project = project(&INPUTS);
    let configs = "{lookups: {customers: {on: {id: input.customer}}}, outputs: {o: {columns: {x: \"input.amount + {{ context.more }}\"}}}}";
    let body = node(&["input", "customers"], "map_mod", configs, &["o"]);
    project.build("flow", &format!("context: {{more: {{type: str, default: '1'}}}}\n{body}"));
    project.run_job("flow", &[], 0);
    assert_eq!(super::sorted(&project.read("out_o.csv")), "x\n-\n12\n16\n51\n6\n");
    let run = project.run_job("flow", &["--set", "more=1) FROM input --"], 1);
    assert!(run.result.to_string().contains("not an SQL expression"), "{:#}", run.result);
}

#[test]
fn columns_and_where_they_come_from_are_known() {
    let more =
        "variables: {v: customers.name || '!'}, outputs: {o: {columns: ['*', {v: var.v}, {double: input.amount * 2}]}}";
    let (names, sink) = columns(&INPUTS, "map_mod", &map(more), "o");
    assert_eq!(names, ["id int64", "customer int64", "amount int64", "select string", "v string", "double int64"]);
    let from = |at: usize| sink["columns"][at]["from"].clone();
    assert_eq!(from(0), json!([{"node": "of_input", "column": "id", "how": "identity"}]));
    assert_eq!(from(5), json!([{"node": "of_input", "column": "amount", "how": "transformation"}]));
    assert_eq!((&from(4)[0]["node"], &from(4)[0]["column"]), (&json!("of_customers"), &json!("name")));
}
