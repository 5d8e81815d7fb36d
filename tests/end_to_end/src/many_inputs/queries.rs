//! `sql_mod`: queries over inputs that links name, several outputs, and what is refused with its place.

use super::{CUSTOMERS, ORDERS, columns, finds, found, gives, node, project};
use crate::support::run::flow;
use serde_json::json;

const INPUTS: [(&str, &str); 2] = [("orders", ORDERS), ("customers", CUSTOMERS)];

#[test]
fn a_query_over_two_inputs() {
    let query =
        "SELECT c.name, sum(o.amount) AS total FROM orders o JOIN customers c ON o.customer = c.id GROUP BY c.name";
    let run = gives(
        &INPUTS,
        "sql_mod",
        &format!("{{query: '{query}'}}"),
        &[("output", "name,total\nann,5\nbob,65\nbea,65\n")],
    );
    assert_eq!((&run.node("it")["rows_in"], &run.node("it")["rows_out"]), (&json!(10), &json!(3)));
}

#[test]
fn further_outputs_have_queries_of_their_own() {
    let configs = "{query: SELECT id FROM orders WHERE amount > 10, queries: {names: SELECT name FROM customers WHERE id IS NULL, both: 'WITH big AS (SELECT * FROM orders WHERE amount > 10) SELECT big.id, name FROM big JOIN customers ON customer = customers.id;'}}";
    let expected =
        [("output", "id\n2\n4\n5\n"), ("names", "name\nnul\n"), ("both", "id,name\n2,bob\n2,bea\n4,bob\n4,bea\n")];
    gives(&INPUTS, "sql_mod", configs, &expected);
}

#[test]
fn one_input_feeds_several_places_of_a_query() {
    let configs = "{query: 'SELECT a.id, b.id AS other FROM t a JOIN t b ON a.next = b.id'}";
    gives(&[("t", "id,next\n1,2\n2,3\n3,\n")], "sql_mod", configs, &[("output", "id,other\n1,2\n2,3\n")]);
}

#[test]
fn columns_are_known_before_the_run_and_where_they_come_from() {
    let query = "SELECT name, max(amount) AS most FROM orders JOIN customers ON customer = customers.id GROUP BY name";
    let (names, sink) = columns(&INPUTS, "sql_mod", &format!("{{query: '{query}'}}"), "output");
    assert_eq!(names, ["name string", "most int64"]);
    assert_eq!(sink["columns"][1]["from"], json!([{"node": "of_orders", "column": "amount", "how": "aggregation"}]));
}

#[test]
fn only_one_query_that_reads_is_taken() {
    let refuses = |query: &str, words: &str| {
        finds(&INPUTS, "sql_mod", &format!("{{query: {query:?}}}"), &["output"], ("L018", "query", words));
    };
    refuses("DROP TABLE orders", "it is a DROP, and no SELECT");
    refuses("SELECT 1; SELECT 2", "it is 2 statements");
    refuses("SELECT * FROM read_csv('secret.csv')", "rows come by input ports");
    refuses("SELECT * INTO other FROM orders", "`INTO` writes a table");
    refuses("SELECT * FORM orders", "Expected");
    let configs = "{query: SELECT * FROM orders, queries: {more: DELETE FROM customers}}";
    finds(&INPUTS, "sql_mod", configs, &["output"], ("L018", "queries.more", "it is a DELETE"));
    let configs = "{query: SELECT * FROM orders, queries: {output: SELECT * FROM customers}}";
    finds(&INPUTS, "sql_mod", configs, &["output"], ("L012", "queries.output", "the port of `query`"));
}

#[test]
fn names_that_are_not_there_are_underlined_within_the_query() {
    let finds = |query: &str, code: &str, words: &str| {
        finds(&INPUTS, "sql_mod", &format!("{{query: '{query}'}}"), &["output"], (code, "query", words));
    };
    finds("SELECT * FROM ordrs JOIN customers ON customer = customers.id", "C009", "did you mean `orders`?");
    finds("SELECT nmae FROM orders JOIN customers ON customer = customers.id", "C001", "did you mean `name`?");
    finds("SELECT * FROM orders", "C009", "nothing reads the input `customers`");
    finds("SELECT amount + name AS x FROM orders JOIN customers ON customer = customers.id", "C002", "");
    let project = project(&INPUTS);
    let body = node(
        &["orders", "customers"],
        "sql_mod",
        "\n      query: |\n        SELECT name, amont\n        FROM orders\n        JOIN customers ON customer = customers.id\n",
        &["output"],
    );
    project.write("found.yaml", flow("found", &body));
    let shown = project.pype(&["validate", "found.yaml"]).expect_code(3).stderr;
    assert!(shown.contains("SELECT name, amont") && shown.contains("^^^^^\n"), "{shown}");
}

#[test]
fn a_template_in_a_query_cannot_make_it_more_than_a_query() {
    let project = project(&INPUTS);
    let configs = "{query: \"SELECT id FROM orders WHERE amount > {{ context.least }} AND customer IN (SELECT id FROM customers)\"}";
    let body = format!(
        "context: {{least: {{type: str, default: '10'}}}}\n{}",
        node(&["orders", "customers"], "sql_mod", configs, &["output"])
    );
    project.build("flow", &body);
    project.run_job("flow", &[], 0);
    assert_eq!(super::sorted(&project.read("out_output.csv")), "id\n2\n4\n");
    let run = project.run_job("flow", &["--set", "least=1; DROP TABLE orders"], 1);
    assert!(
        run.output.stderr.contains("not an SQL query") || run.result.to_string().contains("not an SQL query"),
        "{run:?}"
    );
    let found = found(&project, &body.replace("FROM customers", "FROM custmers"));
    assert!(found.iter().any(|(code, _, words)| code == "C009" && words.contains("custmers")), "{found:#?}");
}
