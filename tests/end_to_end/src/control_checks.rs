//! What a build says of control flow: for every mistake its code and the text that is underlined, and nothing of what is right.

use crate::support::Project;
use crate::support::run::flow;
use serde_json::Value;

/// A flow of nodes (`id: module {configs}`, further keys after it), data links and control links.
fn body(nodes: &[&str], data: &[&str], control: &[&str]) -> String {
    let mut body = "context: {day: {default: 1}}\nparams: {limit: {default: 9}}\nmodules:\n".to_owned();
    for node in nodes {
        let (id, rest) = node.split_once(": ").unwrap();
        let (module, rest) = rest.split_once(' ').unwrap_or((rest, "{}"));
        let (configs, more) = rest.split_once(" / ").unwrap_or((rest, "tags: {}"));
        body.push_str(&format!("  - {{id: {id}, name: {module}, configs: {configs}, misc: {{{more}}}}}\n"));
    }
    body.push_str("connections:\n");
    for (kind, links) in [("data", data), ("control", control)] {
        body.push_str(&format!("  {kind}:{}\n", if links.is_empty() { " []" } else { "" }));
        for link in links {
            body.push_str(&format!("    - {link}\n"));
        }
    }
    body
}

/// Code and underlined text of every finding, by place.
#[track_caller]
fn findings(nodes: &[&str], data: &[&str], control: &[&str]) -> Vec<(String, String)> {
    let project = Project::new();
    let text = flow("checked", &body(nodes, data, control));
    project.write("checked.yaml", &text);
    let output = project.pype(&["validate", "checked.yaml", "--output", "json"]);
    let result = output.json();
    let number = |value: &Value| usize::try_from(value.as_u64().unwrap()).unwrap();
    let found = result["diagnostics"].as_array().unwrap().iter().map(|one| {
        let offset = number(&one["offset"]);
        let before = &text[..offset];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let place = (before.matches('\n').count() + 1, text[line_start..offset].chars().count() + 1);
        assert_eq!((number(&one["line"]), number(&one["col"])), place, "{one}");
        assert!(one["help"].is_string(), "{one}");
        (one["code"].as_str().unwrap().to_owned(), text[offset..offset + number(&one["len"])].to_owned())
    });
    let found: Vec<(String, String)> = found.collect();
    assert_eq!(output.code, if result["errors"] == 0 { 0 } else { 3 }, "{found:?}");
    found
}

#[track_caller]
fn finds(nodes: &[&str], data: &[&str], control: &[&str], expected: &[(&str, &str)]) {
    let found = findings(nodes, data, control);
    let found: Vec<(&str, &str)> = found.iter().map(|(code, text)| (code.as_str(), text.as_str())).collect();
    assert_eq!(found, expected, "{control:?}");
}

const ITEMS: &str = "items: loop_source {items: [1, 2]}";
const SOLOS: [&str; 5] = ["a: noop_solo", "b: noop_solo", "c: noop_solo", "d: noop_solo", "e: noop_solo"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SOLOS, more].concat()
}

#[test]
fn the_whole_control_flow_is_right() {
    let nodes = [
        "files: file_list_source {folder: in}",
        ITEMS,
        "poll: loop_source {while: \"asked__state is undefined or asked__state != 'done'\", max: 9}",
        "asked: set_var_solo {vars: {state: \"{{ iter.index }}\"}}",
        "each_file: set_var_solo {vars: {path: \"{{ iter.item.path }}\", outer: \"{{ iter.parent.item }}\"}} / timeout: 2.5, retries: 0",
        "start: noop_solo",
        "check: set_var_solo {vars: {ok: true}}",
        "yes: noop_solo",
        "no: noop_solo",
        "meet: noop_solo {} / join: ANY",
        "background: noop_solo",
        "after: set_var_solo {vars: {paths: \"{{ each('each_file', 'Path') | length }} {{ each_file__path }}\"}}",
        "fails: die_solo {message: no}",
        "handler: set_var_solo {vars: {why: \"{{ fails__error_message }} {{ FAILS__code }}\"}}",
        "cleanup: noop_solo",
        "gen: generate_source {rows: 3, columns: [{name: n, kind: sequence}]}",
        "kept: filter_mod {condition: n > 1}",
        "shown: log_rows_mod {}",
        "keep: cache_sink {cache: rows}",
        "again: cache_source {cache: rows}",
        "out: csv_sink {output_path: \"out-{{ iter.index }}.csv\"}",
    ];
    let data =
        ["gen.data - kept.input", "kept.output - keep.input", "kept.output - shown.input", "shown.output - out.input"];
    // The list of a mod, and a sub flow in a loop that reads what the loop's own source has written.
    let out = ["again.data - out.input"];
    let data = [&data[..3], &out[..]].concat();
    let control = [
        "start (1|) check",
        "start (2|check__ok and context.day < params.limit) yes",
        "start (2|else) no",
        "yes (1|) meet",
        "no (1|) meet",
        "meet (1|start) background",
        "meet (2|) items",
        "items (1|iterate parallel=2) files",
        "{from: files, to: each_file, type: iterate}",
        "items (Last|) after",
        "after (1|) poll",
        "poll (1|iterate) asked",
        "poll (2|asked__state == 'done') fails",
        "fails (1|error handled) handler",
        "{from: fails, to: cleanup, when: always, order: last}",
        "cleanup (1|) gen",
        "kept.output (1|iterate) again",
    ];
    finds(&nodes, &data, &control, &[]);
}

