//! Which rows go on, and in which order: sorted, unique, sampled, replicated.

use super::{ODD, chain, finds_no_column, gives, gives_in_any_order, refuses};
use crate::support::Project;

/// Three rows, in order.
fn ids(rows: &[&str]) -> String {
    format!("id\n{}\n", rows.join("\n"))
}

const ID: (&str, &str) = ("select_mod", "keep: [id]");

#[track_caller]
fn sorted(by: &str, rows: &[&str]) {
    gives(ODD, &[("sort_mod", by), ID], &[("output", &ids(rows))]);
}

#[test]
fn null_stands_last_unless_it_is_told_otherwise() {
    sorted("by: [v]", &["1", "4", "5", "3", "2"]);
    sorted("by: [{column: v, descending: true}]", &["3", "5", "4", "1", "2"]);
    sorted("by: [{column: v, nulls: first}]", &["2", "1", "4", "5", "3"]);
    sorted("by: [{column: v, descending: true, nulls: first}]", &["2", "3", "5", "4", "1"]);
}

#[test]
fn orders_have_several_columns() {
    sorted("by: [k, {column: id, descending: true}]", &["2", "1", "4", "5", "3"]);
    sorted("by: [\"o'd\", {column: select, descending: true}]", &["2", "1", "5", "4", "3"]);
    sorted("by: [sp ace, id], rows: 2", &["2", "1"]);
}

#[test]
fn texts_are_compared_as_numbers_where_that_is_said_and_numbers_as_texts() {
    let rows = "id,t\na,10\nb,9\nc,x\nd,1e1\n";
    gives(rows, &[("sort_mod", "by: [{column: t, as: number}, id]"), ID], &[("output", &ids(&["b", "a", "d", "c"]))]);
    gives(
        ODD,
        &[("sort_mod", "by: [{column: n, as: text, descending: true}]"), ID],
        &[("output", &ids(&["5", "3", "2", "1", "4"]))],
    );
}

#[test]
fn orders_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("by: []", &["nothing to order by"][..]),
        ("by: [id, {column: id, descending: true}]", &["`id` stands twice in `by`"]),
        ("by: [id], rows: 0", &["configs.rows"]),
    ] {
        refuses("sort_mod", configs, words);
    }
    finds_no_column("sort_mod", "by: [nosuch]", "by[0]");
    finds_no_column("sort_mod", "by: [{column: nosuch}]", "by[0].column");
}

#[track_caller]
fn unique(configs: &str, output: &[&str], duplicate: &[&str]) {
    let of = |rows: &[&str]| if rows.is_empty() { "id\n".to_owned() } else { ids(rows) };
    // A module has one chain behind it: each port is looked at by itself.
    gives(ODD, &[("unique_mod", configs), ID], &[("output", &of(output))]);
    let project = Project::new();
    project.write("in.csv", ODD);
    project.run_flow("ports", &chain(&[("unique_mod", configs)], &["output", "duplicate"]));
    let first = |port: &str| {
        let text = project.read(&format!("{port}.csv"));
        text.lines().skip(1).map(|row| row.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (first("output"), first("duplicate")),
        (output.iter().map(|&id| id.to_owned()).collect(), duplicate.iter().map(|&id| id.to_owned()).collect()),
        "{configs}"
    );
}

#[test]
fn of_rows_that_are_alike_one_stays() {
    unique("keys: [k]", &["1", "3", "4"], &["2", "5"]);
    unique("keys: [k], keep: last", &["2", "4", "5"], &["1", "3"]);
    unique("keys: [k], keep: none", &["4"], &["1", "2", "3", "5"]);
    unique("keys: [\"o'd\", k]", &["1", "3", "4"], &["2", "5"]);
}

#[test]
fn which_one_an_order_says() {
    unique("keys: [k], order_by: [{column: id, descending: true}]", &["5", "4", "2"], &["3", "1"]);
    unique("keys: [k], keep: last, order_by: [{column: v, nulls: first}]", &["1", "4", "3"], &["2", "5"]);
}

#[test]
fn both_ports_agree_in_every_way_of_running() {
    let rows = "id,k\n1,A\n2,a\n3,b\n4,B\n5,a\n";
    let expected = [("output", "id,k\n1,A\n3,b\n"), ("duplicate", "id,k\n2,a\n4,B\n5,a\n")];
    gives(rows, &[("unique_mod", "keys: [k], ignore_case: true")], &expected);
    gives("id,k\n", &[("unique_mod", "keys: [k]")], &[("output", "id,k\n"), ("duplicate", "id,k\n")]);
}

#[test]
fn rows_are_alike_in_all_columns_where_no_keys_are_named() {
    let rows = "a,b\n1,x\n,\n1,x\n2,x\n,\n1,x\n";
    let expected = [("output", "a,b\n1,x\n-,-\n2,x\n"), ("duplicate", "a,b\n1,x\n1,x\n-,-\n")];
    gives_in_any_order(rows, &[("unique_mod", "")], &expected);
}

#[test]
fn keys_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("keys: [k, k]", &["`k` stands twice in `keys`"][..]),
        ("keep: none", &["`keep: none` needs `keys`"]),
        ("order_by: [id]", &["rows that are alike in all columns have no order"]),
        ("ignore_case: true", &["`ignore_case` needs `keys`"]),
    ] {
        refuses("unique_mod", configs, words);
    }
    finds_no_column("unique_mod", "keys: [nosuch]", "keys[0]");
    finds_no_column("unique_mod", "keys: [k], order_by: [nosuch]", "order_by[0]");
}

