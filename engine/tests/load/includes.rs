//! `!include`: whose values come, where they are told to stand, and what is refused.

use crate::project::Files;

const FLOW: &str = "flow: !include parts/flow.yaml\nmodules: !include parts/modules.yaml\n";
const INFO: &str = "name: daily\nversion: 1.0.0\nauthors: [ann]\ncreated: \"2026-01-01\"\n";

fn one(file: &str, line: u32, col: u32, code: &'static str) -> Vec<(&'static str, String, u32, u32)> {
    vec![(code, file.to_owned(), line, col)]
}

#[test]
fn parts_of_a_flow_may_stand_in_other_files() {
    let modules = "- !include nodes/a.yaml\n- id: b\n  name: 5\n";
    let files = Files::new(&[
        ("flow.yaml", FLOW),
        ("parts/flow.yaml", INFO),
        ("parts/modules.yaml", modules),
        ("parts/nodes/a.yaml", "id: a\nname: 6\n<<: !include ../misc.yaml\n"),
        ("parts/misc.yaml", "misc: 7\n"),
    ]);
    let mut found = files.findings("flow.yaml");
    found.sort();
    let expected =
        [("L006", "parts/misc.yaml", 1, 7), ("L006", "parts/modules.yaml", 3, 9), ("L006", "parts/nodes/a.yaml", 2, 7)];
    assert_eq!(found, expected.map(|(code, file, line, col)| (code, file.to_owned(), line, col)));
}

#[test]
fn findings_are_told_in_their_own_file() {
    let files = Files::new(&[
        ("flow.yaml", FLOW),
        ("parts/flow.yaml", &INFO.replace("1.0.0", "one")),
        ("parts/modules.yaml", "[]\n"),
    ]);
    assert_eq!(files.findings("flow.yaml"), one("parts/flow.yaml", 2, 10, "L007"));
    let info = format!("{INFO}desc: {{{{ x }}}}\n");
    let files = Files::new(&[("flow.yaml", FLOW), ("parts/flow.yaml", &info), ("parts/modules.yaml", "[]\n")]);
    assert_eq!(files.findings("flow.yaml"), one("parts/flow.yaml", 5, 7, "L020"));
    let files = Files::new(&[("flow.yaml", FLOW), ("parts/flow.yaml", INFO), ("parts/modules.yaml", "- id: [a\n")]);
    assert_eq!(files.findings("flow.yaml"), one("parts/modules.yaml", 1, 7, "L002"));
}

#[test]
fn a_list_that_is_included_as_an_item_is_one_item() {
    let modules = "modules:\n  - !include parts/modules.yaml\n";
    let flow = format!("flow: !include parts/flow.yaml\n{modules}");
    let files =
        Files::new(&[("flow.yaml", &flow), ("parts/flow.yaml", INFO), ("parts/modules.yaml", "- id: a\n  name: b\n")]);
    assert_eq!(files.findings("flow.yaml"), one("parts/modules.yaml", 1, 1, "L006"));
    let help = files.validate("flow.yaml").sorted().first().and_then(|finding| finding.help.clone());
    assert!(help.unwrap().contains("as the whole list"));
}

#[test]
fn what_cannot_be_included_is_told_where_it_is_asked_for() {
    let outside = tempfile::NamedTempFile::new().unwrap();
    for (text, code) in [
        ("parts/none.yaml", "L032"),
        ("", "L032"),
        ("parts", "L032"),
        ("../../../../../../../../etc/hostname", "L033"),
        ("/etc/hostname", "L033"),
        ("link.yaml", "L033"),
        ("flow.yaml", "L034"),
        ("parts/circle.yaml", "L034"),
    ] {
        let flow = format!("flow: !include parts/flow.yaml\nmodules: !include {text}\n");
        let files = Files::new(&[
            ("flow.yaml", &flow),
            ("parts/flow.yaml", INFO),
            ("parts/circle.yaml", "!include second.yaml\n"),
            ("parts/second.yaml", "!include circle.yaml\n"),
        ]);
        std::os::unix::fs::symlink(outside.path(), files.path("link.yaml")).unwrap();
        let place = if text.contains("circle") { ("parts/second.yaml", 1, 1) } else { ("flow.yaml", 2, 10) };
        assert_eq!(files.findings("flow.yaml"), one(place.0, place.1, place.2, code), "{text}");
    }
}

#[test]
fn a_circle_is_shown() {
    let files = Files::new(&[
        ("flow.yaml", "flow: !include a.yaml\n"),
        ("a.yaml", "name: !include b.yaml\n"),
        ("b.yaml", "!include a.yaml\n"),
    ]);
    let diagnostics = files.validate("flow.yaml");
    let sorted = diagnostics.sorted();
    let message = &sorted.iter().find(|finding| finding.code.as_str() == "L034").unwrap().message;
    assert!(
        message.contains("a.yaml -> ") && message.contains("b.yaml -> ") && message.ends_with("a.yaml"),
        "{message}"
    );
}

#[test]
fn chains_numbers_and_sizes_of_includes_are_bounded() {
    let mut files: Vec<(String, String)> =
        (0..40).map(|at| (format!("{at}.yaml"), format!("[!include {}.yaml]\n", at + 1))).collect();
    files.push(("flow.yaml".to_owned(), "flow: !include 0.yaml\n".to_owned()));
    files.push(("many.yaml".to_owned(), format!("flow: [{}]\n", "!include small.yaml, ".repeat(1_100))));
    files.push(("large.yaml".to_owned(), format!("flow: [{}]\n", "!include part.yaml, ".repeat(40))));
    files.push(("small.yaml".to_owned(), "1".to_owned()));
    files.push(("part.yaml".to_owned(), format!("#{}\n", "x".repeat(1_000_000))));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let files = Files::new(&files);
    let codes = |name: &str| files.findings(name).into_iter().map(|finding| finding.0).collect::<Vec<_>>();
    assert!(codes("flow.yaml").contains(&"L034"));
    assert_eq!(codes("many.yaml"), ["L025"]);
    assert_eq!(codes("large.yaml"), ["L025"]);
}