#[test]
fn links_in_named_parts() {
    let link = |keys: &str| format!("{{from: items, to: a, {keys}}}");
    let cases = [
        ("type: iterate, when: day == 1", "P001", "day == 1"),
        ("type: start, when: error", "P001", "error"),
        ("type: normal, when: iterate", "P001", "iterate"),
        ("when: iterate parallel=2, parallel: 3", "P001", "3"),
        ("handled: true", "P001", "true"),
        ("when: error handled, handled: false", "P001", "false"),
        ("parallel: 4", "P001", "4"),
        ("type: iterate, paralel: 4", "L004", "paralel"),
        ("type: itreate", "L007", "itreate"),
        ("type: iterate, parallel: 0", "L006", "0"),
        ("when: [ok]", "L006", "[ok]"),
        ("when: error, handled: maybe", "L006", "maybe"),
        ("when: error, order: 1.5", "P001", "1.5"),
    ];
    for (keys, code, text) in cases {
        let found = findings(&[ITEMS, "a: noop_solo"], &[], &[&link(keys)]);
        assert!(found.contains(&(code.to_owned(), text.to_owned())), "{keys}: {found:?}");
        let others = found.iter().filter(|(other, _)| other != "P007");
        assert_eq!(others.count(), 1, "{keys}: {found:?}");
    }
    for keys in
        ["type: iterate, parallel: 4", "when: iterate", "type: iterate, when: ok", "type: iterate, handled: false"]
    {
        finds(&[ITEMS, "a: noop_solo"], &[], &[&link(keys)], &[]);
    }
    finds(&["items: noop_solo", "a: noop_solo"], &[], &[&link("when: error, handled: true")], &[]);
    finds(&["a: noop_solo"], &[], &["{to: a}"], &[("L005", "{to: a}")]);
}

#[test]
fn the_list_of_an_iterate_link() {
    let read = "read: csv_source {file_path: in.csv}";
    let keep = "keep: filter_mod {condition: n > 1}";
    let out = "out: csv_sink {output_path: out.csv}";
    let data = ["read.data - keep.input", "keep.output - out.input"];
    let nodes = with(&[read, keep, out, "x.list: loop_source {items: [1]}"]);
    let of = |link: &str, expected: &[(&str, &str)]| {
        finds(&nodes, &data, &["x.list.data (1|iterate) a", link], expected);
    };
    of("keep.output (1|iterate) b", &[]);
    of("keep.reject (1|iterate parallel=3) b", &[]);
    of("keep (1|iterate) b", &[("P019", "keep")]);
    of("out (1|iterate) b", &[("P019", "out")]);
    of("c.data (1|iterate) b", &[("P019", "c.data")]);
    of("keep.outptu (1|iterate) b", &[("P003", "keep.outptu")]);
    of("keepp.output (1|iterate) b", &[("P002", "keepp.output")]);
    of("out.input (1|) b", &[("P002", "out.input")]);
    of("c (1|) bb", &[("P002", "bb")]);
    of("keep (1|start) b", &[("P012", "keep (1|start) b")]);
    of("keep.output (1|iterate) out", &[("P011", "keep.output (1|iterate) out")]);
    of("read (1|start) out", &[("P011", "read (1|start) out")]);
    of("d (1|start) out", &[("P012", "d (1|start) out")]);
    of("d (1|) keep", &[("P012", "d (1|) keep")]);
}

