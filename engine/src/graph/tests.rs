//! Pictures of jobs small, large and strange: bounded, whole, and with nothing in them that a viewer would act upon.

use super::*;
use serde_json::{Value, json};

fn manifest(name: &str) -> Value {
    let kind = name.rsplit('_').next().unwrap();
    json!({
        "name": name, "type": kind, "version": "1.0.0", "description": "d", "category": "c", "input_ports": [], "output_ports": ["data"],
        "globals": [], "packages": [], "config_schema": {"required": {}, "optional": {}}, "config_json_schema": {},
    })
}

/// A job of sub flows with a source and a sink each, and control links `(from, to, condition)` between them.
fn job(
    n: usize,
    links: &[(usize, usize, &str)],
    scopes: Value,
    scope_of: impl Fn(usize) -> Value,
) -> (DagFile, ExecutionMetadata) {
    let (mut nodes, mut data, mut sub_flows) = (Vec::new(), Vec::new(), Vec::new());
    for at in 0..n {
        for (id, module) in [(format!("s{at}"), "x_source"), (format!("w{at}"), "x_sink")] {
            nodes.push(json!({"id": id, "module": manifest(module), "library": "l", "effect": "pure", "config": {}, "line": 1}));
        }
        data.push(json!({"from": {"node": format!("s{at}"), "port": "data"}, "to": {"node": format!("w{at}"), "port": "input"}, "line": 1}));
        sub_flows.push(json!({
            "name": format!("s{at}"), "nodes": [format!("s{at}"), format!("w{at}")],
            "waves": [[format!("s{at}")], [format!("w{at}")]], "fusable": [], "scope": scope_of(at),
        }));
    }
    let control: Vec<Value> = links
        .iter()
        .map(|(from, to, condition)| {
            json!({"from": format!("s{from}"), "to": format!("s{to}"), "node": format!("w{from}"), "order": 1, "condition": condition, "line": 1})
        })
        .collect();
    let flow = json!({"name": "big", "version": "1.0.0", "authors": ["a"], "created": "2026-01-01"});
    let dag = json!({"format_version": 1, "flow": flow, "nodes": nodes, "data_links": data, "control_links": []});
    let metadata = json!({
        "format_version": 1, "fingerprint": "", "settings": {}, "sub_flows": sub_flows, "control": control, "scopes": scopes,
        "caches": {}, "roots": [], "static_order": [], "context": {}, "params": {}, "plugins": [],
        "uses": {"context": [], "params": [], "globals": []},
    });
    (serde_json::from_value(dag).unwrap(), serde_json::from_value(metadata).unwrap())
}

fn chain(n: usize) -> (DagFile, ExecutionMetadata) {
    let links: Vec<(usize, usize, &str)> = (1..n).map(|to| (to - 1, to, "ok")).collect();
    job(n, &links, json!([]), |_| Value::Null)
}

const FORMS: [Form; 4] = [Form::Ascii, Form::Dot, Form::Mermaid, Form::Svg];

#[test]
fn scopes_are_around_what_is_in_them() {
    let scopes = json!([
        {"kind": "iterate", "link": 0, "sub_flows": ["s1", "s2"]},
        {"kind": "start", "link": 1, "parent": 0, "sub_flows": ["s2"]},
    ]);
    let links = [(0, 1, "iterate parallel=3"), (1, 2, "start"), (0, 3, "error handled")];
    let (dag, metadata) = job(4, &links, scopes, |at| [json!(null), json!(0), json!(1), json!(null)][at].clone());
    let drawn = draw(&dag, &metadata, Form::Ascii, false);
    println!("{drawn}");
    let at = |text: &str| drawn.find(text).unwrap_or_else(|| panic!("{text} in\\n{drawn}"));
    assert!(at("+- s0") < at(".-- ITERATE: once per item of w0, 3 at a time"), "{drawn}");
    assert!(at(": +- s1") < at(": .-- START: in the background of w1") && at(": : +- s2") < at("+- s3"), "{drawn}");
    assert!(drawn.contains("(1|error handled) of w0 -> s3"), "{drawn}");
    for form in FORMS {
        let drawn = draw(&dag, &metadata, form, false);
        for text in ["ITERATE", "START", "x_source", "s3"] {
            assert!(drawn.contains(text), "{form:?}: {text}");
        }
    }
}

#[test]
fn large_jobs_are_drawn_in_bounds_and_it_is_said() {
    for (n, note) in [(90, "180 nodes are too many"), (5_000, "5,000 sub flows are too many")] {
        let (dag, metadata) = chain(n);
        for form in FORMS {
            let drawn = draw(&dag, &metadata, form, false);
            assert!(drawn.len() < 100_000, "{form:?} of {n}: {}", drawn.len());
            assert!(drawn.contains(note), "{form:?} of {n}");
        }
        assert!(draw(&dag, &metadata, Form::Ascii, true).contains(&format!("w{}", n - 1)));
        assert_eq!(data(&dag, &metadata)["nodes"].as_array().unwrap().len(), 2 * n, "data are whole");
    }
    let alike = draw(&chain(5_000).0, &chain(5_000).1, Form::Ascii, false);
    assert!(
        alike.contains("s0 ... s4999 (5,000 sub flows)") && alike.contains("5,000 x_source, 5,000 x_sink"),
        "{alike}"
    );
}

#[test]
fn ten_thousand_loops_in_one_another_and_a_wide_fan_are_drawn() {
    let n = 10_000;
    let links: Vec<(usize, usize, &str)> = (1..n).map(|to| (to - 1, to, "iterate")).collect();
    let scopes: Vec<Value> = (1..n)
        .map(|at| json!({"kind": "iterate", "link": at - 1, "parent": (at > 1).then(|| at - 2), "sub_flows": []}))
        .collect();
    let (dag, metadata) =
        job(n, &links, json!(scopes), |at| at.checked_sub(1).map_or(Value::Null, |scope| json!(scope)));
    for form in FORMS {
        assert!(draw(&dag, &metadata, form, false).contains("without loops"), "{form:?}");
    }
    let fan: Vec<(usize, usize, &str)> = (1..5_000).flat_map(|to| [(0, to, "ok"), (to, 5_000, "ok")]).collect();
    let (dag, metadata) = job(5_001, &fan, json!([]), |_| Value::Null);
    assert!(FORMS.iter().all(|form| draw(&dag, &metadata, *form, false).len() < 100_000));
}

#[test]
fn text_of_a_flow_is_text_in_every_form() {
    let evil = "\"]; & <script>x</script> \\\" #quot; `x` |\n%%{init}%% \u{1b}[31m \u{202e}";
    let (dag, metadata) = job(2, &[(0, 1, evil)], json!([]), |_| Value::Null);
    for form in FORMS {
        let drawn = draw(&dag, &metadata, form, false);
        assert!(!drawn.contains(['\u{1b}', '\u{202e}']), "{form:?}: {drawn}");
        match form {
            Form::Ascii => assert_eq!(drawn.lines().filter(|line| line.contains("<script>")).count(), 1),
            Form::Svg => assert!(!drawn.contains("<script>") && drawn.contains("&lt;script&gt;")),
            Form::Dot => assert!(drawn.contains("\\\"]; &amp; <script>"), "{drawn}"),
            Form::Mermaid => assert!(
                !drawn.contains("<script") && !drawn.contains("%%{") && drawn.contains("#60;script#62;"),
                "{drawn}"
            ),
        }
    }
}
