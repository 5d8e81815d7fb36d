//! Small tables for the flows of the benchmarks: those of TPC-H, drawn so that each query finds some rows, and the large
//! files of text, a thousand rows of them. The benchmarks' own come from a generator that has to be fetched.

use crate::support::Project;
use std::fmt::Write;

/// Number of orders; all other tables follow from it.
const ORDERS: u64 = 1500;

/// Columns that are drawn, and what becomes of them in a query: `(table, rows, columns, SELECT)`.
const TABLES: [(&str, u64, &str, &str); 6] = [
    (
        "supplier",
        50,
        "{name: n, kind: sequence, min: 1}, {name: cents, kind: int, min: -99999, max: 999999}, {name: word, kind: choice, values: [fast, Customer of many Complaints, blithely]}",
        "SELECT n AS s_suppkey, 'Supplier#' || CAST(n AS VARCHAR) AS s_name, 'street ' || CAST(n AS VARCHAR) AS s_address,
         n % 25 AS s_nationkey, CAST(10 + n % 25 AS VARCHAR) || '-555' AS s_phone, CAST(cents / 100.0 AS DECIMAL(15, 2)) AS s_acctbal, word AS s_comment",
    ),
    (
        "customer",
        150,
        "{name: n, kind: sequence, min: 1}, {name: cents, kind: int, min: -99999, max: 999999}, {name: segment, kind: choice, values: [BUILDING, AUTOMOBILE, MACHINERY]}",
        "SELECT n AS c_custkey, 'Customer#' || CAST(n AS VARCHAR) AS c_name, 'road ' || CAST(n AS VARCHAR) AS c_address,
         n % 25 AS c_nationkey, CAST(10 + n % 25 AS VARCHAR) || '-555' AS c_phone, CAST(cents / 100.0 AS DECIMAL(15, 2)) AS c_acctbal, segment AS c_mktsegment, 'said ' || segment AS c_comment",
    ),
    (
        "part",
        200,
        "{name: n, kind: sequence, min: 1}, {name: color, kind: choice, values: [forest green, red, light green]}, {name: brand, kind: choice, values: ['Brand#12', 'Brand#23', 'Brand#34', 'Brand#45']}, {name: type, kind: choice, values: [ECONOMY ANODIZED STEEL, PROMO PLATED TIN, LARGE BURNISHED BRASS, MEDIUM POLISHED COPPER]}, {name: size, kind: choice, values: ['15', '3', '9', '14', '1']}, {name: box, kind: choice, values: [SM CASE, MED BOX, LG PACK]}",
        "SELECT n AS p_partkey, color AS p_name, 'Manufacturer#1' AS p_mfgr, brand AS p_brand, type AS p_type, CAST(size AS INTEGER) AS p_size, box AS p_container",
    ),
    (
        "partsupp",
        800,
        "{name: n, kind: sequence}, {name: cents, kind: int, min: 100, max: 99999}, {name: many, kind: int, min: 1, max: 9999}",
        "SELECT CAST(n % 200 AS BIGINT) + 1 AS ps_partkey, (n * 7) % 50 + 1 AS ps_suppkey, CAST(many AS INTEGER) AS ps_availqty, CAST(cents / 100.0 AS DECIMAL(15, 2)) AS ps_supplycost",
    ),
    (
        "orders",
        ORDERS,
        "{name: n, kind: sequence, min: 1}, {name: customer, kind: int, min: 1, max: 100}, {name: status, kind: choice, values: [F, O, P]}, {name: cents, kind: int, min: 100000, max: 50000000}, {name: day, kind: date, min: 8036, max: 10440}, {name: priority, kind: choice, values: [1-URGENT, 2-HIGH, 3-MEDIUM]}, {name: word, kind: choice, values: [pending, special packages requests, deposits]}",
        "SELECT n AS o_orderkey, customer AS o_custkey, status AS o_orderstatus, CAST(cents / 100.0 AS DECIMAL(15, 2)) AS o_totalprice, day AS o_orderdate, priority AS o_orderpriority, CAST(0 AS INTEGER) AS o_shippriority, word AS o_comment",
    ),
    (
        "lineitem",
        ORDERS * 4,
        "{name: n, kind: sequence}, {name: m, kind: int, min: 0, max: 799}, {name: many, kind: int, min: 1, max: 100}, {name: cents, kind: int, min: 90000, max: 9999999}, {name: off, kind: int, max: 10}, {name: tax, kind: int, max: 8}, {name: flag, kind: choice, values: [R, A, N]}, {name: status, kind: choice, values: [O, F]}, {name: ship, kind: date, min: 8037, max: 10560}, {name: commit, kind: date, min: 8037, max: 10560}, {name: receipt, kind: date, min: 8037, max: 10560}, {name: how, kind: choice, values: [DELIVER IN PERSON, NONE]}, {name: mode, kind: choice, values: [AIR, MAIL, SHIP]}",
        "SELECT n % 1500 + 1 AS l_orderkey, m % 200 + 1 AS l_partkey, (m * 7) % 50 + 1 AS l_suppkey, CAST(many AS DECIMAL(15, 2)) AS l_quantity, CAST(cents / 100.0 AS DECIMAL(15, 2)) AS l_extendedprice, CAST(off / 100.0 AS DECIMAL(15, 2)) AS l_discount, CAST(tax / 100.0 AS DECIMAL(15, 2)) AS l_tax, flag AS l_returnflag, status AS l_linestatus, ship AS l_shipdate, commit AS l_commitdate, receipt AS l_receiptdate, how AS l_shipinstruct, mode AS l_shipmode",
    ),
];

