//! Rows written in the flow itself: their types, declared or seen, and what is said of rows that do not fit.

use crate::control_modules::tell;
use crate::support::Project;

/// Writes a table to `out.csv`.
fn inline(configs: &str) -> String {
    let tell = tell("{{ rows__row_count }}");
    format!(
        r#"
modules:
  - {{id: rows, name: inline_source, configs: {{{configs}}}}}
  - {{id: out, name: csv_sink, configs: {{output_path: out.csv}}}}
{tell}
connections: {{data: [rows.data - out.input], control: [out (1|) tell]}}
context: {{n: {{type: int, default: 7}}, days: {{type: list, default: [mon, tue]}}}}
"#
    )
}

#[track_caller]
fn written(configs: &str) -> String {
    let project = Project::new();
    let run = project.run_flow("inline", &inline(configs));
    let text = project.read("out.csv");
    assert_eq!(project.read("told"), format!("<{}>", run.rows("rows.data", "out.input")));
    text
}

#[test]
fn declared_columns_take_lists_and_mappings() {
    let configs = r#"
      columns: [{name: id, type: int}, {name: rate, type: float}, {name: ok, type: bool}, {name: name, type: string}, {name: day, type: date}],
      rows: [[1, 2, true, ann, "2024-02-29"], {name: bob, id: 2}, {}, [null, 0.5, false, "a, b", null]]"#;
    let expected = "id,rate,ok,name,day\n1,2.0,true,ann,2024-02-29\n2,,,bob,\n,,,,\n,0.5,false,\"a, b\",\n";
    assert_eq!(written(configs), expected);
}

#[test]
fn times_are_read_as_such() {
    let configs = r#"
      columns: [{name: at, type: datetime}, {name: from, type: time}],
      rows: [["2024-02-29 10:30:00", "23:59:59"], ["2024-02-29T10:30:00.5", "00:00:00.25"]]"#;
    let text = written(configs);
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("2024-02-29T10:30:00") && lines[1].contains(",23:59:59"), "{text}");
    assert!(lines[2].starts_with("2024-02-29T10:30:00.5") && lines[2].contains(",00:00:00.25"), "{text}");
}

#[test]
fn types_that_are_not_declared_are_those_of_the_values() {
    let configs = "rows: [{a: true, b: 1, c: null}, {}, {b: 2.5, d: '007'}]";
    assert_eq!(written(configs), "a,b,c,d\ntrue,1.0,,\n,,,\n,2.5,,007\n");
}

#[test]
fn a_table_may_have_no_rows() {
    assert_eq!(written("columns: [{name: id, type: int}], rows: []"), "id\n");
}

#[test]
fn values_of_templates_keep_their_types() {
    let columns = "columns: [{name: n, type: int}, {name: t, type: string}]";
    let configs = format!("{columns}, rows: [[\"{{{{ context.n }}}}\", \"n is {{{{ context.n + 1 }}}}\"]]");
    assert_eq!(written(&configs), "n,t\n7,n is 8\n");
    assert_eq!(
        written("columns: [{name: a, type: string}, {name: b, type: string}], rows: [\"{{ context.days }}\"]"),
        "a,b\nmon,tue\n"
    );
}

#[test]
fn rows_that_do_not_fit_are_named() {
    for (configs, words) in [
        (
            "columns: [{name: id, type: int}], rows: [[1], [x]]",
            ["column `id`, row 2: not of type `int`", "whole numbers"],
        ),
        ("columns: [{name: id, type: int}], rows: [[1.5]]", ["column `id`, row 1: not of type `int`", "= value: 1.5"]),
        ("columns: [{name: t, type: string}], rows: [[1]]", ["column `t`, row 1: not of type `string`", "put quotes"]),
        ("columns: [{name: b, type: bool}], rows: [[1]]", ["column `b`, row 1: not of type `bool`", "= value: 1"]),
        ("columns: [{name: x, type: float}], rows: [['1.5']]", ["column `x`, row 1: not of type `float`", "= value:"]),
        (
            "columns: [{name: d, type: date}], rows: [['29.02.2024']]",
            ["column `d`, row 1: not of type `date`", "in quotes"],
        ),
        (
            "columns: [{name: d, type: date}], rows: [['2023-02-29']]",
            ["column `d`, row 1: not of type `date`", "2023-02-29"],
        ),
        (
            "columns: [{name: d, type: datetime}], rows: [['2024-02-29']]",
            ["column `d`, row 1: not of type `datetime`", "without a zone"],
        ),
        (
            "columns: [{name: d, type: time}], rows: [['10:30']]",
            ["column `d`, row 1: not of type `time`", "`10:30:00`"],
        ),
        ("columns: [{name: id, type: int}], rows: [[1, 2]]", ["row 1 has another number of values", "= columns: 1"]),
        ("columns: [{name: id, type: int}], rows: [{Id: 1}]", ["row 1 has a value for `Id`", "add it to `columns`"]),
        (
            "columns: [{name: id, type: int}, {name: id, type: int}], rows: []",
            ["column `id` is declared twice", "`columns:"],
        ),
        ("rows: [[1]]", ["row 1 is a list, and `columns` does not say of what", "`columns:"]),
        ("rows: [{a: 1}, {a: x}]", ["column `a` is both int and string", "= row: 2"]),
        ("rows: [{a: [1]}]", ["column `a`, row 1: a list or mapping is no value", "= value: [1]"]),
        ("rows: [{}]", ["the table has no column", "`columns:"]),
    ] {
        let project = Project::new();
        let run =
            project.run_fails("inline", &inline(configs), &[&["`rows`", "inline_source"][..], &words[..]].concat());
        assert_eq!(run.node("rows")["fault"]["kind"], "config", "{configs}");
        assert!(!project.exists("out.csv"));
    }
}

#[test]
fn forms_that_cannot_be_are_refused_at_build() {
    for (configs, code, words) in [
        ("columns: [{name: id, type: integer}], rows: []", "L012", ["`columns", "did you mean `int`?"]),
        ("columns: [{name: id}], rows: []", "L011", ["`type` is missing", "`rows`"]),
        ("rows: [7]", "L012", ["`rows/0`", "`7` is not one of the allowed values"]),
    ] {
        Project::new().refuses(&inline(configs), code, &words);
    }
}
