//! `map_mod` with rows: lookups of every kind, variables, filters, and the outputs for what others do not take.

use super::{CUSTOMERS, ORDERS, REGIONS, gives};

const INPUT: (&str, &str) = ("input", ORDERS);
const CUSTOMER: (&str, &str) = ("customers", CUSTOMERS);
const REGION: (&str, &str) = ("regions", REGIONS);

#[test]
fn rows_go_to_every_output_whose_filter_holds_and_to_the_rest() {
    let configs = r#"
      outputs:
        large:
          filter: input.amount > 10
          columns: "*"
        odd:
          filter: id % 2 = 1
          columns:
            - "a b": input.amount + 1
            - "order": input."select"
        all: {columns: [{id: input.id}]}
        rest:
          catch: rejected
          columns: ["*", {why: "'neither large nor odd'"}]
        rest_of_nobody:
          catch: rejected
          filter: customer IS NULL
          columns: {id: id}
"#;
    let input = ("input", "id,customer,amount,select\n1,10,5,a\n2,20,15,b\n4,,,\n6,20,50,d\n5,99,11,e\n,7,1,f\n");
    let expected = [
        ("large", "id,customer,amount,select\n2,20,15,b\n6,20,50,d\n5,99,11,e\n"),
        ("odd", "a b,order\n6,a\n12,e\n"),
        ("all", "id\n1\n2\n4\n6\n5\n-\n"),
        ("rest", "id,customer,amount,select,why\n4,-,-,-,neither large nor odd\n-,7,1,f,neither large nor odd\n"),
        ("rest_of_nobody", "id\n4\n"),
    ];
    gives(&[input], "map_mod", configs, &expected);
}

/// Which name each order gets.
#[track_caller]
fn names(lookup: &str, expected: &str) {
    let configs = format!(
        "{{lookups: {{customers: {{on: {{id: input.customer}}, {lookup}}}}}, outputs: {{o: {{columns: [{{id: input.id}}, {{name: customers.name}}]}}}}}}"
    );
    gives(&[INPUT, CUSTOMER], "map_mod", &configs, &[("o", &format!("id,name\n{expected}"))]);
}

#[test]
fn one_row_or_all_rows_of_a_lookup() {
    names("join: left", "1,ann\n2,bea\n3,-\n4,bea\n5,-\n");
    names("match: unique, join: inner", "1,ann\n2,bea\n4,bea\n");
    names("match: last, join: inner", "1,ann\n2,bea\n4,bea\n");
    names("match: first", "1,ann\n2,bob\n3,-\n4,bob\n5,-\n");
    names("match: all", "1,ann\n2,bob\n2,bea\n3,-\n4,bob\n4,bea\n5,-\n");
    names("match: all, join: inner", "1,ann\n2,bob\n2,bea\n4,bob\n4,bea\n");
    names("match: last, filter: customers.active", "1,ann\n2,bob\n3,-\n4,bob\n5,-\n");
}

#[test]
fn rows_that_an_inner_lookup_does_not_find_are_caught() {
    let configs = r#"
      lookups:
        customers: {on: {id: input.customer}, match: first, join: inner, filter: active}
        regions: {on: {code: customers.region}, join: inner, match: all}
      outputs:
        found: {columns: [{id: input.id}, {label: regions.label}]}
        lost: {catch: unmatched, columns: "*"}
        lost_large: {catch: unmatched, filter: input.amount > 10, columns: [{id: input.id}, {name: customers.name}]}
"#;
    let input = ("input", "id,customer,amount\n1,10,5\n2,20,15\n3,,\n4,30,50\n5,99,11\n");
    let expected = [
        ("found", "id,label\n1,north\n2,south\n2,sud\n"),
        ("lost", "id,customer,amount\n3,-,-\n4,30,50\n5,99,11\n"),
        ("lost_large", "id,name\n4,cid\n5,-\n"),
    ];
    gives(&[input, CUSTOMER, REGION], "map_mod", configs, &expected);
}

