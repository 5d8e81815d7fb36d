//! Rows that must be as they are said to be: they go on, or fail their sub flow and are shown.

use super::{ODD, chain, fails, finds_no_column, found, gives, refuses};
use crate::support::Project;

const ROWS: &str = "id,k,n\n1,a,5\n2,,50\n2,b,-1\n3,c,\n";

#[test]
fn rows_that_are_as_they_should_be_go_on() {
    let configs = "not_null: [id], unique: [[id, k], k], min_rows: 4, max_rows: 4, range: {n: {min: -1, max: 50}, k: {max: c}}, accepted: {k: [a, b, c]}";
    gives(ROWS, &[("assert_mod", configs)], &[("output", "id,k,n\n1,a,5\n2,-,50\n2,b,-1\n3,c,-\n")]);
    gives("id,k,n\n", &[("assert_mod", "unique: [id], max_rows: 0")], &[("output", "id,k,n\n")]);
}

#[test]
fn each_assertion_can_fail() {
    for (configs, words) in [
        ("not_null: [id, k]", &["does not hold: `k` is NULL: 1 of 4 rows"][..]),
        ("unique: [id]", &["`id` has been there before: 1 of 4 rows"]),
        ("min_rows: 5", &["there are 4 rows, fewer than 5"]),
        ("max_rows: 3", &["there are 4 rows, more than 3"]),
        ("range: {n: {min: 0}}", &["`n` is not at least 0: 1 of 4 rows"]),
        ("range: {k: {min: b}}", &["`k` is not at least b: 1 of 4 rows"]),
        ("accepted: {n: [5, -1]}", &["`n` is none of the accepted values: 1 of 4 rows"]),
        ("unique: [id], max_keys: 2", &["more than 2 different keys", "`unique_mod`"]),
    ] {
        fails(ROWS, &[("assert_mod", configs)], words);
    }
}

#[test]
fn all_that_does_not_hold_is_told_at_once_with_the_first_rows() {
    let project = Project::new();
    project.write("in.csv", ROWS);
    project.build(
        "asserted",
        &chain(&[("assert_mod", "not_null: [k, n], unique: [id], min_rows: 9, show: 1")], &["output"]),
    );
    let shown = project.pype(&["run", "jobs/asserted"]).expect_code(1).stderr;
    for words in [
        "4 of the assertions do not hold: there are 4 rows, fewer than 9; `k` is NULL: 1 of 4 rows; `n` is NULL: 1 of 4 rows; `id` has been there before: 1 of 4 rows",
        "| 2   | 2  |   | 50 |",
        "| 3   | 2  | b | -1 |",
    ] {
        assert!(shown.contains(words), "`{words}` is not in:\n{shown}");
    }
    assert!(!project.exists("output.csv"));
}

#[test]
fn assertions_that_cannot_be_are_refused() {
    finds_no_column("assert_mod", "not_null: [id, nosuch]", "not_null[1]");
    finds_no_column("assert_mod", "unique: [[id, nosuch]]", "unique[0][1]");
    let [(_, place)] = &found(ROWS, "assert_mod", "range: {nosuch: {min: 1}}")[..] else { panic!() };
    assert_eq!(place, "modules[it].configs.range.nosuch");
    refuses("assert_mod", "min_rows: many", &["configs.min_rows"]);
    for (configs, place) in [
        ("show: 3", ""),
        ("min_rows: 3, max_rows: 2", ".max_rows"),
        ("accepted: {k: []}", ".accepted.k"),
        ("accepted: {k: [[1]]}", ".accepted.k"),
        ("range: {k: {}}", ".range.k"),
        ("range: {k: {min: true}}", ".range.k"),
        ("unique: [[]]", ".unique[0]"),
    ] {
        let expected = [("C008".to_owned(), format!("modules[it].configs{place}"))];
        assert_eq!(found(ODD, "assert_mod", configs), expected, "{configs}");
    }
    fails(ODD, &[("assert_mod", "range: {k: {min: 1}}")], &["`k` is Utf8View, and is compared with a number"]);
}
