//! Groups of rows: one row of each, with aggregates, or with their values put together.

use super::{ODD, finds_no_column, gives, gives_in_any_order, refuses};

#[test]
fn null_is_a_group_and_names_may_be_odd() {
    gives_in_any_order(
        ODD,
        &[(
            "aggregate_mod",
            "group_by: [k], aggregates: [{rows: count(*)}, {n: sum(n)}, {known: count(n)}, {least: min(id)}]",
        )],
        &[("output", "k,rows,n,known,least\na,2,30,2,1\n-,2,80,2,3\nb,1,-,0,4\n")],
    );
    gives_in_any_order(
        ODD,
        &[("aggregate_mod", "group_by: [\"o'd\", sp ace], aggregates: {select: max(\"select\")}")],
        &[("output", "o'd,sp ace,select\n1,x,p\n1,\"\",q\n2,y,r\n2,x,s\n2,-,t\n")],
    );
}

#[test]
fn all_that_a_group_can_tell() {
    let rows = "k,x,t\na,1,u\na,3,v\na,3,u\n";
    let aggregates = "[{a: avg(x)}, {d: count(DISTINCT x)}, {f: first(t)}, {l: last(t)}, {m: median(x)}, {s: \"string_agg(t, '+')\"}, {v: variance(x)}, {part: sum(x) FILTER (WHERE t = 'u')}, {made: sum(x) / count(*) * 10}]";
    gives(
        rows,
        &[("aggregate_mod", &format!("group_by: [k], aggregates: {aggregates}"))],
        &[(
            "output",
            "k,a,d,f,l,m,s,v,part,made\na,2.3333333333333335,2,u,u,3.0,u+v+u,1.3333333333333333,4,23.333333333333336\n",
        )],
    );
}

#[test]
fn without_groups_there_is_one_row_whatever_there_is() {
    let node = ("aggregate_mod", "aggregates: [{n: count(*)}, {v: max(n)}]");
    gives(ODD, &[node], &[("output", "n,v\n5,50\n")]);
    gives("id,n\n", &[node], &[("output", "n,v\n0,-\n")]);
    gives("k,n\n", &[("aggregate_mod", "group_by: [k], aggregates: {c: count(*)}")], &[("output", "k,c\n")]);
}

#[test]
fn groups_alone_are_distinct_values() {
    gives_in_any_order(ODD, &[("aggregate_mod", "group_by: [k]")], &[("output", "k\na\n-\nb\n")]);
}

#[test]
fn groups_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("", &["nothing to group by and nothing to work out"][..]),
        ("group_by: [k, k]", &["`k` stands twice in `group_by`"]),
        ("group_by: [k], aggregates: {k: count(*)}", &["`k` is a column of `group_by`", "configs.aggregates.k"]),
        ("aggregates: {x: upper(k)}", &["has a value for each row", "`max(…)`"]),
        ("group_by: [k], aggregates: {x: v}", &["has a value for each row", "configs.aggregates.x"]),
        ("group_by: [k], aggregates: {}", &["`aggregates` is empty"]),
    ] {
        refuses("aggregate_mod", configs, words);
    }
}

#[test]
fn columns_of_groups_are_known_before_the_run() {
    finds_no_column("aggregate_mod", "group_by: [nosuch]", "group_by[0]");
    finds_no_column("aggregate_mod", "group_by: [k], aggregates: {x: sum(nosuch)}", "aggregates.x");
}

#[test]
fn values_are_put_together_as_texts() {
    gives_in_any_order(
        ODD,
        &[("implode_mod", "keys: [k], columns: [sp ace, n], separator: '|'")],
        &[("output", "k,sp ace,n\na,x|,10|20\n-,y,30|50\nb,x,-\n")],
    );
    let rows = "k,t,o\na,u,1\na,v,3\na,u,2\nb,,1\n";
    gives_in_any_order(
        rows,
        &[("implode_mod", "keys: [k], columns: [t], separator: '; ', distinct: true")],
        &[("output", "k,t\na,u; v\nb,-\n")],
    );
    let order = "order_by: [{column: o, descending: true}]";
    gives_in_any_order(
        rows,
        &[("implode_mod", &format!("keys: [k], columns: [t], separator: '', {order}"))],
        &[("output", "k,t\na,vuu\nb,-\n")],
    );
    gives(rows, &[("implode_mod", "columns: [k], separator: ','")], &[("output", "k\n\"a,a,a,b\"\n")]);
}

#[test]
fn lists_hold_what_is_not_null() {
    let shown = ("derive_mod", "columns: {n: array_length(n)}");
    gives_in_any_order(
        ODD,
        &[("implode_mod", "keys: [k], columns: [n]"), shown],
        &[("output", "k,n\na,2\n-,2\nb,0\n")],
    );
    let rows = "k,n\na,1\na,1\na,2\n";
    gives(rows, &[("implode_mod", "keys: [k], columns: [n], distinct: true"), shown], &[("output", "k,n\na,2\n")]);
}

#[test]
fn what_cannot_be_put_together_is_refused() {
    for (configs, words) in [
        ("columns: []", &["`columns` is empty"][..]),
        ("keys: [k], columns: [k]", &["`k` is in both `keys` and `columns`"]),
        ("keys: [k], columns: [n, n]", &["`n` stands twice in `columns`"]),
    ] {
        refuses("implode_mod", configs, words);
    }
    finds_no_column("implode_mod", "keys: [nosuch], columns: [n]", "keys[0]");
    finds_no_column("implode_mod", "keys: [k], columns: [nosuch]", "columns[0]");
    finds_no_column("implode_mod", "keys: [k], columns: [n], order_by: [nosuch]", "order_by[0]");
}