/// By their numbers; the second number is the region.
const NATIONS: [(&str, u32); 25] = [
    ("ALGERIA", 0),
    ("ARGENTINA", 1),
    ("BRAZIL", 1),
    ("CANADA", 1),
    ("EGYPT", 4),
    ("ETHIOPIA", 0),
    ("FRANCE", 3),
    ("GERMANY", 3),
    ("INDIA", 2),
    ("INDONESIA", 2),
    ("IRAN", 4),
    ("IRAQ", 4),
    ("JAPAN", 2),
    ("JORDAN", 4),
    ("KENYA", 0),
    ("MOROCCO", 0),
    ("MOZAMBIQUE", 0),
    ("PERU", 1),
    ("CHINA", 2),
    ("ROMANIA", 3),
    ("SAUDI ARABIA", 4),
    ("VIETNAM", 2),
    ("RUSSIA", 3),
    ("UNITED KINGDOM", 3),
    ("UNITED STATES", 1),
];
const REGIONS: [&str; 5] = ["AFRICA", "AMERICA", "ASIA", "EUROPE", "MIDDLE EAST"];

/// A project with the tables of TPC-H in `in/tables/`.
pub(super) fn tpch() -> Project {
    let (mut modules, mut links) = ("modules:\n".to_owned(), Vec::new());
    let mut node = |table: &str, source: &str, select: &str| {
        write!(modules, "  - {{id: {table}, {source}}}\n  - id: {table}_typed\n    name: sql_mod\n    configs:\n")
            .unwrap();
        writeln!(modules, "      query: |\n        {}\n        FROM rows", select.replace('\n', " ")).unwrap();
        writeln!(
            modules,
            "  - {{id: {table}_file, name: parquet_sink, configs: {{output_path: in/tables/{table}.parquet}}}}"
        )
        .unwrap();
        links.push(format!("{table}.data - {table}_typed.rows, {table}_typed.output - {table}_file.input"));
    };
    for (seed, (table, rows, columns, select)) in TABLES.iter().enumerate() {
        let source = format!("name: generate_source, configs: {{rows: {rows}, seed: {seed}, columns: [{columns}]}}");
        node(table, &source, select);
    }
    let inline = |columns: &str, rows: Vec<String>| {
        format!("name: inline_source, configs: {{columns: [{columns}], rows: [{}]}}", rows.join(", "))
    };
    let nations = NATIONS.iter().enumerate().map(|(at, (name, region))| format!("[{at}, {name}, {region}]")).collect();
    let columns = "{name: key, type: int}, {name: name, type: string}, {name: region, type: int}";
    node("nation", &inline(columns, nations), "SELECT key AS n_nationkey, name AS n_name, region AS n_regionkey");
    let regions = REGIONS.iter().enumerate().map(|(at, name)| format!("[{at}, {name}]")).collect();
    let columns = "{name: key, type: int}, {name: name, type: string}";
    node("region", &inline(columns, regions), "SELECT key AS r_regionkey, name AS r_name");
    let project = Project::new();
    project.run_flow("tables", &format!("{modules}connections: {{data: [{}]}}\n", links.join(", ")));
    project
}

/// A project with the files that the other flows of the benchmarks read.
pub(super) fn texts() -> Project {
    const HEADER: &str = "id,name,age,city,amount,date,flag,comment,score\n";
    let row = |id: u32| {
        let (age, city) = (id * 37 % 100, ["Athens", "Berlin", "Zürich"][id as usize % 3]);
        let (amount, date) = (id * 7919 % 100_000, format!("20{}-0{}-1{}", 15 + id % 10, 1 + id % 9, id % 10));
        let comment =
            if id.is_multiple_of(4) { format!("\"amber, {}\"", id % 90) } else { format!("basalt {}", id % 90) };
        format!(
            "{id},Ada,{age},{city},{amount}.{},{date},{},{comment},0.{}\n",
            id % 2 * 5,
            id.is_multiple_of(2),
            25 * (id % 4)
        )
    };
    let rows = |ids: std::ops::Range<u32>| HEADER.to_owned() + &ids.map(row).collect::<String>();
    let project = Project::new();
    project.write("in/rows.csv", rows(1..1001));
    let note = |at: u32| format!("{},note {at},{}\n", at * 7 % 1001, at % 10);
    project.write("in/notes.csv", format!("id,note,weight\n{}", (1..1001).map(note).collect::<String>()));
    for file in 0..5 {
        project.write(&format!("in/small/0000{file}.csv"), rows(file * 100..file * 100 + 100));
    }
    let columns = "{name: customer, kind: sequence, min: 1}, {name: segment, kind: choice, values: [building, furniture]}, \
                   {name: country, kind: choice, values: [Chile, Peru, Spain]}";
    let body = format!(
        "modules:
  - {{id: customers, name: generate_source, configs: {{rows: 900, columns: [{columns}]}}}}
  - {{id: file, name: parquet_sink, configs: {{output_path: in/customers.parquet}}}}
connections: {{data: [customers.data - file.input]}}\n"
    );
    project.run_flow("customers", &body);
    project
}

/// Copies the inputs of one project to another one.
pub(super) fn copy_inputs(from: &Project, to: &Project) {
    for file in from.files("in") {
        to.copy(&from.path(&format!("in/{file}")), &format!("in/{file}"));
    }
}
