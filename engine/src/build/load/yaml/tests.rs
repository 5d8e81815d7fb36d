//! What reading gives, and where it says that things are.

use super::*;
use crate::diagnostics::Span;
use crate::diagnostics::code::Code;
use std::path::Path;

fn read(text: &str) -> Parsed {
    let mut includes = Includes::new(Path::new("/none"), Path::new("/none/flow.yaml"), "flow.yaml", text.len());
    parse(Source::new("flow.yaml", text), &mut includes)
}

/// The one finding: its code, and what is underlined.
fn finding(text: &str) -> (Code, String) {
    let parsed = read(text);
    let [finding] = parsed.findings.as_slice() else { panic!("{text:?}: {:?}", parsed.findings) };
    let span = finding.span.clone().unwrap_or_else(|| panic!("{text:?}: no place"));
    (finding.code, text[span.bytes].to_owned())
}

fn value(text: &str) -> Value {
    let parsed = read(text);
    assert_eq!(parsed.findings, vec![], "{text}");
    parsed.value.unwrap()
}

fn text_at(text: &str, span: Option<Span>) -> &str {
    &text[span.unwrap().bytes]
}

#[test]
fn every_value_knows_its_place() {
    let text = "flow:\n  name: 'a b'\nlist:\n  - x.y - z.w\n  - 12\n\"o\\x64d/~\": [1]\n";
    let parsed = read(text);
    let (value, positions) = (parsed.value.unwrap(), parsed.positions);
    assert_eq!(value.pointer("/list/1"), Some(&Value::from(12)));
    assert_eq!(text_at(text, positions.key("/flow/name")), "name");
    assert_eq!(text_at(text, positions.value("/list/0")), "x.y - z.w");
    assert_eq!(text_at(text, positions.inside("/list/0", "x.y - z.w", 6..9)), "z.w");
    assert_eq!(text_at(text, positions.inside("/flow/name", "a b", 2..3)), "b");
    assert_eq!(text_at(text, positions.value("/odd~1~0/0")), "1");
    assert_eq!(text_at(text, positions.value("/list/7/x")), "- x.y - z.w");
    assert_eq!(positions.line("/list/1"), 5);
    assert_eq!((positions.plain("/list/1"), positions.plain("/flow/name")), (Some("12"), None));
}

#[test]
fn words_stay_texts() {
    let value = value("a: no\nb: on\nc: 12:30:45\nd: 1.0.0\ne: 2025-01-15\nf: ~\ng: !!str 5\nh: ! 5\n1: x\n");
    for (key, text) in
        [("a", "no"), ("b", "on"), ("c", "12:30:45"), ("d", "1.0.0"), ("e", "2025-01-15"), ("g", "5"), ("h", "5")]
    {
        assert_eq!(value[key], Value::from(text), "{key}");
    }
    assert_eq!((&value["f"], &value["1"]), (&Value::Null, &Value::from("x")));
}

#[test]
fn aliases_repeat_and_merges_join() {
    let text = "base: &base {a: 1, b: {c: 2}}\nother: &other\n  b: 3\n  d: 4\nx:\n  <<: [*base, *other]\n  a: 9\ny: *base\n*base : z\n";
    let text = text.strip_suffix("*base : z\n").unwrap();
    let parsed = read(text);
    assert_eq!(parsed.findings, vec![]);
    let value = parsed.value.unwrap();
    assert_eq!(value["x"], serde_json::json!({"a": 9, "b": {"c": 2}, "d": 4}));
    assert_eq!(value["y"]["b"]["c"], 2);
    assert_eq!(text_at(text, parsed.positions.value("/x/d")), "4");
    assert_eq!(text_at(text, parsed.positions.key("/x/b/c")), "c");
}

#[test]
fn crlf_and_a_byte_order_mark_are_taken() {
    let text = "\u{feff}a: 1\r\nb:\r\n  - x\r\n";
    let parsed = read(text);
    assert_eq!(parsed.value, Some(serde_json::json!({"a": 1, "b": ["x"]})));
    assert_eq!(text_at(text, parsed.positions.value("/b")), "- x");
}

