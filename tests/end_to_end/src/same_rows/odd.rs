//! Rows with all that rows may have, through everything that looks at values: what a file of a table says of its rows
//! (least and largest values, counts of NULL) must not lead a filter, a sort or a join to other rows than memory does.

use super::ways::{Order, Subject};
use crate::support::Project;
use crate::support::run::flow;
use std::fmt::Write;

const ROWS: &str = r#"id,f,g,n,t,b,d,ts,tm
1,1.5,1,10,a,true,2024-02-29,2024-02-29T12:30:00.000001,12:30:00
2,-0.0,NaN,-10,"",false,1969-12-31,1969-12-31T23:59:59.999999,00:00:00
3,0.0,2,9223372036854775807,"a, ""b""",,1970-01-01,1970-01-01T00:00:00.000000,23:59:59
4,NaN,NaN,-9223372036854775808,NULL,true,0001-01-01,0001-01-01T00:00:00.000000,00:00:01
5,inf,3,0,ünï,true,9999-12-31,9999-12-31T23:59:59.999999,12:00:00
6,-inf,,1,a,false,2024-02-29,2024-02-29T12:30:00.000001,12:30:00
7,,,,,,,,
8,NaN,1,,a,true,2000-01-01,2000-01-01T00:00:00.000000,01:00:00
9,1e300,5e-324,7," blank ",false,2024-02-28,2024-02-29T12:29:59.999999,12:30:01
10,-1e300,-0.0,7,b,true,2024-03-01,2024-03-01T00:00:00.000000,12:30:00
"#;

const COLUMNS: &str = "{name: id, type: int}, {name: f, type: float}, {name: g, type: float}, {name: n, type: int}, \
                       {name: t, type: string}, {name: b, type: bool}, {name: d, type: date}, {name: ts, type: datetime}, \
                       {name: tm, type: time}";

/// Columns by which rows are sorted, grouped and joined.
const KEYS: [&str; 8] = ["f", "g", "n", "t", "b", "d", "ts", "tm"];

/// A module that runs lies between what reads the rows and what works on them: rows come to this in a stream or a table.
const PASS: (&str, &str) = ("log_rows_mod", "rows: 0");

/// Nodes one behind the other.
type Chain<'a> = Vec<(&'a str, String)>;

fn node(module: &'static str, configs: impl Into<String>) -> (&'static str, String) {
    (module, configs.into())
}