#[test]
fn lookups_and_variables_use_each_other_in_any_order() {
    let configs = r#"
      variables:
        full: customers.name || '/' || coalesce(regions.label, '-') -- both
        twice: var.full || '=' || var.full
        key: input.customer + 0
      lookups:
        regions: {on: {code: upper(customers.region)}, match: first}
        customers: {on: {id: var.key}, match: all}
      outputs:
        named: {filter: var.full IS NOT NULL, columns: ["*", {twice: var.twice}]}
        rest: {catch: rejected, columns: [{id: input.id}, {key: var.key}]}
"#;
    let expected = [
        (
            "named",
            "id,customer,amount,select,twice\n1,10,5,a,ann/north=ann/north\n2,20,15,b,bob/south=bob/south\n2,20,15,b,bea/north=bea/north\n4,20,50,d,bob/south=bob/south\n4,20,50,d,bea/north=bea/north\n",
        ),
        ("rest", "id,key\n3,-\n5,99\n"),
    ];
    gives(&[INPUT, CUSTOMER, REGION], "map_mod", configs, &expected);
}

#[test]
fn every_row_of_a_lookup() {
    let orders = ("input", "id\n1\n2\n");
    let configs = |lookup: &str| {
        format!(
            "{{lookups: {{regions: {{match: cross, {lookup}}}}}, outputs: {{o: {{columns: [{{id: id}}, {{l: regions.label}}]}}}}}}"
        )
    };
    let all = "id,l\n1,north\n1,south\n1,sud\n1,none\n2,north\n2,south\n2,sud\n2,none\n";
    gives(&[orders, REGION], "map_mod", &configs("join: inner"), &[("o", all)]);
    gives(
        &[orders, REGION],
        "map_mod",
        &configs("filter: code = 'S'"),
        &[("o", "id,l\n1,south\n1,sud\n2,south\n2,sud\n")],
    );
    gives(&[orders, REGION], "map_mod", &configs("filter: code = 'X'"), &[("o", "id,l\n1,-\n2,-\n")]);
    gives(&[orders, REGION], "map_mod", &configs("filter: code = 'X', join: inner"), &[("o", "id,l\n")]);
}

#[test]
fn keys_of_several_columns_and_odd_names() {
    let orders = ("input", "id,k,o'd key\n1,N,a\n2,S,b\n3,,a\n4,N,\n");
    let parts = ("order", "sp ace,select,o'd\nn,a,1\nn,a,2\ns,b,3\n,a,4\nn,,5\n");
    let configs = r#"
      lookups:
        order: {on: {sp ace: lower(input.k), select: 'input."o''d key"'}, join: inner}
      outputs:
        found: {columns: [{id: input.id}, {"sp ace": '"order"."sp ace"'}, {"o'd": '"order"."o''d"'}]}
        lost: {catch: unmatched, columns: [{id: input.id}]}
"#;
    let expected = [("found", "id,sp ace,o'd\n1,n,2\n2,s,3\n"), ("lost", "id\n3\n4\n")];
    gives(&[orders, parts], "map_mod", configs, &expected);
}

#[test]
fn no_rows_at_all_and_no_rows_to_look_up() {
    let configs = r#"
      lookups:
        customers: {on: {id: input.customer}, join: inner}
      outputs:
        found: {columns: [{id: input.id}, {name: customers.name}]}
        lost: {catch: unmatched, columns: [{id: input.id}]}
"#;
    let (no_orders, no_customers) = (("input", "id,customer\n"), ("customers", "id,name\n"));
    let orders = ("input", "id,customer\na,b\n");
    gives(&[no_orders, no_customers], "map_mod", configs, &[("found", "id,name\n"), ("lost", "id\n")]);
    gives(&[orders, no_customers], "map_mod", configs, &[("found", "id,name\n"), ("lost", "id\na\n")]);
}

#[test]
fn rows_are_counted_by_port() {
    let configs = "{outputs: {good: {filter: amount > 10, columns: '*'}, reject: {catch: rejected, columns: '*'}}}";
    let expected = [
        ("good", "id,customer,amount,select\n2,20,15,b\n4,20,50,d\n5,99,11,e\n"),
        ("reject", "id,customer,amount,select\n1,10,5,a\n3,-,-,-\n"),
    ];
    let run = gives(&[INPUT], "map_mod", configs, &expected);
    let counts = ["rows_in", "rows_out", "rows_rejected"].map(|key| run.node("it")[key].as_u64());
    assert_eq!(counts, [Some(5), Some(3), Some(2)]);
}