#[test]
fn scopes_have_one_way_in_and_rules_for_the_ways_out() {
    let nodes = with(&[ITEMS]);
    let of = |links: &[&str], expected: &[(&str, &str)]| finds(&nodes, &[], links, expected);
    of(&["items (1|iterate) a", "b (1|) a"], &[("P020", "items (1|iterate) a")]);
    of(&["b (1|start) a", "items (1|iterate) a"], &[("P020", "b (1|start) a")]);
    of(&["items (1|iterate) a", "a (1|) b", "c (1|) b"], &[("P023", "a (1|) b")]);
    of(&["items (1|iterate) a", "a (1|) b", "items (2|) b"], &[("P023", "a (1|) b")]);
    of(&["items (1|iterate) a", "a (1|error handled) b", "c (1|) b"], &[("P022", "a (1|error handled) b")]);
    of(&["items (1|iterate) a", "a (1|error handled) b", "items (2|error handled) c"], &[]);
    of(&["items (1|iterate) e", "a (1|start) b", "b (1|) c", "a (2|) c"], &[("P021", "b (1|) c")]);
    of(&["items (1|iterate) e", "a (1|start) b", "b (1|) c", "b (2|) d", "c (1|) d"], &[]);
}

#[test]
fn the_message_names_the_other_link_and_how_often_it_runs() {
    let project = Project::new();
    let links = ["items (1|iterate) a", "a (1|) b", "{from: c, to: b, when: always}"];
    project.write("checked.yaml", flow("checked", &body(&with(&[ITEMS]), &[], &links)));
    let output = project.pype(&["validate", "checked.yaml"]).expect_code(0);
    for words in
        ["runs once, after the loop of `items (1|iterate) a` (line 14)", "`c (1|always) b` (line 16) from outside"]
    {
        assert!(output.stderr.contains(words), "{words}\n{}", output.stderr);
    }
}

#[test]
fn conditions_are_read_at_build() {
    let nodes = with(&["s: set_var_solo {vars: {n: 1}}", "x.gen: set_var_solo {vars: {My__n: 1}}"]);
    let of = |condition: &str, expected: &[(&str, &str)]| {
        finds(&nodes, &[], &[&format!("\"s (1|{condition}) x.gen\""), "x.gen (1|) b"], expected);
    };
    for right in ["s__n > 1", "S__N is defined and (params.limit | string) in ['a', 'b)']", "true", "not a__error_kind"]
    {
        of(right, &[]);
    }
    of("s__n >", &[("P024", "s__n >")]);
    of("iterate 4", &[("P001", "iterate 4")]);
    of("alwys", &[("P016", "alwys")]);
    of("s__n > 1 and  contxt.day > 1", &[("P016", "contxt.day")]);
    of("day in [1, 2]", &[("P016", "day")]);
    of("s.n > 1", &[("P016", "s.n")]);
    of("s__m > 1", &[("P016", "s__m")]);
    of("nobody__n", &[("P016", "nobody__n")]);
    of("context.dya > 1", &[("P017", "context.dya")]);
    of("iter.index > 1", &[("P025", "iter.index")]);
    of("each('s', 'n')[0] > 1", &[]);
    of("each(s__n, 'n')[0] > 1", &[("P026", "each")]);
    of("x.gen__my__n > 1", &[("P027", "x.gen__my__n")]);
    of("'x.gen__my__n' != b__error_message", &[("P027", "b__error_message")]);
}

#[test]
fn a_condition_may_use_what_earlier_groups_have_set() {
    let nodes = with(&["s: set_var_solo {vars: {n: 1}}", "t: set_var_solo {vars: {n: 1}}"]);
    finds(&nodes, &[], &["a (1|) s", "a (2|s__n > 1) b"], &[]);
    finds(&nodes, &[], &["a (1|) s", "a (1|s__n > 1) b"], &[("P027", "s__n")]);
    finds(&nodes, &[], &["a (2|) s", "a (1|s__n > 1) b"], &[("P027", "s__n")]);
    // A gate waits for its last link.
    finds(&nodes, &[], &["a (1|) s", "a (2|s__n > 1) b", "b (1|) s"], &[("P027", "s__n")]);
}

