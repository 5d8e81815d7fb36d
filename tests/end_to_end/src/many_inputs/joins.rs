//! `join_mod`: every way to join, keys with NULLs and twice, names that both sides have, and the rows that are not taken.

use super::{columns, finds, gives};
use serde_json::json;

const LEFT: (&str, &str) = ("left", "id,k,a\n1,x,p\n2,x,q\n,y,r\n4,,s\n2,y,t\n");
const RIGHT: (&str, &str) = ("right", "id,a,b\n1,A,5\n2,B,6\n2,C,7\n,D,8\n9,E,9\n");

#[test]
fn rows_with_a_partner_and_the_others() {
    let taken = "id,k,a,a_right,b\n1,x,p,A,5\n2,x,q,B,6\n2,x,q,C,7\n2,y,t,B,6\n2,y,t,C,7\n";
    let others = "id,k,a\n-,y,r\n4,-,s\n";
    let run = gives(&[LEFT, RIGHT], "join_mod", "{on: [id]}", &[("output", taken), ("reject", others)]);
    assert_eq!(run.node("it")["rows_rejected"], 2);
}

#[test]
fn rows_without_a_partner_stay_as_asked() {
    let taken = "1,x,p,A,5\n2,x,q,B,6\n2,x,q,C,7\n2,y,t,B,6\n2,y,t,C,7\n";
    let head = "id,k,a,a_right,b\n";
    let (of_left, of_right) = ("-,y,r,-,-\n4,-,s,-,-\n", "-,-,-,D,8\n9,-,-,E,9\n");
    let none = "id,k,a\n";
    let others = "id,k,a\n-,y,r\n4,-,s\n";
    for (how, rows, rejected) in [
        ("left", format!("{head}{taken}{of_left}"), none),
        ("right", format!("{head}{taken}{of_right}"), others),
        ("full", format!("{head}{taken}{of_left}{of_right}"), none),
    ] {
        let configs = format!("{{on: [id], how: {how}}}");
        gives(&[LEFT, RIGHT], "join_mod", &configs, &[("output", &rows), ("reject", rejected)]);
    }
}

#[test]
fn rows_of_the_left_alone() {
    let (with, without) = ("id,k,a\n1,x,p\n2,x,q\n2,y,t\n", "id,k,a\n-,y,r\n4,-,s\n");
    gives(&[LEFT, RIGHT], "join_mod", "{on: [id], how: semi}", &[("output", with), ("reject", without)]);
    gives(&[LEFT, RIGHT], "join_mod", "{on: [id], how: anti}", &[("output", without), ("reject", with)]);
}

#[test]
fn every_row_with_every_other() {
    let (left, right) = (("left", "id,a\n1,x\n,y\n"), ("right", "a\n5\n6\n"));
    let all = "id,a,a_2\n1,x,5\n1,x,6\n-,y,5\n-,y,6\n";
    gives(&[left, right], "join_mod", "{how: cross, suffix: _2}", &[("output", all), ("reject", "id,a\n")]);
    let none = ("right", "a\n");
    gives(&[left, none], "join_mod", "{how: cross}", &[("output", "id,a,a_right\n"), ("reject", "id,a\n1,x\n-,y\n")]);
}

#[test]
fn keys_of_several_columns_and_other_names() {
    let right = ("right", "key,kind,b\n1,x,5\n2,y,6\n2,,7\n4,,8\n");
    let taken = "id,k,a,b\n1,x,p,5\n2,y,t,6\n";
    gives(&[LEFT, right], "join_mod", "{on: {id: key, k: kind}}", &[("output", taken)]);
    let full = "id,k,a,b\n1,x,p,5\n2,y,t,6\n2,x,q,-\n-,y,r,-\n4,-,s,-\n2,-,-,7\n4,-,-,8\n";
    gives(&[LEFT, right], "join_mod", "{on: {id: key, k: kind}, how: full}", &[("output", full)]);
}

#[test]
fn columns_may_be_chosen_and_made() {
    let configs =
        "{on: [id], how: left, columns: [{\"o'd\": upper(left.a) || right.a}, {b: right.b -- why}, {id: left.id}]}";
    let configs = configs.replace("right.b -- why", "\"right.b -- why\"");
    let rows = "o'd,b,id\nPA,5,1\nQB,6,2\nQC,7,2\nTB,6,2\nTC,7,2\n-,-,-\n-,-,4\n";
    gives(&[LEFT, RIGHT], "join_mod", &configs, &[("output", rows)]);
}

#[test]
fn columns_are_known_before_the_run_and_where_they_come_from() {
    let (names, sink) = columns(&[LEFT, RIGHT], "join_mod", "{on: [id], how: full}", "output");
    assert_eq!(names, ["id int64", "k string", "a string", "a_right string", "b int64"]);
    let from = |at: usize| sink["columns"][at]["from"].clone();
    assert_eq!(from(3), json!([{"node": "of_right", "column": "a", "how": "identity"}]));
    let both = json!([
        {"node": "of_left", "column": "id", "how": "transformation"},
        {"node": "of_right", "column": "id", "how": "transformation"}
    ]);
    assert_eq!(from(0), both);
    assert_eq!(sink["rows"][0]["how"], "join");
}

#[test]
fn what_cannot_be_joined_is_found_at_build() {
    let refuses = |configs: &str, place: &str, words: &str| {
        finds(&[LEFT, RIGHT], "join_mod", configs, &["output"], ("L012", place, words));
    };
    refuses("{on: []}", "on", "names no column");
    refuses("{how: left}", "", "names no column");
    refuses("{on: [id], how: cross}", "on", "a cross join has no `on`");
    refuses("{on: [id, id]}", "on", "`id` stands twice");
    refuses("{on: [id], suffix: ''}", "suffix", "`suffix` is empty");
    refuses("{on: [id], how: semi, columns: {a: left.a}}", "columns", "the columns of `left`");
    let finds_column = |configs: &str, place: &str, words: &str| {
        finds(&[LEFT, RIGHT], "join_mod", configs, &["output"], ("C001", place, words));
    };
    finds_column("{on: [idd]}", "on[0]", "did you mean `id`?");
    finds_column("{on: {id: keyy}}", "on.id", "there is no column `keyy`");
    finds_column("{on: [id], columns: {x: left.bb}}", "columns.x", "columns: `id`, `k`, `a`");
    finds_column("{on: [id], columns: {x: lft.b}}", "columns.x", "did you mean `left`?");
    finds(
        &[LEFT, RIGHT],
        "join_mod",
        "{on: [id], columns: {x: a}}",
        &["output"],
        ("C003", "columns.x", "`left.a` or `right.a`"),
    );
}