/// Rows of a source through each chain into files of its own. With one chain they come in a stream, with several in a table.
fn through(source: &str, chains: &[Chain<'_>], formats: &[&str]) -> String {
    let mut modules = format!("modules:\n  - {{id: src, {source}}}\n");
    writeln!(modules, "  - {{id: pass, name: {}, configs: {{{}}}}}", PASS.0, PASS.1).unwrap();
    let mut links = vec!["src.data - pass.input".to_owned()];
    for (at, chain) in chains.iter().enumerate() {
        let mut before = "pass.output".to_owned();
        for (step, (module, configs)) in chain.iter().enumerate() {
            let id = format!("n{at}_{step}");
            writeln!(modules, "  - {{id: {id}, name: {module}, configs: {{{configs}}}}}").unwrap();
            links.push(format!("{before} - {id}.input"));
            before = format!("{id}.output");
        }
        for format in formats {
            writeln!(
                modules,
                "  - {{id: {format}{at}, name: {format}_sink, configs: {{output_path: out/{at}.{format}}}}}"
            )
            .unwrap();
            links.push(format!("{before} - {format}{at}.input"));
        }
    }
    flow("odd", &format!("{modules}connections: {{data: [{}]}}\n", links.join(", ")))
}

#[track_caller]
fn is_the_same(name: &str, chains: &[Chain<'_>], formats: &[&str]) {
    let inputs = |project: &Project| project.write("in.csv", ROWS);
    let source = format!("name: csv_source, configs: {{file_path: in.csv, columns: [{COLUMNS}]}}");
    let flow = through(&source, chains, formats);
    Subject { name, flow: &flow, inputs: &inputs, args: &[], order: Order::Given }.is_the_same_in_every_way();
}

const BOTH: [&str; 2] = ["csv", "parquet"];

#[test]
fn filters_find_the_same_rows() {
    let conditions = [
        "f > 1",
        "f >= 1.5",
        "f < 1",
        "f <= 0",
        "f = 0",
        "f <> 0",
        "f <> 1.5",
        "NOT f > 1",
        "f IS NULL",
        "f IS NOT NULL",
        "f BETWEEN -1 AND 2",
        "g > 0",
        "g = f",
        "f + g > 1",
        "n > 0",
        "n = 7",
        "n <> 7",
        "t = 'a'",
        "t > 'a'",
        "t LIKE 'a%'",
        "b",
        "NOT b",
        "d > DATE '2024-02-28'",
        "d = DATE '0001-01-01'",
        "ts >= TIMESTAMP '2024-02-29 12:30:00'",
        "f > 1 OR t = ''",
        "f > 5 AND n > 0",
    ];
    let chains: Vec<Chain<'_>> =
        conditions.iter().map(|condition| vec![node("filter_mod", format!("condition: \"{condition}\""))]).collect();
    is_the_same("filters", &chains, &BOTH);
    for chain in chains.into_iter().take(2) {
        is_the_same("a filter", &[chain], &BOTH);
    }
}

#[test]
fn sorts_groups_and_windows_too() {
    let sort = |key: &str| node("sort_mod", format!("by: [{key}]"));
    let chains: Vec<Chain<'_>> = KEYS
        .iter()
        .flat_map(|key| {
            let values = "c: count(*), s: sum(n), mi: min(g), ma: max(g), av: avg(g), mt: max(t), md: min(d), di: count(DISTINCT f)";
            let first = format!("keys: [{key}], keep: first, order_by: [id]");
            let window = format!(
                "partition_by: [{key}], order_by: [id], columns: [{{number: row_number()}}, {{sum: sum(g)}}, {{before: lag(f)}}]"
            );
            let ids = format!("keys: [{key}], columns: [id], separator: ';', order_by: [id]");
            [
                vec![sort(&format!("{key}, id"))],
                vec![sort(&format!("{{column: {key}, descending: true, nulls: last}}, id"))],
                vec![node("aggregate_mod", format!("group_by: [{key}], aggregates: {{{values}}}")), sort(key)],
                vec![node("unique_mod", first), sort("id")],
                vec![node("window_mod", window), sort("id")],
                vec![node("implode_mod", ids), sort(key)],
            ]
        })
        .collect();
    is_the_same("keys", &chains, &BOTH);
}

#[test]
fn columns_keep_their_types() {
    let pass = || node(PASS.0, PASS.1);
    let cast = |columns: &str| node("cast_mod", format!("on_error: null, columns: {{{columns}}}"));
    let derive = |columns: &str| node("derive_mod", format!("columns: {{{columns}}}"));
    let sort = || node("sort_mod", "by: [id]");
    let lists = || node("implode_mod", "keys: [b], columns: [id, f, t, d, ts, tm, n], order_by: [id]");
    let chains: Vec<Chain<'_>> = vec![
        vec![cast("n: int8, f: float32, g: int16, t: uint8, id: uint64"), pass(), sort()],
        vec![cast("n: int32, f: 'decimal(38,10)', g: string, t: bool, id: int8"), pass(), sort()],
        vec![cast("n: uint16, f: 'decimal(5,2)', g: 'decimal(9,0)', b: string, id: uint32"), pass(), sort()],
        vec![cast("f: float32, n: int8"), derive("x: f + g, y: n + 1, z: n * 2.5"), pass(), sort()],
        vec![
            cast("id: 'decimal(9,2)'"),
            derive("x: id * id, y: id + 1"),
            pass(),
            node("filter_mod", "condition: id > 3.5"),
        ],
        vec![
            derive("x: \"ts - TIMESTAMP '2000-01-01 00:00:00'\""),
            pass(),
            node("filter_mod", "condition: \"x > INTERVAL '1 day'\""),
        ],
        vec![derive("x: \"d - DATE '2000-01-01'\""), pass(), sort()],
        vec![lists(), pass(), node("sort_mod", "by: [b]")],
        vec![lists(), pass(), node("explode_mod", "column: f"), node("sort_mod", "by: [b]")],
        vec![lists(), node("implode_mod", "keys: [], columns: [f, t, id], order_by: [b]"), pass()],
    ];
    // CSV has no place for lists and durations.
    is_the_same("types", &chains, &["parquet"]);
    for chain in chains.into_iter().skip(3) {
        is_the_same("a type", &[chain], &["parquet"]);
    }
}

#[test]
fn many_batches_stay_in_their_order() {
    let source = "name: generate_source, configs: {rows: 150000, seed: 3, columns: [{name: id, kind: sequence}, \
                  {name: k, kind: int, max: 500}, {name: f, kind: float, min: -5, max: 5, nulls: 0.1}, \
                  {name: t, kind: choice, values: [a, bb, ''], nulls: 0.1}, {name: b, kind: bool, nulls: 0.2}]}";
    let chains: Vec<Chain<'_>> = vec![
        vec![node("filter_mod", "condition: f > 0")],
        // Equal rows stay in the order in which they come.
        vec![node("sort_mod", "by: [t, {column: b, descending: true}]")],
        vec![node("sample_mod", "every: 7")],
        vec![node("sample_mod", "rows: 1000")],
        vec![node("unique_mod", "keys: [k], keep: first, order_by: [id]"), node("sort_mod", "by: [id]")],
        vec![node(
            "window_mod",
            "partition_by: [k], order_by: [id], columns: [{number: row_number()}, {sum: sum(id)}]",
        )],
        vec![
            node("aggregate_mod", "group_by: [k], aggregates: {c: count(*), s: sum(id), least: min(f), last: max(t)}"),
            node("sort_mod", "by: [k]"),
        ],
    ];
    let together = std::iter::once(chains.as_slice());
    for chains in together.chain(chains.iter().take(2).map(std::slice::from_ref)) {
        let flow = through(source, chains, &["csv"]);
        let nothing = |_: &Project| ();
        Subject { name: "many", flow: &flow, inputs: &nothing, args: &[], order: Order::Given }
            .is_the_same_in_every_way();
    }
}

