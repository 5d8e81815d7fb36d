//! What people who come from other tools run into: each mistake is one finding, at its place, with the words that are right here;
//! and nothing is said of what only looks alike.

use crate::support::Project;
use crate::support::run::flow;
use serde_json::Value;

const NODES: &str = r#"context: {mode: {default: full}, day: {default: 1}}
modules:
  - {id: rows, name: inline_source, configs: {rows: [{n: 1}]}}
  - {id: show, name: log_rows_mod}
  - {id: items, name: loop_source, configs: {items: [1]}}
  - {id: s, name: set_var_solo, configs: {vars: {n: 1, ok: true}}}
  - {id: a, name: noop_solo}
  - {id: b, name: noop_solo}
  - {id: c, name: noop_solo}
"#;

/// Code, underlined text and help of every finding about some links.
#[track_caller]
fn found(data: &[&str], control: &[&str]) -> Vec<(String, String, String)> {
    let project = Project::new();
    let lists = [
        ("data", [&["rows.data - show.input"], data].concat()),
        ("control", [&["items (1|iterate) c"], control].concat()),
    ];
    let mut text = flow("traps", NODES) + "connections:\n";
    for (kind, links) in lists {
        text.push_str(&format!("  {kind}:\n"));
        links.iter().for_each(|link| text.push_str(&format!("    - {link:?}\n")));
    }
    project.write("traps.yaml", &text);
    let result = project.pype(&["validate", "traps.yaml", "--output", "json"]).json();
    let at = |one: &Value| {
        let number = |key: &str| usize::try_from(one[key].as_u64().unwrap()).unwrap();
        text[number("offset")..][..number("len")].trim_matches('"').to_owned()
    };
    let of = |one: &Value| {
        let word = |key: &str| one[key].as_str().unwrap_or_default().to_owned();
        (word("code"), at(one), word("help"))
    };
    result["diagnostics"].as_array().unwrap().iter().map(of).collect()
}

/// The findings about control links: code and underlined text; each help holds its words.
#[track_caller]
fn control(links: &[&str], expected: &[(&str, &str, &str)]) {
    is_found(&found(&[], links), expected);
}

#[track_caller]
fn is_found(found: &[(String, String, String)], expected: &[(&str, &str, &str)]) {
    let places: Vec<(&str, &str)> = found.iter().map(|(code, at, _)| (code.as_str(), at.as_str())).collect();
    assert_eq!(places, expected.iter().map(|(code, at, _)| (*code, *at)).collect::<Vec<_>>(), "{found:#?}");
    for ((_, _, help), (_, _, words)) in found.iter().zip(expected) {
        assert!(help.contains(words), "{words}: {found:#?}");
    }
}

#[test]
fn conditions_that_are_never_true() {
    for condition in ["false", "1 == 2", "not true", "'a' == 'b'", "(false)", "2 < 1 and 3 > 2", "0"] {
        control(&[&format!("a (1|{condition}) b")], &[("P034", condition, "remove the link")]);
    }
    for condition in ["true", "1 < 2", "context.day == 2", "s__n != s__n", "context.mode in ['x']"] {
        control(&[&format!("s (1|{condition}) b")], &[]);
    }
    control(&["s (1|true) a", "s (2|else) b"], &[("P034", "s (2|else) b", "take the link away")]);
}

#[test]
fn conditions_that_are_opposites() {
    let of = |first: &str, second: &str, expected: &[(&str, &str, &str)]| {
        control(&[&format!("s (1|{first}) a"), &format!("s (2|{second}) b")], expected);
    };
    for (first, second) in [("s__n > 1", "s__n <= 1"), ("s__ok", "not s__ok"), ("s__n is defined", "s__n is undefined")]
    {
        of(first, second, &[("P036", second, "write `(2|else)`")]);
    }
    of("s__n > 1", "s__n < 1", &[]);
    of("s__n > 1", "else", &[]);
    // With a third before it, `else` would be something else.
    control(&["s (1|s__ok and s__n == 7) a", "s (2|s__n > 1) a", "s (3|s__n <= 1) b"], &[]);
}