#[test]
fn a_loop_as_long_as_a_condition_holds() {
    let of = |condition: &str, expected: &[(&str, &str)]| {
        let poll = format!("poll: loop_source {{while: \"{condition}\", max: 5}}");
        let nodes = with(&[&poll, "asked: set_var_solo {vars: {n: 1}}", "later: set_var_solo {vars: {n: 1}}"]);
        finds(&nodes, &[], &["poll (1|iterate) asked", "asked (1|) a", "poll (2|) later"], expected);
    };
    of("asked__n is undefined or asked__n < 3", &[]);
    of("asked__n <", &[("P024", "asked__n <")]);
    of("later__n < 3", &[("P027", "later__n")]);
    of("iter.index < 3", &[("P025", "iter.index")]);
    of("askd__n < 3", &[("P016", "askd__n")]);
    of("{{ asked__n < 3 }}", &[("L012", "\"{{ asked__n < 3 }}\""), ("P027", "asked__n")]);
}

#[test]
fn iter_is_known_inside_loops_alone() {
    let uses = |name: &str| format!("use: set_var_solo {{vars: {{n: \"x {{{{ {name} }}}}\"}}}}");
    let of = |name: &str, links: &[&str], expected: &[(&str, &str)]| {
        let node = uses(name);
        finds(&with(&[ITEMS, "files: file_list_source {folder: in}", &node]), &[], links, expected);
    };
    let flat = ["items (1|iterate) use", "files (1|iterate) a"];
    let nested = ["items (1|iterate) files", "files (1|iterate) use"];
    let started = ["items (1|iterate) a", "a (1|start) use", "files (1|iterate) b"];
    for name in ["iter.item", "iter.item.deep.column", "iter.index"] {
        of(name, &flat, &[]);
        of(name, &started, &[]);
    }
    of("iter.parent.item", &nested, &[]);
    of("iter.parent.item", &flat, &[("P025", "iter.parent.item")]);
    of("iter.parent.parent.index", &nested, &[("P025", "iter.parent.parent.index")]);
    of("iter.parent.index", &started, &[("P025", "iter.parent.index")]);
    of("iter.itme", &flat, &[("P016", "iter.itme")]);
    of(
        "iter.item",
        &["items (1|iterate) a", "files (1|iterate) b", "a (1|) use", "b (1|) use"],
        &[("P025", "iter.item"), ("P023", "a (1|) use")],
    );
}

#[test]
fn globals_are_known_and_set_before() {
    let of = |text: &str, expected: &[(&str, &str)]| {
        let node = format!("use: set_var_solo {{vars: {{n: \"{text}\"}}}}");
        let nodes = with(&["before: set_var_solo {vars: {Old: 1}}", "after: set_var_solo {vars: {New: 1}}", &node]);
        finds(&nodes, &[], &["before (1|) use", "use (1|) after"], expected);
    };
    of("{{ BEFORE__old }} {{ each('Before', 'OLD') | sum }} {{ range(3) | list }} {{ run.id }}", &[]);
    of("{{ before__new }}", &[("P016", "before__new")]);
    of("{{ after__new }}", &[("P027", "after__new")]);
    of("{{ use__n }}", &[("P016", "use__n")]);
    of("{{ each('after', 'new') }}", &[("P027", "each")]);
    of("{{ each('before', 'new') }}", &[("P016", "each")]);
    of("{{ each(before__old, 'new') }}", &[("P026", "each")]);
    of("{{ a__error_kind }} {{ a__nothing }}", &[("P016", "a__nothing")]);
}

#[test]
fn misc_that_the_engine_cannot_use() {
    let of = |misc: &str, expected: &[(&str, &str)]| {
        let node = format!("one: noop_solo {{}} / {misc}");
        finds(&[&node], &[], &[], expected);
    };
    of("join: All, timeout: 0.5, retries: 3, note: mine", &[]);
    of("join: some", &[("P018", "some")]);
    of("timeout: 0", &[("P018", "0")]);
    of("timeout: soon, retries: -1", &[("P018", "soon"), ("P018", "-1")]);
    of("retries: 1.5", &[("P018", "1.5")]);
    let nodes = ["in: csv_source {file_path: in.csv} / join: all", "out: csv_sink {output_path: out.csv} / join: any"];
    finds(&nodes, &["in.data - out.input"], &[], &[("P018", "any")]);
}

