//! Rows that become columns, columns that become rows, lists that become rows.

use super::{ODD, codes, finds_no_column, found, gives, refuses};

const SALES: &str = "shop,quarter,amount\nb,q1,1\na,q2,2\na,q1,3\na,q1,4\n,q2,5\nb,,6\n";

#[test]
fn declared_values_become_columns() {
    gives(
        SALES,
        &[("pivot_mod", "keys: [shop], on: quarter, values: {s: sum(amount)}, columns: [q2, q1, null, q9]")],
        &[("output", "shop,q2,q1,null,q9\n-,5,-,-,-\na,2,7,-,-\nb,-,1,6,-\n")],
    );
    gives(
        SALES,
        &[("pivot_mod", "on: quarter, values: [{s: sum(amount)}, {n: 'sum(amount) / count(*)'}], columns: [q1]")],
        &[("output", "q1_s,q1_n\n8,2.6666666666666665\n")],
    );
    gives(
        "k,y,v\na,2023,1\na,2024,2\n",
        &[("pivot_mod", "keys: [k], on: y, values: {v: max(v)}, columns: [2024, 2023]")],
        &[("output", "k,2024,2023\na,2,1\n")],
    );
}

#[test]
fn all_values_become_columns_where_none_are_declared() {
    gives(
        SALES,
        &[("pivot_mod", "keys: [shop], on: quarter, values: {s: sum(amount)}")],
        &[("output", "shop,q1,q2,null\n-,-,5,-\na,7,2,-\nb,1,-,6\n")],
    );
}

#[test]
fn pivots_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("keys: [k], on: k, values: {a: sum(v)}", &["`k` cannot both stay and become columns"][..]),
        ("keys: [k, k], on: n, values: {a: sum(v)}", &["`k` stands twice in `keys`"]),
        ("keys: [k], on: n, values: {}", &["`values` is empty"]),
        ("keys: [k], on: n, values: {a: sum(v)}, columns: []", &["`columns` is empty"]),
        ("keys: [k], on: n, values: {a: sum(v)}, columns: [1, 1]", &["`1` stands twice in `columns`"]),
        ("keys: [k], on: n, values: {a: sum(v)}, columns: [[1]]", &["`[1]` is no value of a column"]),
        ("keys: [k], on: n, values: {a: sum(v)}, columns: [k]", &["`k` is a column of `keys`"]),
    ] {
        refuses("pivot_mod", configs, words);
    }
}

#[test]
fn columns_of_pivots_are_known_before_the_run() {
    finds_no_column("pivot_mod", "keys: [nosuch], on: n, values: {a: sum(v)}, columns: [1]", "keys[0]");
    finds_no_column("pivot_mod", "keys: [k], on: nosuch, values: {a: sum(v)}, columns: [a]", "on");
    finds_no_column("pivot_mod", "keys: [k], on: n, values: {a: sum(nosuch)}, columns: [1]", "values.a");
    assert_eq!(found(ODD, "pivot_mod", "keys: [k], on: n, values: {a: sum(v)}"), []);
}

#[test]
fn columns_become_rows() {
    let rows = "id,a,b\n1,x,y\n2,,z\n";
    gives(
        rows,
        &[("unpivot_mod", "columns: [a, b]"), ("sort_mod", "by: [id, name]")],
        &[("output", "id,name,value\n1,a,x\n1,b,y\n2,a,-\n2,b,z\n")],
    );
    gives(
        rows,
        &[("unpivot_mod", "keep: [id], name_column: which, value_column: 'od\"d'"), ("sort_mod", "by: [id, which]")],
        &[("output", "id,which,\"od\"\"d\"\n1,a,x\n1,b,y\n2,a,-\n2,b,z\n")],
    );
    gives(
        rows,
        &[("unpivot_mod", "keep: [id], columns: [b]"), ("sort_mod", "by: [id]")],
        &[("output", "id,name,value\n1,b,y\n2,b,z\n")],
    );
}

#[test]
fn columns_that_cannot_become_rows_are_refused() {
    for (configs, words) in [
        ("", &["no column is named"][..]),
        ("columns: [k], keep: [k]", &["`k` is in both `columns` and `keep`"]),
        ("columns: [k, k]", &["`k` stands twice in `columns`"]),
        ("columns: [k], value_column: name", &["names and values would both be called `name`"]),
        ("columns: [k], keep: [id], name_column: id", &["`id` is a column of `keep`"]),
        ("columns: [k], name_column: ''", &["a column has an empty name"]),
    ] {
        refuses("unpivot_mod", configs, words);
    }
    finds_no_column("unpivot_mod", "columns: [nosuch]", "columns[0]");
}

const LISTS: &str = "id,t,x\n1,a;b,p\n2,,q\n3,\"\",r\n4, c ;c,s\n";

#[test]
fn items_of_texts_become_rows() {
    gives(
        LISTS,
        &[("explode_mod", "column: t, separator: ';'")],
        &[("output", "id,t,x\n1,a,p\n1,b,p\n2,-,q\n3,\"\",r\n4, c ,s\n4,c,s\n")],
    );
    gives(
        LISTS,
        &[("explode_mod", "column: t, separator: ';', trim: true, keep_empty: false")],
        &[("output", "id,t,x\n1,a,p\n1,b,p\n4,c,s\n4,c,s\n")],
    );
    gives("t\n", &[("explode_mod", "column: t, separator: ','")], &[("output", "t\n")]);
}

#[test]
fn items_of_lists_become_rows() {
    let list = ("derive_mod", "columns: {t: 'string_to_array(t, '';'')'}");
    gives(
        LISTS,
        &[list, ("explode_mod", "column: t")],
        &[("output", "id,t,x\n1,a,p\n1,b,p\n2,-,q\n3,\"\",r\n4, c ,s\n4,c,s\n")],
    );
    gives(
        LISTS,
        &[list, ("explode_mod", "column: t, keep_empty: false"), ("select_mod", "keep: [id]")],
        &[("output", "id\n1\n1\n3\n4\n4\n")],
    );
}

#[test]
fn what_has_no_items_is_refused() {
    refuses("explode_mod", "column: k, separator: ''", &["the separator is empty"]);
    refuses("explode_mod", "column: k, trim: true", &["only items of a text have blanks"]);
    finds_no_column("explode_mod", "column: nosuch, separator: ';'", "column");
    assert_eq!(codes(ODD, "explode_mod", "column: k"), ["C002"], "a text is no list");
}