#[test]
fn gates_that_shut_themselves() {
    let links = ["a (1|) s", "a (2|error) b", "b (1|) s"];
    control(&links, &[("P035", "b (1|) s", "join: any")]);
    control(&["a (1|) s", "b (1|error) s"], &[]);
    control(&["a (1|) s", "a (2|error) s"], &[]);
}

/// The finding is true, and so is its advice.
#[test]
fn a_gate_runs_as_its_finding_says() {
    let body = |join: &str| {
        format!(
            "modules:\n  - {{id: load, name: die_solo, configs: {{message: no}}}}\n  - {{id: fix, name: noop_solo}}\n  \
             - {{id: report, name: noop_solo{join}}}\nconnections:\n  control: ['load (1|) report', 'load (2|error handled) fix', 'fix (1|) report']\n"
        )
    };
    let project = Project::new();
    let state = |name: &str, join: &str| project.run_flow(name, &body(join)).node("report")["state"].clone();
    assert_eq!(state("clean", ""), "skipped");
    assert_eq!(state("any", ", misc: {join: any}"), "succeeded");
}

#[test]
fn words_of_other_tools() {
    for (word, ours) in [
        ("OnSubjobOk", "write `ok`"),
        ("onComponentError", "write `error`"),
        ("RunIf", "write the condition itself"),
        ("all_done", "write `always`"),
        ("failure()", "write `error`"),
        ("'always'", "write `always`"),
        ("otherwise", "write `else`"),
        ("parallelize", "write `start`"),
    ] {
        control(&[&format!("a (1|{word}) b")], &[("P037", word, ours)]);
    }
    control(&["a (1|if context.day) b"], &[("P037", "if", "write `context.day`")]);
    control(&["a (1|alwys) b"], &[("P016", "alwys", "did you mean `always`?")]);
}

#[test]
fn operators_of_other_languages() {
    let of = |condition: &str, expected: &[(&str, &str, &str)]| control(&[&format!("s (1|{condition}) b")], expected);
    of("s__ok && s__n = 1", &[("P038", "&&", "write `and`"), ("P038", "=", "write `==`")]);
    of("s__ok || !s__ok", &[("P038", "||", "write `or`"), ("P038", "!", "write `not`")]);
    of("s__n > 0 AND NOT s__ok", &[("P038", "AND", "write `and`"), ("P038", "NOT", "write `not`")]);
    of("s__n != null", &[("P038", "null", "write `none`")]);
    of("s__n <> 1", &[("P038", "<>", "write `!=`")]);
    of("context.mode.equals('full')", &[("P038", "equals", "compare with `==`")]);
    of("s__n is null", &[("P039", "null", "write `is none`")]);
    of("s__n | lenght > 1", &[("P039", "lenght", "did you mean `length`?")]);
    of(
        "((Integer)globalMap.get('x_NB_LINE')) > 0",
        &[("P038", "globalMap", "load__row_count"), ("P038", "get", "after a dot")],
    );
    of("s__n == None or s__ok == True or s__n == none", &[]);
    of("s__n > ", &[("P024", "s__n >", "an expression as")]);
    // Two mistakes are two findings.
    of("s__m != null", &[("P016", "s__m", "globals: `n`"), ("P038", "null", "write `none`")]);
}

