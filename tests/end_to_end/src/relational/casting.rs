//! Columns made of other types, and what becomes of values that are none of theirs.

use super::{ODD, codes, fails, found, gives, refuses};

/// Each type with texts that are some, and texts that are not.
const TEXTS: &str =
    "id,t\n1,1\n2,1.5\n3,x\n4,\n5,2024-02-29\n6,2023-02-29\n7,2024-02-29 10:05:00\n8,10:05:00\n9,yes\n10,\"\"\n";

#[track_caller]
fn parted(data_type: &str, good: &str, bad: &[&str]) {
    let head = "id,t,reject_column,reject_reason\n".to_owned();
    let reject = bad.iter().fold(head, |text, row| {
        let (id, value) = row.split_once(' ').unwrap();
        let shown = if value.is_empty() { "\"\"" } else { value };
        let reason = format!("`t` is no {data_type}: {value}");
        let reason = if reason.contains(',') { format!("\"{reason}\"") } else { reason };
        format!("{text}{id},{shown},t,{reason}\n")
    });
    let good = format!("id,t\n{good}");
    gives(TEXTS, &[("cast_mod", &format!("columns: {{t: '{data_type}'}}"))], &[("output", &good), ("reject", &reject)]);
}

#[test]
fn what_is_of_its_type_goes_on_and_the_rest_is_rejected() {
    let of_no_number = ["3 x", "5 2024-02-29", "6 2023-02-29", "7 2024-02-29 10:05:00", "8 10:05:00", "9 yes", "10 "];
    parted("float", "1,1.0\n2,1.5\n4,-\n", &of_no_number);
    parted("int", "1,1\n4,-\n", &[&["2 1.5"], &of_no_number[..]].concat());
    parted("decimal(6,2)", "1,1.00\n2,1.50\n4,-\n", &of_no_number);
    parted(
        "bool",
        "1,true\n4,-\n9,true\n",
        &["2 1.5", "3 x", "5 2024-02-29", "6 2023-02-29", "7 2024-02-29 10:05:00", "8 10:05:00", "10 "],
    );
    parted(
        "date",
        "4,-\n5,2024-02-29\n",
        &["1 1", "2 1.5", "3 x", "6 2023-02-29", "7 2024-02-29 10:05:00", "8 10:05:00", "9 yes", "10 "],
    );
    parted(
        "datetime",
        "4,-\n5,2024-02-29T00:00:00.000000\n7,2024-02-29T10:05:00.000000\n",
        &["1 1", "2 1.5", "3 x", "6 2023-02-29", "8 10:05:00", "9 yes", "10 "],
    );
    parted(
        "time",
        "4,-\n8,10:05:00.000000000\n",
        &["1 1", "2 1.5", "3 x", "5 2024-02-29", "6 2023-02-29", "7 2024-02-29 10:05:00", "9 yes", "10 "],
    );
}

#[test]
fn what_is_not_becomes_null_where_that_is_said() {
    let expected = "id,t\n1,1\n2,-\n3,-\n4,-\n5,-\n6,-\n7,-\n8,-\n9,-\n10,-\n";
    gives(
        TEXTS,
        &[("cast_mod", "columns: {t: int}, on_error: null")],
        &[("output", expected), ("reject", "id,t,reject_column,reject_reason\n")],
    );
}

#[test]
fn empty_texts_are_null_where_that_is_said() {
    let rows = "id,t\n1,\"\"\n2,3\n3,x\n";
    gives(
        rows,
        &[("cast_mod", "columns: {t: int}, empty_is_null: true")],
        &[("output", "id,t\n1,-\n2,3\n"), ("reject", "id,t,reject_column,reject_reason\n3,x,t,`t` is no int: x\n")],
    );
}