#[test]
fn mistakes_have_their_own_words_and_places() {
    for (text, code, place) in [
        ("a: {{ context.x }}\n", Code::UnquotedTemplate, "{{ context.x }}"),
        ("a: {{ context.x }}/in.csv\n", Code::UnquotedTemplate, "{{ context.x }}"),
        ("a: {{ env('A', 'b') }}\n", Code::UnquotedTemplate, "{{ env('A', 'b') }}"),
        ("- {{ x }}\n- 1\n", Code::UnquotedTemplate, "{{ x }}"),
        ("a: {% if x %}b{% endif %}\n", Code::UnquotedTemplate, "{% if x %}b{% endif %}"),
        ("a: {b: ${HOME}, c: 1}\n", Code::UnquotedTemplate, "${HOME}"),
        ("a: 1\nb: 2\na: 3\n", Code::DuplicateKey, "a"),
        ("a:\n\tb: 1\n", Code::Tab, "\t"),
        ("a:\n  b: 1\n\tc: 2\n", Code::Tab, "\t"),
        ("s:\n  r:3\n  t: 5\n", Code::MissingBlank, "r:3"),
        ("a: 1\n---\nb: 2\n", Code::SeveralDocuments, "---"),
        ("? [a]\n: 1\n", Code::KeyNoText, "[a]"),
        ("~: 1\n", Code::KeyNoText, "~"),
        ("a: !secret x\n", Code::UnknownTag, "!secret"),
        ("a: !!int x\n", Code::UnknownTag, "!!int"),
        ("a: 99999999999999999999\n", Code::UnfitNumber, "99999999999999999999"),
        ("a: .nan\n", Code::UnfitNumber, ".nan"),
        ("a: *x\n", Code::UnknownAnchor, "*x"),
        ("a: &x [*x]\n", Code::UnknownAnchor, "*x"),
        ("a: 1\n<<: 5\n", Code::MergeKey, "<<"),
        ("a: [1, 2", Code::YamlSyntax, "["),
        ("a: \"x\n", Code::YamlSyntax, "x"),
        ("a: @x\n", Code::YamlSyntax, "@"),
        ("a: b: c\n", Code::YamlSyntax, ":"),
        ("- a\nb: 1\n", Code::YamlSyntax, "b"),
        ("%YAML 1.2\n---\na: 1\n", Code::YamlSyntax, "%"),
        ("a: \u{7}\n", Code::YamlSyntax, "\u{7}"),
        ("a: !include x.yaml\n", Code::IncludeUnreadable, "!include x.yaml"),
    ] {
        assert_eq!(finding(text), (code, place.to_owned()), "{text:?}");
    }
}

#[test]
fn a_key_that_stands_twice_names_both_places() {
    let parsed = read("a: 1\nb: 2\na: 3\n");
    let finding = &parsed.findings[0];
    assert!(finding.message.ends_with("the first is in line 1"), "{}", finding.message);
    assert_eq!((finding.span.as_ref().unwrap().line, finding.related[0].0.line), (3, 1));
    assert_eq!(parsed.value.unwrap()["a"], 1);
}

#[test]
fn all_of_it_is_told_at_once() {
    let codes: Vec<Code> =
        read("a: 1\na: 2\nb: {{ x }}\nc: !x 1\nd: .inf\ne: [\n").findings.iter().map(|finding| finding.code).collect();
    let expected = [Code::UnquotedTemplate, Code::UnknownTag, Code::UnfitNumber, Code::YamlSyntax];
    assert_eq!(codes, expected, "the mapping that never ends has no twins yet");
}

#[test]
fn what_is_too_much_is_refused() {
    let nested = |open: &str, n: usize| open.repeat(n);
    let lines: String = (0..20_000).map(|n| format!("{}a:\n", " ".repeat(n % 2_000))).collect();
    let bomb = {
        let level = |n: usize| format!("l{n}: &l{n} [{}]\n", vec![format!("*l{}", n - 1); 10].join(","));
        format!("l0: &l0 [x]\n{}", (1..10).map(level).collect::<String>())
    };
    let chain: String = (1..20_000).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
    let merges: String = (1..20_000).map(|n| format!("a{n}: &a{n} {{<<: {{k: *a{}}}}}\n", n - 1)).collect();
    let text = "x".repeat(1 << 20);
    for text in [
        nested("[", 20_000),
        format!("a: {}", nested("{b: ", 20_000)),
        nested("- ", 20_000),
        nested("? ", 20_000),
        lines,
        bomb,
        format!("a0: &a0 x\n{chain}"),
        format!("a0: &a0 {{k: x}}\n{merges}"),
        format!("a: {text}x\n"),
        format!("a: &a {text}\nb: [{}1]", "*a, ".repeat(100)),
        format!("[{}]", "1,".repeat(300_000)),
        format!("? {}\n: 1\n", "k".repeat(2_000)),
    ] {
        let codes: Vec<Code> = read(&text).findings.iter().map(|finding| finding.code).collect();
        assert_eq!(codes, [Code::TooLarge], "{}", &text[..40]);
    }
}
