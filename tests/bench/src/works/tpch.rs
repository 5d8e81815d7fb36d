//! The 22 queries of TPC-H, each a flow of its own over Parquet files: the flow's text, and the columns of its ORDER BY.

use super::plan::{Plan, Wanted};
use super::setting::Setting;
use crate::Result;
use crate::contenders::Kind;
use crate::data::tables;
use crate::hand::Program;
use crate::outputs::Key;
use crate::race::Race;

/// A query.
struct Query {
    name: &'static str,
    flow: &'static str,
    order: &'static [Key],
}

const fn query(name: &'static str, flow: &'static str, order: &'static [Key]) -> Query {
    Query { name, flow, order }
}

const fn up(column: &'static str) -> Key {
    Key { column, descending: false }
}

const fn down(column: &'static str) -> Key {
    Key { column, descending: true }
}

const QUERIES: [Query; 22] = [
    query("q01", include_str!("../../tpch/q01.yaml"), &[up("l_returnflag"), up("l_linestatus")]),
    query(
        "q02",
        include_str!("../../tpch/q02.yaml"),
        &[down("s_acctbal"), up("n_name"), up("s_name"), up("p_partkey")],
    ),
    query("q03", include_str!("../../tpch/q03.yaml"), &[down("revenue"), up("o_orderdate")]),
    query("q04", include_str!("../../tpch/q04.yaml"), &[up("o_orderpriority")]),
    query("q05", include_str!("../../tpch/q05.yaml"), &[down("revenue")]),
    query("q06", include_str!("../../tpch/q06.yaml"), &[]),
    query("q07", include_str!("../../tpch/q07.yaml"), &[up("supp_nation"), up("cust_nation"), up("l_year")]),
    query("q08", include_str!("../../tpch/q08.yaml"), &[up("o_year")]),
    query("q09", include_str!("../../tpch/q09.yaml"), &[up("nation"), down("o_year")]),
    query("q10", include_str!("../../tpch/q10.yaml"), &[down("revenue")]),
    query("q11", include_str!("../../tpch/q11.yaml"), &[down("value")]),
    query("q12", include_str!("../../tpch/q12.yaml"), &[up("l_shipmode")]),
    query("q13", include_str!("../../tpch/q13.yaml"), &[down("custdist"), down("c_count")]),
    query("q14", include_str!("../../tpch/q14.yaml"), &[]),
    query("q15", include_str!("../../tpch/q15.yaml"), &[up("s_suppkey")]),
    query(
        "q16",
        include_str!("../../tpch/q16.yaml"),
        &[down("supplier_cnt"), up("p_brand"), up("p_type"), up("p_size")],
    ),
    query("q17", include_str!("../../tpch/q17.yaml"), &[]),
    query("q18", include_str!("../../tpch/q18.yaml"), &[down("o_totalprice"), up("o_orderdate")]),
    query("q19", include_str!("../../tpch/q19.yaml"), &[]),
    query("q20", include_str!("../../tpch/q20.yaml"), &[up("s_name")]),
    query("q21", include_str!("../../tpch/q21.yaml"), &[down("numwait"), up("s_name")]),
    query("q22", include_str!("../../tpch/q22.yaml"), &[up("cntrycode")]),
];

/// The part of all stock that query 11 asks for with scale factor 1; with others it is smaller by that factor.
const FRACTION: (&str, f64) = (" * 0.0001 ", 0.0001);

/// The queries.
pub fn races(setting: &Setting) -> Result<Vec<Race>> {
    let scale = setting.sizes.scale;
    let folder = tables::prepare(&setting.work, scale)?;
    setting.link("tables", &folder)?;
    let races = QUERIES.iter().map(|query| {
        let flow = query.flow.replace(FRACTION.0, &format!(" * {:.10} ", FRACTION.1 / scale));
        let sql = select(&flow).ok_or_else(|| format!("{} has no query", query.name))?;
        let plan = Plan {
            name: query.name,
            about: flow.lines().next().unwrap_or_default().trim_start_matches("# ").to_owned(),
            reference: Kind::Duckdb,
            rows: None,
            environment: Vec::new(),
            hand: Program::Tpch,
            scripts: vec![
                (Kind::Wheel, include_str!("../../python/tpch_wheel.py")),
                (Kind::Duckdb, include_str!("../../python/tpch_duckdb.py")),
            ],
            words: vec![folder.clone().into(), sql.into()],
            outputs: vec![Wanted { file: "answer.parquet", order: query.order, whole: true }],
            flow,
        };
        Ok(plan.race(setting))
    });
    races.collect()
}

/// The text of the flow's query: all lines below `query: |` that stand further in.
fn select(flow: &str) -> Option<String> {
    let (_, below) = flow.split_once("      query: |\n")?;
    let lines: Vec<&str> = below.lines().map_while(|line| line.strip_prefix("        ")).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_flow_has_its_name_its_query_and_its_tables() {
        for (at, query) in QUERIES.iter().enumerate() {
            assert_eq!(query.name, format!("q{:02}", at + 1));
            assert!(query.flow.contains(&format!("flow: {{name: {},", query.name)), "{}", query.name);
            let sql = select(query.flow).unwrap();
            assert!(sql.starts_with("SELECT") || sql.starts_with("WITH"), "{sql}");
            let words: Vec<&str> = sql.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
            for table in tables::TABLES {
                let linked = query.flow.contains(&format!("\"{table}.data - query.{table}\""));
                assert_eq!(linked, words.contains(&table), "{}: {table}", query.name);
            }
            assert_eq!(query.order.is_empty(), !sql.contains("ORDER BY"), "{}", query.name);
        }
    }

    #[test]
    fn query_11_has_the_part_to_replace() {
        assert_eq!(QUERIES.iter().filter(|query| query.flow.contains(FRACTION.0)).count(), 1);
    }
}