#[test]
fn forms_of_dates_are_read() {
    let rows = "id,d\n1,29/02/2024\n2,30/02/2024\n3,1/3/2024\n4,2024-02-29\n5,29/02/2024 x\n";
    gives(
        rows,
        &[("cast_mod", "columns: {d: {type: date, format: '%d/%m/%Y'}}, on_error: null")],
        &[("output", "id,d\n1,2024-02-29\n2,-\n3,2024-03-01\n4,-\n5,-\n")],
    );
    let rows = "id,d\n1,Feb 29 24 at 7.05\n2,feb 29 99 at 23.59\n3,Foo 29 24 at 7.05\n";
    gives(
        rows,
        &[("cast_mod", "columns: {d: {type: datetime, format: '%b %d %y at %H.%M'}}, on_error: null")],
        &[("output", "id,d\n1,2024-02-29T07:05:00.000000\n2,-\n3,-\n")],
    );
    gives(
        "d\n07h05\n25h00\n",
        &[("cast_mod", "columns: {d: {type: time, format: '%Hh%M'}}, on_error: null")],
        &[("output", "d\n07:05:00.000000000\n-\n")],
    );
}

#[test]
fn all_that_is_wrong_with_a_row_is_told() {
    let rows = "id,a,\"b c\"\n1,x,y\n2,1,z\n3,2,3\n";
    gives(
        rows,
        &[("cast_mod", "columns: {a: int, b c: float, id: string}")],
        &[
            ("output", "id,a,b c\n3,2,3.0\n"),
            (
                "reject",
                "id,a,b c,reject_column,reject_reason\n1,x,y,\"a, b c\",`a` is no int: x; `b c` is no float: y\n2,1,z,b c,`b c` is no float: z\n",
            ),
        ],
    );
}

#[test]
fn other_types_than_texts_are_cast_too() {
    let nodes = [("select_mod", "keep: [id, v, n]"), ("cast_mod", "columns: {v: int, n: string, id: 'decimal(5,1)'}")];
    gives(
        ODD,
        &nodes,
        &[
            ("output", "id,v,n\n1.0,1,10\n2.0,-,20\n4.0,4,-\n5.0,5,50\n"),
            ("reject", "id,v,n,reject_column,reject_reason\n3,NaN,30,v,`v` is no int: NaN\n"),
        ],
    );
}

#[test]
fn a_run_fails_where_bad_rows_have_no_way() {
    let nodes = |on_error: &'static str| [("cast_mod", on_error)];
    fails(TEXTS, &nodes("columns: {t: int}, on_error: fail"), &["column 't'", "1.5"]);
    fails(TEXTS, &nodes("columns: {t: date}, on_error: fail"), &["`t` is no date", "1.5"]);
    // Nobody reads the port `reject`.
    fails(TEXTS, &nodes("columns: {t: int}"), &["`t` is no int", "1.5"]);
}

#[test]
fn types_that_are_none_are_refused() {
    for (configs, words) in [
        ("columns: {}", &["no column is given another type"][..]),
        ("columns: {v: number}", &["`number` is no type", "`decimal(12,2)`", "configs.columns.v"]),
        ("columns: {v: 'decimal(2,3)'}", &["`decimal(2,3)` is no type"]),
        (
            "columns: {v: {type: int, format: '%Y'}}",
            &["only a date, a datetime or a time has a format", "configs.columns.v.format"],
        ),
        ("columns: {v: {type: date, format: '%Q'}}", &["`%Q`", "there are `%Y` year"]),
        ("columns: {v: {type: date, format: '%m/%Y'}}", &["`%m/%Y` has no `%d`"]),
        ("columns: {v: int}, on_error: skip", &["configs.on_error"]),
    ] {
        refuses("cast_mod", configs, words);
    }
}

#[test]
fn a_column_that_is_not_there_is_found() {
    assert_eq!(codes(ODD, "cast_mod", "columns: {nosuch: int}"), ["C001"]);
    assert_eq!(found(ODD, "cast_mod", "columns: {k: int, v: string}"), []);
}
