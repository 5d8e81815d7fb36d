//! Columns worked out of the rows around each row.

use super::{ODD, codes, finds_no_column, gives, refuses};

const ROWS: &str = "id,k,v\n1,a,10\n2,a,30\n3,b,5\n4,a,30\n5,,1\n6,b,\n";

#[test]
fn rows_are_numbered_ranked_and_added_up_in_an_order() {
    let columns = "[{nr: row_number()}, {rank: rank()}, {dense: dense_rank()}, {sum: sum(v)}, {before: lag(id)}, {after: 'lead(id, 1)'}, {mean: avg(v)}, {top: first_value(id)}]";
    let order = "partition_by: [k], order_by: [{column: v, descending: true}]";
    let by_id = ("sort_mod", "by: [id]");
    gives(
        ROWS,
        &[("window_mod", &format!("{order}, columns: {columns}")), by_id],
        &[(
            "output",
            "id,k,v,nr,rank,dense,sum,before,after,mean,top\n1,a,10,3,3,2,70,4,-,23.333333333333332,2\n2,a,30,1,1,1,30,-,4,30.0,2\n3,b,5,1,1,1,5,-,6,5.0,3\n4,a,30,2,1,1,60,2,1,30.0,2\n5,-,1,1,1,1,1,-,-,1.0,5\n6,b,-,2,2,2,5,3,-,5.0,3\n",
        )],
    );
}

#[test]
fn orders_have_directions_and_places_of_null() {
    let order = "order_by: [{column: v, nulls: first}, {column: id, descending: true}]";
    gives(
        ROWS,
        &[("window_mod", &format!("{order}, columns: {{nr: row_number()}}"))],
        &[("output", "id,k,v,nr\n6,b,-,1\n5,-,1,2\n3,b,5,3\n1,a,10,4\n4,a,30,5\n2,a,30,6\n")],
    );
}

#[test]
fn without_an_order_a_window_is_seen_as_a_whole() {
    gives(
        ROWS,
        &[(
            "window_mod",
            "partition_by: [k], columns: [{of: sum(v)}, {n: count(*)}, {share: 'v / sum(v) OVER (PARTITION BY k)'}]",
        )],
        &[(
            "output",
            "id,k,v,of,n,share\n1,a,10,70,3,0.14285714285714285\n2,a,30,70,3,0.42857142857142855\n3,b,5,5,2,1.0\n4,a,30,70,3,0.42857142857142855\n5,-,1,1,1,1.0\n6,b,-,5,2,-\n",
        )],
    );
    gives("id,k\n", &[("window_mod", "columns: {n: count(*)}")], &[("output", "id,k,n\n")]);
}

#[test]
fn windows_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("columns: {}", &["`columns` is empty"][..]),
        ("columns: {n: v + 1}", &["it is not one window function", "configs.columns.n"]),
        ("columns: {n: rank()}", &["`rank` has no meaning without an order", "`order_by`"]),
        ("order_by: [id], columns: {n: median(v)}", &["`median` cannot be worked out row by row"]),
        ("partition_by: [k, k], columns: {n: count(*)}", &["`k` stands twice in `partition_by`"]),
    ] {
        refuses("window_mod", configs, words);
    }
}

#[test]
fn columns_of_windows_are_known_before_the_run() {
    finds_no_column("window_mod", "partition_by: [nosuch], columns: {n: count(*)}", "partition_by[0]");
    finds_no_column("window_mod", "order_by: [nosuch], columns: {n: row_number()}", "order_by[0]");
    finds_no_column("window_mod", "columns: {n: sum(nosuch)}", "columns.n");
    assert_eq!(codes(ODD, "window_mod", "order_by: [id], columns: {k: row_number()}"), ["C004"]);
}
