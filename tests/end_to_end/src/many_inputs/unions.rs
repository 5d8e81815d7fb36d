//! `union_mod`: by name and by place, of equal rows one, and where each came from.

use super::{columns, finds, found, gives, node, project};

const A: (&str, &str) = ("a", "x,y\n1,p\n2,\n1,p\n");
const B: (&str, &str) = ("b", "y,z\nq,1.5\n");
const C: (&str, &str) = ("c", "x,y\n1,p\n3,r\n");

#[test]
fn columns_find_each_other_by_name() {
    let all = "x,y,z\n1,p,-\n2,-,-\n1,p,-\n-,q,1.5\n1,p,-\n3,r,-\n";
    gives(&[A, B, C], "union_mod", "{}", &[("output", all)]);
    let distinct = "x,y,z\n1,p,-\n2,-,-\n-,q,1.5\n3,r,-\n";
    gives(&[A, B, C], "union_mod", "{distinct: true}", &[("output", distinct)]);
}

#[test]
fn columns_find_each_other_by_place() {
    let other = ("other", "n,t\n7,s\n1,p\n");
    gives(&[C, other], "union_mod", "{by: position}", &[("output", "x,y\n1,p\n3,r\n7,s\n1,p\n")]);
    // The first link says what the columns are called.
    gives(&[other, C], "union_mod", "{by: position, distinct: true}", &[("output", "n,t\n1,p\n3,r\n7,s\n")]);
}

#[test]
fn one_input_and_none_of_its_rows() {
    gives(&[A], "union_mod", "{distinct: true}", &[("output", "x,y\n1,p\n2,-\n")]);
    gives(&[A, ("none", "x\n")], "union_mod", "{}", &[("output", "x,y\n1,p\n2,-\n1,p\n")]);
}

#[test]
fn a_column_says_where_rows_come_from() {
    let all = "x,y,fr om,z\n1,p,a,-\n2,-,a,-\n1,p,a,-\n-,q,b,1.5\n";
    gives(&[A, B], "union_mod", "{source_column: fr om}", &[("output", all)]);
}

#[test]
fn columns_are_known_before_the_run() {
    let (names, sink) = columns(&[A, B], "union_mod", "{}", "output");
    assert_eq!(names, ["x int64", "y string", "z float64"]);
    assert_eq!(sink["columns"][1]["from"][0]["column"], "y", "{sink:#}");
}

#[test]
fn what_cannot_be_put_together_is_found_at_build() {
    finds(&[A], "union_mod", "{source_column: ''}", &["output"], ("L012", "source_column", "is empty"));
    let (project, body) =
        (project(&[A, ("one", "x\n1\n")]), node(&["a", "one"], "union_mod", "{by: position}", &["output"]));
    let found = found(&project, &body);
    let [(_, _, words)] = found.as_slice() else { panic!("{found:#?}") };
    assert!(words.contains("equal number of columns"), "{words}");
}
