//! Texts taken apart into columns, and texts put in the place of others.

use super::{ODD, chain, codes, fails, finds_no_column, gives, refuses};
use crate::support::Project;

const TAGS: &str = "id,t\n1,a;b\n2,c\n3,d; e ;f\n4,\n5,\"\"\n6,;\n";

#[test]
fn fields_become_columns() {
    gives(
        TAGS,
        &[("split_mod", "column: t, separator: ';', into: [x, y]")],
        &[
            ("output", "id,t,x,y\n1,a;b,a,b\n4,-,-,-\n6,;,\"\",\"\"\n"),
            (
                "reject",
                "id,t,reject_column,reject_reason\n2,c,t,`t` has not 2 fields: c\n3,d; e ;f,t,`t` has not 2 fields: d; e ;f\n5,\"\",t,`t` has not 2 fields: \n",
            ),
        ],
    );
    gives(
        TAGS,
        &[("split_mod", "column: t, separator: ';', into: [t, 'od\"d'], trim: true, on_error: null")],
        &[("output", "id,t,\"od\"\"d\"\n1,a,b\n2,c,-\n3,d,e\n4,-,-\n5,\"\",-\n6,\"\",\"\"\n")],
    );
    fails(
        TAGS,
        &[("split_mod", "column: t, separator: ';', into: [x, y], on_error: fail")],
        &["`t` has not 2 fields: c"],
    );
}

#[test]
fn fields_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("column: k, separator: '', into: [a]", &["the separator is empty"][..]),
        ("column: k, separator: ';', into: []", &["`into` is empty"]),
        ("column: k, separator: ';', into: [a, a]", &["`a` stands twice in `into`"]),
    ] {
        refuses("split_mod", configs, words);
    }
    finds_no_column("split_mod", "column: nosuch, separator: ';', into: [a]", "column");
}

#[test]
fn groups_become_columns() {
    let rows = "id,t\n1,2024-02-29\n2,on 2023-01-05!\n3,none\n4,\n";
    gives(
        rows,
        &[("regex_extract_mod", r"column: t, pattern: '(?<year>\d{4})-(\d\d)-(?<day>\d\d)'")],
        &[
            ("output", "id,t,year,day\n1,2024-02-29,2024,29\n2,on 2023-01-05!,2023,05\n4,-,-,-\n"),
            ("reject", "id,t,reject_column,reject_reason\n3,none,t,`t` does not match the pattern: none\n"),
        ],
    );
    gives(
        rows,
        &[("regex_extract_mod", r"column: t, pattern: '(\d+)-(x)?', into: [y, t], on_error: null")],
        &[("output", "id,t,y\n1,-,2024\n2,-,2023\n3,-,-\n4,-,-\n")],
    );
    fails(
        rows,
        &[("regex_extract_mod", r"column: t, pattern: '(\d+)', into: [n]")],
        &["`t` does not match the pattern: none"],
    );
}

#[test]
fn patterns_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("column: k, pattern: ''", &["the pattern is empty"][..]),
        ("column: k, pattern: '(a'", &["`(a` is no regular expression: unclosed group", "configs.pattern"]),
        ("column: k, pattern: 'a(?:b)'", &["the pattern has no group"]),
        ("column: k, pattern: '(a)'", &["no group has a name", "`(?<year>…)`"]),
        ("column: k, pattern: '(a)(b)', into: [x]", &["`into` has 1 names, and the pattern 2 groups"]),
        ("column: k, pattern: '(a)(b)', into: [x, x]", &["`x` stands twice in `into`"]),
    ] {
        refuses("regex_extract_mod", configs, words);
    }
    finds_no_column("regex_extract_mod", "column: nosuch, pattern: '(?<a>b)'", "column");
    // The module knows the syntax, and the executor the classes of Unicode.
    let project = Project::new();
    project.write("in.csv", ODD);
    let flow = chain(&[("regex_extract_mod", r"column: k, pattern: '(?<x>\p{Nope})'")], &["output"]);
    project.refuses(&flow, "C002", &["regex parse error", "Unicode property not found"]);
}

/// As CSV: a text with quotes in it.
const JSON: &str = r#"id,j
1,"{""a"": ""x"", ""n"": 5, ""in"": {""l"": [1, 2]}, ""d"": ""2024-02-29""}"
2,"{""a"": null, ""n"": ""no""}"
3,no json
4,
5,[]
"#;

