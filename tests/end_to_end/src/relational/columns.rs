//! Columns kept, dropped, renamed, put in another order and derived.

use super::{ODD, codes, finds_no_column, gives, refuses};

const SMALL: &str = "a,b,\"c d\"\n1,x,\n,\"\",2\n";

#[test]
fn columns_are_kept_in_the_order_in_which_they_are_named() {
    gives(SMALL, &[("select_mod", "keep: [c d, a]")], &[("output", "c d,a\n-,1\n2,-\n")]);
    gives(
        ODD,
        &[("select_mod", "keep: [\"o'd\", select, sp ace, id]")],
        &[("output", "o'd,select,sp ace,id\n1,p,x,1\n1,q,\"\",2\n2,r,y,3\n2,s,x,4\n2,t,-,5\n")],
    );
}

#[test]
fn columns_are_dropped() {
    gives(SMALL, &[("select_mod", "drop: [b]")], &[("output", "a,c d\n1,-\n-,2\n")]);
    gives(SMALL, &[("select_mod", "drop: [a, c d], rename: {select: b}")], &[("output", "select\nx\n\"\"\n")]);
}

#[test]
fn renamed_columns_stay_in_their_places() {
    gives(
        SMALL,
        &[("select_mod", "rename: {'od\"d': a, group: c d}")],
        &[("output", "\"od\"\"d\",b,group\n1,x,-\n-,\"\",2\n")],
    );
}

#[test]
fn names_can_be_exchanged() {
    gives(SMALL, &[("select_mod", "rename: {a: b, b: a}")], &[("output", "b,a,c d\n1,x,-\n-,\"\",2\n")]);
    gives(SMALL, &[("select_mod", "rename: {a: b, b: c d, c d: a}")], &[("output", "c d,a,b\n1,x,-\n-,\"\",2\n")]);
    gives(SMALL, &[("select_mod", "keep: [a, b], rename: {a: b, b: a}")], &[("output", "b,a\n1,x\n-,\"\"\n")]);
}

#[test]
fn columns_come_first() {
    gives(SMALL, &[("select_mod", "first: [c d, b]")], &[("output", "c d,b,a\n-,x,1\n2,\"\",-\n")]);
    gives(SMALL, &[("select_mod", "first: [b], drop: [a], rename: {z: b}")], &[("output", "z,c d\nx,-\n\"\",2\n")]);
}

#[test]
fn no_rows_have_columns_too() {
    gives("a,b\n", &[("select_mod", "drop: [a]")], &[("output", "b\n")]);
    gives("a,b\n", &[("derive_mod", "columns: {c: a || b}")], &[("output", "a,b,c\n")]);
}

#[test]
fn selections_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("", &["nothing is selected", "`rename`"][..]),
        ("keep: [id], drop: [k]", &["`keep` and `drop` are both given", "configs.drop"]),
        ("keep: [id], first: [k]", &["`keep` and `first` are both given"]),
        ("keep: [id, id]", &["`id` stands twice in `keep`"]),
        ("drop: [id, id]", &["`id` stands twice in `drop`"]),
        ("drop: [id], first: [id]", &["`id` is dropped, and cannot be first"]),
        ("drop: [id], rename: {x: id}", &["`id` does not go on", "configs.rename.x"]),
        ("keep: [id], rename: {x: k}", &["`k` does not go on"]),
        ("keep: [id, k], rename: {k: id}", &["`k` stands twice in `rename`"]),
        ("rename: {x: id, y: id}", &["`id` stands twice in `rename`"]),
        ("rename: {'': id}", &["a name in `rename` is empty"]),
    ] {
        refuses("select_mod", configs, words);
    }
}

#[test]
fn columns_that_are_not_there_are_found_where_they_are_named() {
    finds_no_column("select_mod", "keep: [id, nosuch]", "keep[1]");
    finds_no_column("select_mod", "drop: [nosuch]", "drop[0]");
    finds_no_column("select_mod", "first: [nosuch]", "first[0]");
    finds_no_column("select_mod", "rename: {x: nosuch}", "rename.x");
    finds_no_column("derive_mod", "columns: {x: upper(nosuch)}", "columns.x");
    finds_no_column("derive_mod", "columns: [{x: id}, {y: nosuch + 1}]", "columns[1].y");
}

#[test]
fn a_new_name_that_is_another_columns_is_found() {
    assert_eq!(codes(ODD, "select_mod", "rename: {k: id}"), ["C004"]);
}

#[test]
fn derived_columns_follow_and_replaced_ones_stay() {
    gives(
        SMALL,
        &[("derive_mod", "columns: {b: upper(b), n: 'coalesce(a, 0) + 1'}")],
        &[("output", "a,b,c d,n\n1,X,-,2\n-,\"\",2,1\n")],
    );
    // In a list the order is that of the list, and every expression sees the input.
    gives(
        SMALL,
        &[("derive_mod", "columns: [{z: a * 2}, {a: 'a + 1 -- why'}, {y: '\"c d\"'}]")],
        &[("output", "a,b,c d,z,y\n2,x,-,2,-\n-,\"\",2,-,2\n")],
    );
}

#[test]
fn expressions_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("columns: {}", &["`columns` is empty"][..]),
        ("columns: [{x: id, y: id}]", &["item 1 of `columns` has 2 names"]),
        ("columns: [{x: id}, {x: k}]", &["`x` stands twice in `columns`"]),
        ("columns: {'': id}", &["a name in `columns` is empty"]),
    ] {
        refuses("derive_mod", configs, words);
    }
}
