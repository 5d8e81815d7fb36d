//! The files that were made to do harm, by what there is too much of in them.

/// Name and content.
type Cases = Vec<(&'static str, Vec<u8>)>;

const FLOW: &str = "flow: {name: a, version: 1.0.0, authors: [b], created: \"2026-01-01\"}\n";

fn of(cases: impl IntoIterator<Item = (&'static str, String)>) -> Cases {
    cases.into_iter().map(|(name, text)| (name, text.into_bytes())).collect()
}

/// One line per number.
fn lines(n: usize, line: impl Fn(usize) -> String) -> String {
    (0..n).map(line).collect()
}

/// Lists and mappings within each other.
pub fn deep() -> Cases {
    of([
        ("lists", "[".repeat(1 << 20)),
        ("closed lists", format!("{}{}", "[".repeat(20_000), "]".repeat(20_000))),
        ("mappings", "{a: ".repeat(20_000)),
        ("lists of mappings", "[{a: ".repeat(20_000)),
        ("block lists", "- ".repeat(20_000)),
        ("block mappings", lines(20_000, |n| format!("{}a:\n", " ".repeat(n % 3_000)))),
        ("keys of keys", "? ".repeat(20_000)),
        ("colons", ": ".repeat(20_000)),
        ("deep in the configuration", {
            let (open, close) = ("[".repeat(99), "]".repeat(99));
            format!("{FLOW}modules:\n  - {{id: a, name: csv_source, configs: {{file_path: {open}{close}}}}}\n")
        }),
        ("deep below the limit", format!("{FLOW}modules: []\nassets: {}{}\n", "[".repeat(95), "]".repeat(95))),
        ("quotes within braces", "{\"".repeat(20_000)),
        ("templates within each other", "{{".repeat(20_000)),
    ])
}

/// One huge thing.
pub fn long() -> Cases {
    let x = |n: usize| "x".repeat(n);
    of([
        ("a plain scalar", format!("a: {}", x(8 << 20))),
        ("a scalar in quotes", format!("a: \"{}\"", x(8 << 20))),
        ("a quote that is never closed", format!("a: \"{}", x(8 << 20))),
        ("a block", format!("a: |\n{}", "  x\n".repeat(2 << 20))),
        ("a folded block", format!("a: >\n{}", "  x\n\n".repeat(1 << 20))),
        ("words", format!("a: {}", "x ".repeat(4 << 20))),
        ("escapes", format!("\"{}\"", "\\x41".repeat(2 << 20))),
        ("a key", format!("{}: 1", x(4 << 20))),
        ("an explicit key", format!("? {}\n: 1", x(4 << 20))),
        ("a comment", format!("#{}", x(8 << 20))),
        ("comments", "#\n".repeat(4 << 20)),
        ("empty lines", "\n".repeat(8 << 20)),
        ("blanks", " ".repeat(8 << 20)),
        ("tabs", "\t".repeat(8 << 20)),
        ("an anchor", format!("&{} a", x(4 << 20))),
        ("a tag", format!("!{} a", x(4 << 20))),
        ("a number", format!("a: {}", "9".repeat(1 << 20))),
        ("a fraction", format!("a: 0.{}", "9".repeat(900_000))),
        ("a text of a megabyte", format!("{FLOW}modules: []\nassets: {}\n", x(1 << 20))),
        ("a name of a megabyte", format!("{FLOW}modules: [{{id: {}, name: {}}}]\n", x(1_000_000), x(1_000_000))),
        ("more than is read", "#\n".repeat(17 << 20)),
        ("a valve", format!("{FLOW}modules: []\nconnections: {{control: [\"a ({} b\"]}}\n", "(".repeat(100_000))),
        ("signs without a break", "é".repeat(4 << 20)),
    ])
}

/// Much of one small thing.
pub fn many() -> Cases {
    of([
        ("items", format!("[{}]", "1,".repeat(4 << 20))),
        ("block items", "- 1\n".repeat(1 << 20)),
        ("a hundred thousand items", format!("{FLOW}modules: []\nassets: [{}]\n", "1,".repeat(100_000))),
        ("keys", lines(500_000, |n| format!("k{n}: 1\n"))),
        ("equal keys", "a: 1\n".repeat(1 << 20)),
        ("equal keys within the limit", format!("{FLOW}modules: []\nassets:\n{}", "  a: 1\n".repeat(100_000))),
        ("mappings", "- a: 1\n".repeat(500_000)),
        ("mappings within the limit", format!("{FLOW}modules: []\nassets:\n{}", "  - a: 1\n".repeat(80_000))),
        ("nothings", "-\n".repeat(1 << 20)),
        ("empty lists", format!("[{}]", "[],".repeat(1 << 20))),
        ("documents", "---\n".repeat(1 << 20)),
        ("anchors", lines(300_000, |n| format!("- &a{n} 1\n"))),
        ("tags", "- !!str 1\n".repeat(300_000)),
        ("unknown tags", "- !x 1\n".repeat(200_000)),
        ("directives", lines(300_000, |n| format!("%TAG !a{n}! x\n"))),
        ("includes", format!("[{}]", "!include none.yaml, ".repeat(100_000))),
        ("keys that are none", format!("{{{}}}", "[a]: 1, ".repeat(100_000))),
        ("brackets", "[]".repeat(1 << 20)),
        ("commas", ",".repeat(1 << 20)),
        ("percent signs", "%".repeat(1 << 20)),
        ("stars", "*".repeat(1 << 20)),
        ("bars", "|".repeat(1 << 20)),
        ("question marks", "?\n".repeat(1 << 20)),
    ])
}

/// Flows in whose every part something is wrong.
pub fn mistakes() -> Cases {
    let module = |n: usize| format!("  - {{id: n{n}, name: noop_solo}}\n");
    let links = |n: usize, link: &dyn Fn(usize) -> String| {
        format!("{FLOW}modules:\n{}connections:\n  data:\n{}", lines(100, module), lines(n, link))
    };
    of([
        ("numbers for modules", format!("{FLOW}modules: [{}]\n", "1,".repeat(200_000))),
        (
            "unknown modules",
            format!("{FLOW}modules:\n{}", lines(20_000, |n| format!("  - {{id: n{n}, name: m{n}}}\n"))),
        ),
        ("unknown keys", format!("{FLOW}modules: []\nsettings:\n{}", lines(200_000, |n| format!("  retrie{n}: 1\n")))),
        (
            "unknown keys of modules",
            format!("{FLOW}modules:\n{}", lines(20_000, |n| format!("  - {{id: n{n}, name: noop_solo, nam{n}: 1}}\n"))),
        ),
        ("links to nowhere", links(100_000, &|n| format!("    - n{n}.output - m{n}.input\n"))),
        ("links that are none", links(100_000, &|n| format!("    - nothing {n}\n"))),
        ("one line of links", format!("{FLOW}modules: []\nconnections: {{data: [{}]}}\n", "é - ,".repeat(100_000))),
        (
            "variables that are not set",
            format!("{FLOW}modules: []\nassets:\n{}", lines(100_000, |n| format!("  - ${{NOT_SET_{n}}}\n"))),
        ),
        ("one text of variables", format!("{FLOW}modules: []\nassets: \"{}\"\n", "${N} ".repeat(100_000))),
        ("templates without quotes", format!("{FLOW}modules: []\nassets:\n{}", "  - {{ x }}\n".repeat(50_000))),
        ("zeros in front", format!("{FLOW}modules: []\nassets:\n{}", "  - 007\n".repeat(200_000))),
    ])
}

/// Texts in which something else than YAML is written.
pub fn other_languages() -> Cases {
    let condition = |text: String| {
        format!(
            "{FLOW}modules: [{{id: a, name: noop_solo}}, {{id: b, name: noop_solo}}]\nconnections: {{control: [\"a (1|{text}) b\"]}}\n"
        )
    };
    let config = |module: &str, key: &str, text: String| {
        format!("{FLOW}modules:\n  - {{id: a, name: {module}, configs: {{{key}: \"{text}\"}}}}\n")
    };
    of([
        ("a condition that denies", condition(format!("{}x", "not ".repeat(200_000)))),
        ("a condition in brackets", condition(format!("{}1{}", "(".repeat(200_000), ")".repeat(200_000)))),
        ("a long condition", condition(format!("1{}", " + 1".repeat(200_000)))),
        ("a condition of attributes", condition(format!("a{}", ".b".repeat(200_000)))),
        ("a template in brackets", config("csv_source", "file_path", format!("{{{{ {} }}}}", "(".repeat(200_000)))),
        (
            "a template of filters",
            config("csv_source", "file_path", format!("{{{{ a{} }}}}", "|upper".repeat(100_000))),
        ),
        ("a template of templates", config("csv_source", "file_path", "{{ env('A') }}".repeat(50_000))),
        (
            "a template of branches",
            config("csv_source", "file_path", format!("{{% if a %}}{}", "{% elif a %}".repeat(50_000))),
        ),
        ("variables without number", config("csv_source", "file_path", "${A}".repeat(200_000))),
        ("SQL in brackets", config("filter_mod", "condition", "(".repeat(150_000))),
        ("SQL that denies", config("filter_mod", "condition", format!("{}a", "NOT ".repeat(40_000)))),
        ("long SQL", config("filter_mod", "condition", format!("a=1{}", " OR a=1".repeat(20_000)))),
        (
            "an id of a hundred thousand parts",
            format!("{FLOW}modules: [{{id: {}a, name: noop_solo}}]\n", "a.".repeat(100_000)),
        ),
    ])
}

/// Bytes that are no text, or no UTF-8.
pub fn bytes() -> Cases {
    let utf_16: Vec<u8> = FLOW.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let all: Vec<u8> = (0..=255).collect();
    vec![
        ("nothing", Vec::new()),
        ("a byte order mark alone", b"\xef\xbb\xbf".to_vec()),
        ("a comment alone", b"# nothing\n".to_vec()),
        ("a mark of a document alone", b"---\n".to_vec()),
        ("an end of a document alone", b"...\n".to_vec()),
        ("zeros", vec![0; 1 << 20]),
        ("a zero in a text", b"a: \"x\0y\"\n".to_vec()),
        ("Latin-1", b"a: caf\xe9\n".to_vec()),
        ("UTF-16", [b"\xff\xfe".to_vec(), utf_16.clone()].concat()),
        ("UTF-16 without a mark", utf_16),
        ("all bytes", all.repeat(100)),
        ("half a character", b"a: \xe2\x82".to_vec()),
        ("a surrogate", b"a: \xed\xa0\x80\n".to_vec()),
        ("control signs", b"a: \x01\x02\x1b[31m\n".to_vec()),
        ("a text that steers terminals", "a: {{ \u{202e}x\u{1b}]0;y\u{7} }}\n".as_bytes().to_vec()),
        ("a program", [b"\x7fELF".to_vec(), all.repeat(10_000)].concat()),
        ("line ends of all kinds", b"a: 1\r\nb: 2\rc: 3\n\r".to_vec()),
    ]
}

/// Little that means much.
pub fn multiplying() -> Cases {
    let bomb = |levels: usize, width: usize| {
        let level = |n: usize| format!("l{}: &l{} [{}]\n", n + 1, n + 1, format!("*l{n}, ").repeat(width));
        format!("l0: &l0 [x]\n{}", lines(levels, level))
    };
    of([
        ("aliases of aliases", bomb(30, 10)),
        ("twos of twos", bomb(60, 2)),
        ("a long text again and again", format!("a: &a {}\nb: [{}]\n", "x".repeat(1 << 20), "*a, ".repeat(100_000))),
        (
            "a chain of aliases",
            format!("a0: &a0 x\n{}", lines(50_000, |n| format!("a{}: &a{} [*a{n}]\n", n + 1, n + 1))),
        ),
        (
            "a chain of merges",
            format!(
                "a0: &a0 {{k: x}}\n{}",
                lines(50_000, |n| format!("a{}: &a{} {{<<: {{k: *a{n}}}}}\n", n + 1, n + 1))
            ),
        ),
        ("merges of one mapping", format!("a: &a {{{}}}\nb:\n{}", "x: 1, ", "  - {<<: *a}\n".repeat(100_000))),
        (
            "anchors around anchors",
            format!("{}x{}", (0..90).map(|n| format!("&a{n} [")).collect::<String>(), "]".repeat(90)),
        ),
        ("an alias of itself", "a: &a [*a]\n".to_owned()),
        ("a file that includes itself", format!("{FLOW}modules: !include flow.yaml\n")),
        (
            "variables in a default",
            format!("{FLOW}modules: []\ncontext: {{a: {{default: \"{}\"}}}}\n", "${A:-${A:-".repeat(50_000)),
        ),
    ])
}