/// Polars takes the type of a quotient for that of its first operand; what comes is wider.
#[test]
fn decimals_can_be_divided() {
    let quotient = vec![node("cast_mod", "columns: {id: 'decimal(9,2)'}"), node("derive_mod", "columns: {x: id / 3}")];
    is_the_same("a quotient", &[quotient], &["parquet"]);
}

/// Each decimal is one of 128 bits.
#[test]
fn decimals_can_be_keys() {
    let groups = vec![
        node("cast_mod", "columns: {id: 'decimal(9,2)'}"),
        node("aggregate_mod", "group_by: [id], aggregates: {c: count(*)}"),
        node("sort_mod", "by: [id]"),
    ];
    is_the_same("groups of decimals", &[groups], &BOTH);
}

/// A column of no type, as long as nothing gives it one.
#[test]
fn a_column_may_have_nothing_but_null() {
    is_the_same("nothing", &[vec![node("derive_mod", "columns: {x: \"NULL\"}"), node("sort_mod", "by: [id]")]], &BOTH);
}

/// The engine's own heap for the first rows does not know them.
#[test]
fn the_largest_decimals_are_found() {
    let largest = vec![
        node("cast_mod", "columns: {id: 'decimal(9,2)'}"),
        node("sql_mod", "query: \"SELECT id, f FROM input ORDER BY id DESC LIMIT 3\""),
    ];
    is_the_same("the largest", &[largest], &BOTH);
}