#[test]
fn the_first_rows_are_taken_and_left_out() {
    gives(ODD, &[("sample_mod", "rows: 2"), ID], &[("output", &ids(&["1", "2"]))]);
    gives(ODD, &[("sample_mod", "rows: 2, offset: 1"), ID], &[("output", &ids(&["2", "3"]))]);
    gives(ODD, &[("sample_mod", "offset: 3"), ID], &[("output", &ids(&["4", "5"]))]);
    gives(ODD, &[("sample_mod", "rows: 0"), ID], &[("output", "id\n")]);
    gives(ODD, &[("sample_mod", "rows: 99"), ID], &[("output", &ids(&["1", "2", "3", "4", "5"]))]);
}

#[test]
fn every_so_many_th_row_is_taken_from_the_first() {
    gives(ODD, &[("sample_mod", "every: 2"), ID], &[("output", &ids(&["1", "3", "5"]))]);
    gives(ODD, &[("sample_mod", "every: 9"), ID], &[("output", &ids(&["1"]))]);
}

#[test]
fn a_share_is_about_so_many_and_always_the_same() {
    let rows: String = (0..10_000).map(|row| format!("{row}\n")).collect();
    let taken = |configs: &str| {
        let project = Project::new();
        project.write("in.csv", format!("id\n{rows}"));
        project.build("share", &chain(&[("sample_mod", configs)], &["output"]));
        let mut all: Vec<String> = Vec::new();
        for args in [&[][..], &["--no-fuse"]] {
            project.run_job("share", args, 0);
            all.push(project.read("output.csv"));
        }
        assert_eq!(all[0], all[1], "{configs}");
        all.remove(0)
    };
    let tenth = taken("share: 0.1");
    assert!((800..1200).contains(&tenth.lines().count()), "{} rows", tenth.lines().count());
    assert_ne!(tenth, taken("share: 0.1, seed: 1"));
    assert_eq!(taken("share: 1").lines().count(), 10_001);
}

#[test]
fn samples_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("", &["it is not said which rows"][..]),
        ("rows: 1, every: 2", &["more than one way"]),
        ("share: 0.5, offset: 2", &["more than one way"]),
        ("share: 0", &["0 is no share of the rows"]),
        ("share: 1.5", &["1.5 is no share of the rows"]),
        ("every: 0", &["every 0-th row is none"]),
        ("rows: 1, seed: 3", &["`seed` chooses among rows of a `share`"]),
    ] {
        refuses("sample_mod", configs, words);
    }
}

#[test]
fn rows_are_handed_on_to_all_who_read_them() {
    let project = Project::new();
    project.write("in.csv", ODD);
    let body = r#"
modules:
  - {id: src, name: csv_source, configs: {file_path: in.csv}}
  - {id: it, name: replicate_mod}
  - {id: few, name: sample_mod, configs: {rows: 1}}
  - {id: a, name: csv_sink, configs: {output_path: a.csv}}
  - {id: b, name: csv_sink, configs: {output_path: b.csv}}
  - {id: c, name: csv_sink, configs: {output_path: c.csv}}
connections: {data: [src.data - it.input, it.output - a.input, it.output - b.input, it.output - few.input, few.output - c.input]}
"#;
    let run = project.run_flow("replicated", body);
    assert_eq!(project.read("a.csv"), project.read("b.csv"));
    assert_eq!((run.rows("it.output", "a.input"), run.rows("few.output", "c.input")), (5, 1));
}
