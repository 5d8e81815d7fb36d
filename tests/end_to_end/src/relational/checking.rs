//! Rows that are as they should be, and the others with all that is wrong with each.

use super::{ODD, chain, codes, fails, gives, refuses};
use crate::control_modules::tell;
use crate::support::Project;

const HEAD: &str = "id,name,n,reject_column,reject_reason\n";

#[track_caller]
fn checked(rules: &str, good: &str, bad: &str) {
    let rows = "id,name,n\n1,Ann,5\n2,,50\n3,Bartholomew,-1\n4,x y,\n";
    let configs = format!("columns: {{{rules}}}");
    gives(
        rows,
        &[("schema_check_mod", &configs)],
        &[("output", &format!("id,name,n\n{good}")), ("reject", &format!("{HEAD}{bad}"))],
    );
}

#[test]
fn each_rule_parts_good_rows_from_bad_ones() {
    let all = "1,Ann,5\n2,-,50\n3,Bartholomew,-1\n4,x y,-\n";
    checked("name: {type: string, max_length: 20}", all, "");
    checked(
        "name: {nullable: false}",
        "1,Ann,5\n3,Bartholomew,-1\n4,x y,-\n",
        "2,-,50,name,`name` may not be NULL: NULL\n",
    );
    checked(
        "name: {max_length: 5}",
        "1,Ann,5\n2,-,50\n4,x y,-\n",
        "3,Bartholomew,-1,name,`name` has more than 5 characters: Bartholomew\n",
    );
    checked(
        "name: {min_length: 4}",
        "2,-,50\n3,Bartholomew,-1\n",
        "1,Ann,5,name,`name` has fewer than 4 characters: Ann\n4,x y,-,name,`name` has fewer than 4 characters: x y\n",
    );
    checked(
        "name: {pattern: '^[A-Z][a-z]+$'}",
        "1,Ann,5\n2,-,50\n3,Bartholomew,-1\n",
        "4,x y,-,name,`name` does not match ^[A-Z][a-z]+$: x y\n",
    );
    checked(
        "n: {min: 0, max: 10}",
        "1,Ann,5\n4,x y,-\n",
        "2,-,50,n,`n` is more than 10: 50\n3,Bartholomew,-1,n,`n` is less than 0: -1\n",
    );
    checked(
        "name: {allowed: [Ann, x y]}",
        "1,Ann,5\n2,-,50\n4,x y,-\n",
        "3,Bartholomew,-1,name,`name` is none of the allowed values: Bartholomew\n",
    );
    checked(
        "n: {allowed: [5, 50]}",
        "1,Ann,5\n2,-,50\n4,x y,-\n",
        "3,Bartholomew,-1,n,`n` is none of the allowed values: -1\n",
    );
}

#[test]
fn all_that_is_wrong_with_a_row_is_told() {
    checked(
        "name: {max_length: 5, pattern: '^A'}, n: {min: 0}, id: {max: 3}",
        "1,Ann,5\n2,-,50\n",
        "3,Bartholomew,-1,\"n, name, name\",`n` is less than 0: -1; `name` has more than 5 characters: Bartholomew; `name` does not match ^A: Bartholomew\n4,x y,-,\"id, name\",`id` is more than 3: 4; `name` does not match ^A: x y\n",
    );
}

#[test]
fn texts_are_checked_for_types_and_stay_texts() {
    let rows = "t\n007\nx\n99\n";
    gives(
        rows,
        &[("schema_check_mod", "columns: {t: {type: int, max: 50}}")],
        &[
            ("output", "t\n007\n"),
            ("reject", "t,reject_column,reject_reason\nx,t,`t` is no int: x\n99,t,`t` is more than 50: 99\n"),
        ],
    );
    let rows = "t\n29/02/2024\n01/01/2020\n2024-02-29\n";
    gives(
        rows,
        &[("schema_check_mod", "columns: {t: {type: date, format: '%d/%m/%Y', min: '2024-01-01'}}")],
        &[
            ("output", "t\n29/02/2024\n"),
            (
                "reject",
                "t,reject_column,reject_reason\n01/01/2020,t,`t` is less than 2024-01-01: 01/01/2020\n2024-02-29,t,`t` is no date: 2024-02-29\n",
            ),
        ],
    );
}

#[test]
fn a_second_check_adds_to_what_the_first_has_let_through() {
    let nodes = [
        ("schema_check_mod", "columns: {id: {max: 4}}"),
        ("schema_check_mod", "columns: {k: {nullable: false}}"),
        ("select_mod", "keep: [id]"),
    ];
    fails(ODD, &nodes, &["`id` is more than 4: 5"]);
}

#[test]
fn a_run_fails_where_bad_rows_have_no_way() {
    fails(ODD, &[("schema_check_mod", "columns: {v: {nullable: false}}")], &["`v` may not be NULL"]);
    fails(ODD, &[("schema_check_mod", "columns: {k: {nullable: false}}, on_error: fail")], &["`k` may not be NULL"]);
}

#[test]
fn rules_that_cannot_be_are_refused() {
    for (configs, words) in [
        ("columns: {}", &["no column is checked"][..]),
        ("columns: {k: {}}", &["nothing is asked of `k`", "configs.columns.k"]),
        ("columns: {k: {type: text}}", &["`text` is no type", "configs.columns.k.type"]),
        ("columns: {k: {format: '%Y'}}", &["a format is that of a type"]),
        ("columns: {k: {pattern: '['}}", &["`[` is no regular expression", "configs.columns.k.pattern"]),
        ("columns: {k: {min: [1]}}", &["`[1]` is no bound"]),
        ("columns: {k: {type: date, max: 3}}", &["`3` is no bound", "of the column's type"]),
        ("columns: {k: {allowed: []}}", &["no value is allowed"]),
        ("columns: {k: {allowed: [1, a]}}", &["both numbers and texts"]),
        ("columns: {k: {allowed: [null]}}", &["`nullable` says it for NULL"]),
    ] {
        refuses("schema_check_mod", configs, words);
    }
}

#[test]
fn columns_are_known_before_the_run() {
    assert_eq!(codes(ODD, "schema_check_mod", "columns: {nosuch: {nullable: false}}"), ["C001"]);
    // A number for a text.
    assert_eq!(codes(ODD, "schema_check_mod", "columns: {k: {min: 3}}"), ["C002"]);
}

#[test]
fn what_is_rejected_is_counted() {
    for (module, configs) in [
        ("cast_mod", "columns: {t: int}"),
        ("split_mod", "column: t, separator: ';', into: [a]"),
        ("regex_extract_mod", "column: t, pattern: '^(?<a>[0-9]+)$'"),
        ("json_extract_mod", "column: t, into: {a: $.a}"),
        ("schema_check_mod", "columns: {t: {type: int}}"),
        ("filter_mod", "condition: t = '1'"),
    ] {
        let project = Project::new();
        project.write("in.csv", "t\n1\na;b\n");
        let told = tell("{{ it__row_count }} {{ it__reject_count }}");
        let body = chain(&[(module, configs)], &["output", "reject"])
            .replace("connections: {", "connections: {control: [src (1|) tell], ");
        let run = project.run_flow("counted", &body.replace("connections:", &format!("{told}\nconnections:")));
        assert_eq!(project.read("told"), "<1 1>", "{module}");
        assert_eq!((&run.node("it")["rows_out"], &run.node("it")["rows_rejected"]), (&1.into(), &1.into()), "{module}");
    }
}