#[test]
fn values_within_json_become_columns() {
    let drop = |nodes: &'static str| [("json_extract_mod", nodes), ("select_mod", "drop: [j]")];
    let into = "into: [{a: $.a}, {first: '$.in.l[0]'}, {l: $.in}]";
    gives(
        JSON,
        &drop("column: j, into: [{a: $.a}, {first: '$.in.l[0]'}, {l: $.in}], on_error: null"),
        &[("output", "id,a,first,l\n1,x,1,\"{\"\"l\"\":[1,2]}\"\n2,-,-,-\n3,-,-,-\n4,-,-,-\n5,-,-,-\n")],
    );
    let rejecting = format!("column: j, {into}");
    fails(JSON, &[("json_extract_mod", &rejecting)], &["`j` is no JSON: no json"]);
}

#[test]
fn values_have_types_and_bad_ones_are_rejected() {
    let configs = "column: j, into: {n: {path: $.n, type: int}, d: {path: $.d, type: date}}";
    gives(
        JSON,
        &[("json_extract_mod", configs)],
        &[
            (
                "output",
                "id,j,d,n\n1,\"{\"\"a\"\": \"\"x\"\", \"\"n\"\": 5, \"\"in\"\": {\"\"l\"\": [1, 2]}, \"\"d\"\": \"\"2024-02-29\"\"}\",2024-02-29,5\n4,-,-,-\n5,[],-,-\n",
            ),
            (
                "reject",
                "id,j,reject_column,reject_reason\n2,\"{\"\"a\"\": null, \"\"n\"\": \"\"no\"\"}\",j,`$.n` is no int: no\n3,no json,j,`j` is no JSON: no json\n",
            ),
        ],
    );
}

#[test]
fn paths_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("column: k, into: {}", &["`into` is empty"][..]),
        ("column: k, into: {a: a.b}", &["`a.b` is no path", "begins with `$`"]),
        ("column: k, into: {a: {path: $.a, type: number}}", &["`number` is no type"]),
    ] {
        refuses("json_extract_mod", configs, words);
    }
    finds_no_column("json_extract_mod", "column: nosuch, into: {a: $.a}", "column");
    assert_eq!(codes(ODD, "json_extract_mod", "column: id, into: {a: $.a}"), ["C002"], "a number is no JSON text");
}

#[test]
fn texts_are_replaced_within_values_and_as_a_whole() {
    let rows = "id,a,b\n1,1.5,x\n2,a.b.c,X\n3,,\"\"\n4,.,xx\n";
    gives(
        rows,
        &[("replace_mod", "columns: [a], replacements: [{search: '.', replace: ','}]")],
        &[("output", "id,a,b\n1,\"1,5\",x\n2,\"a,b,c\",X\n3,-,\"\"\n4,\",\",xx\n")],
    );
    gives(
        rows,
        &[(
            "replace_mod",
            "columns: [b, a], replacements: [{search: x, replace: y, match: exact}, {search: '', replace: null, match: exact}, {search: y, replace: z}]",
        )],
        &[("output", "id,a,b\n1,1.5,z\n2,a.b.c,X\n3,-,-\n4,.,xx\n")],
    );
    gives(
        rows,
        &[("replace_mod", "columns: [b], replacements: [{search: x, replace: it's, match: exact, ignore_case: true}]")],
        &[("output", "id,a,b\n1,1.5,it's\n2,a.b.c,it's\n3,-,\"\"\n4,.,xx\n")],
    );
    gives(
        rows,
        &[("replace_mod", "columns: [b], replacements: [{search: x, replace: null}]")],
        &[("output", "id,a,b\n1,1.5,-\n2,a.b.c,X\n3,-,\"\"\n4,.,-\n")],
    );
}

#[test]
fn replacements_that_cannot_be_are_refused() {
    let project = Project::new();
    let body = chain(&[("replace_mod", "columns: [k], replacements: [{search: a}]")], &["output"]);
    project.refuses(&body, "L011", &["`replace` is missing"]);
    for (configs, words) in [
        ("columns: [], replacements: [{search: a, replace: b}]", &["`columns` is empty"][..]),
        ("columns: [k], replacements: []", &["there is nothing to replace"]),
        (
            "columns: [k], replacements: [{search: '', replace: b}]",
            &["there is nothing to look for", "configs.replacements[0].search"],
        ),
        ("columns: [k], replacements: [{search: '(', replace: b, match: regex}]", &["`(` is no regular expression"]),
        ("columns: [k], replacements: [{search: a, replace: 1}]", &["configs.replacements[0].replace"]),
    ] {
        refuses("replace_mod", configs, words);
    }
    finds_no_column("replace_mod", "columns: [nosuch], replacements: [{search: a, replace: b}]", "columns[0]");
    assert_eq!(
        codes(ODD, "replace_mod", "columns: [id], replacements: [{search: a, replace: b}]"),
        ["C002"],
        "a number holds no texts"
    );
}