#[test]
fn caches_are_written_before_they_are_read() {
    let nodes = [
        "gen: generate_source {rows: 3, columns: [{name: n, kind: sequence}]}",
        "keep: cache_sink {cache: rows}",
        "again: cache_source {cache: rows}",
        "out: csv_sink {output_path: out.csv}",
        "between: noop_solo",
    ];
    let data = ["gen.data - keep.input", "again.data - out.input"];
    let of = |control: &[&str], expected: &[(&str, &str)]| finds(&nodes, &data, control, expected);
    of(&[], &[]);
    of(&["keep (1|) again"], &[]);
    of(&["gen (1|error) again"], &[]);
    of(&["out (1|) gen"], &[("P028", "rows")]);
    of(&["between (1|) again", "between (2|) gen"], &[("P028", "rows")]);
    let read = |reader: &str, expected: &[(&str, &str)]| {
        let mut nodes = nodes;
        nodes[2] = reader;
        finds(&nodes, &data, &["keep (1|) again"], expected);
    };
    read("again: cache_source {cache: rovs}", &[("P028", "rovs")]);
    read("again: cache_source {cache: \"{{ context.day }}\"}", &[("L012", "\"{{ context.day }}\"")]);
    finds(&nodes[..4], &["gen.data - out.input", "again.data - keep.input"], &[], &[("P028", "rows")]);
    let job = "job: run_flow_solo {job: jobs/x, rows: rows, set: {day: \"{{ context.day }}\"}}";
    finds(&[job, nodes[2], nodes[3]], &data[1..], &["job (1|) again"], &[]);
    finds(&["job: run_flow_solo {job: jobs/x}", nodes[2], nodes[3]], &data[1..], &["job (1|) again"], &[]);
    finds(
        &["job: run_flow_solo {job: jobs/x}", nodes[2], nodes[3]],
        &data[1..],
        &["out (1|) job"],
        &[("P028", "rows")],
    );
}

#[test]
fn links_that_say_nothing() {
    finds(&SOLOS, &[], &["a (1|context.day > 1) b", "a (2|else) c"], &[]);
    finds(&SOLOS, &[], &["a (2|context.day > 1) b", "a (1|else) c"], &[("P029", "a (1|else) c")]);
    finds(&SOLOS, &[], &["b (1|context.day > 1) d", "a (1|else) c"], &[("P029", "a (1|else) c")]);
    finds(&SOLOS, &[], &["a (1|) b", "a (2|ok) b", "a (3|error) b"], &[("P030", "a (2|ok) b")]);
}

#[test]
fn what_is_built_is_what_the_run_needs() {
    let project = Project::new();
    let nodes = with(&[
        ITEMS,
        "files: file_list_source {folder: in}",
        "use: set_var_solo {vars: {n: \"{{ iter.parent.item }} {{ each('Inner', 'N') }}\"}}",
        "inner: set_var_solo {vars: {n: 1}} / join: ALL",
        "read: inline_source {rows: [{a: 1}]}",
        "keep: cache_sink {cache: rows}",
    ]);
    let links = [
        "inner (1|) files",
        "items (1|iterate parallel=2) inner",
        "files (1|iterate) use",
        "items (2|error handled) a",
        "a (1|start) b",
        "b (1|use__n > context.day) c",
    ];
    project.build("built", &body(&nodes, &["read.data - keep.input"], &links));
    let metadata: Value = serde_json::from_str(&project.read("jobs/built/built_execution_metadata.json")).unwrap();
    let scope = |kind: &str, link: u64, sub_flows: &[&str]| serde_json::json!({"kind": kind, "link": link, "sub_flows": sub_flows});
    let mut inner = scope("iterate", 2, &["use"]);
    inner["parent"] = Value::from(0);
    let outer = scope("iterate", 1, &["files", "use", "inner"]);
    assert_eq!(metadata["scopes"], Value::from(vec![outer, scope("start", 4, &["b", "c"]), inner]));
    assert_eq!(metadata["control"][2]["list_port"], "data");
    assert_eq!(metadata["control"][1]["condition"], "iterate parallel=2");
    assert_eq!(metadata["uses"]["each"], serde_json::json!(["inner__n"]));
    assert_eq!(metadata["uses"]["context"], serde_json::json!(["day"]));
    assert_eq!(metadata["caches"], serde_json::json!({"rows": null}));
    let of = |name: &str| {
        let sub_flows = metadata["sub_flows"].as_array().unwrap();
        sub_flows.iter().find(|sub_flow| sub_flow["name"] == name).unwrap()
    };
    assert_eq!((&of("inner")["join"], &of("inner")["scope"]), (&Value::from("all"), &Value::from(0)));
    assert_eq!((&of("use")["scope"], &of("a")["scope"]), (&Value::from(2), &Value::Null));
    assert_eq!(of("read")["fusable"], serde_json::json!([]));
    let order = metadata["static_order"].as_array().unwrap();
    let position = |name: &str| order.iter().position(|known| known == name);
    assert!(position("inner") < position("files") && position("files") < position("use"), "{order:?}");
    assert_eq!(position("a"), None, "it runs after a failure alone");
}