#[test]
fn links_in_other_forms() {
    control(&["a -> b"], &[("P001", "a -> b", "`a (1|) b`")]);
    control(&["a >> b"], &[("P001", "a >> b", "`a (1|) b`")]);
    control(&["a (1|) → b"], &[("P001", "→", "nothing but the valve")]);
    control(&["rows.data - show.input"], &[("P001", "rows.data - show.input", "connections.data")]);
    control(&["a (1|s__n > (1) b"], &[("P001", "(1|s__n > (1) b", "close it")]);
    control(&["a (1|s__n > 1)) b"], &[("P001", ")", "do not pair")]);
    control(&["a (0|) b"], &[("P001", "0", "orders begin at 1")]);
    control(&["a (ok) b"], &[("P001", "ok", "(1|ok)")]);
    control(&["a (first|) b"], &[("P001", "first", "(1|)")]);
    control(&["a (|ok) b"], &[("P001", "|", "(1|)")]);
    control(&["s (1|{{ s__ok }}) b"], &[("P001", "{{ s__ok }}", "without braces: `s__ok`")]);
    for (link, at) in
        [("rows.data --> show.input", "-->"), ("rows.data → show.input", "→"), ("rows.data => show.input", "=>")]
    {
        is_found(&found(&[link], &[]), &[("P001", at, "`-` or `->`")]);
    }
    is_found(&found(&["a (1|) b"], &[]), &[("P001", "a (1|) b", "connections.control")]);
}

#[test]
fn ends_of_links_are_told_with_what_is_there() {
    is_found(
        &found(&["rows.dat - show.input"], &[]),
        &[("P003", "rows.dat", "did you mean `data`? output ports: `data`")],
    );
    is_found(
        &found(&["show.input - rows.data"], &[]),
        &[
            ("P003", "show.input", "does the link run the wrong way?"),
            ("P003", "rows.data", "does the link run the wrong way?"),
        ],
    );
    control(&["a (1|) noop_solo"], &[("P002", "noop_solo", "`noop_solo` is a module; its node here is `a`")]);
    let links = ["a (1|) b", "b (1|) s", "s (1|) a"];
    let found = found(&[], &links);
    let (code, _, help) = &found[0];
    assert_eq!((found.len(), code.as_str()), (1, "P009"));
    for link in ["`a (1|) b` (line 16)", "`b (1|) s` (line 17)", "`s (1|) a` (line 18)"] {
        assert!(help.contains(link), "{help}");
    }
}

#[test]
fn caches_that_are_written_beside_their_reader() {
    let of = |settings: &str, links: &[&str]| -> Vec<String> {
        let project = Project::new();
        let links: Vec<String> = links.iter().map(|link| format!("{link:?}")).collect();
        let body = format!(
            "settings: {{{settings}}}\nmodules:\n  - {{id: a, name: noop_solo}}\n  - {{id: b, name: noop_solo}}\n  \
             - {{id: rows, name: inline_source, configs: {{rows: [{{n: 1}}]}}}}\n  - {{id: keep, name: cache_sink, configs: {{cache: x}}}}\n  \
             - {{id: again, name: cache_source, configs: {{cache: x}}}}\n  - {{id: show, name: log_rows_mod}}\n\
             connections:\n  data: [rows.data - keep.input, again.data - show.input]\n  control: [{}]\n",
            links.join(", ")
        );
        project.write("caches.yaml", flow("caches", &body));
        let result = project.pype(&["validate", "caches.yaml", "--output", "json"]).json();
        result["diagnostics"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
    };
    let none: [&str; 0] = [];
    assert_eq!(of("", &["a (1|) rows", "a (1|) again"]), ["P040"]);
    assert_eq!(of("", &["a (1|) rows", "a (1|) b", "b (1|) again"]), ["P040"]);
    assert_eq!(of("", &["a (1|start) rows", "a (2|) again"]), ["P040"]);
    assert_eq!(of("parallel_roots: true", &[]), ["P040"]);
    assert_eq!(of("", &[]), none);
    assert_eq!(of("", &["a (1|) rows", "a (2|) again"]), none);
    assert_eq!(of("", &["a (1|) rows", "a (1|) b", "keep (1|) again", "b (1|) again"]), none);
    assert_eq!(of("parallel_roots: true", &["keep (1|) again"]), none);
    assert_eq!(of("", &["a (1|start) rows", "keep (1|) again"]), none);
}
