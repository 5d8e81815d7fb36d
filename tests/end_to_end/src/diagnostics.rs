//! Every diagnostic code has a page, and no page lies: its wrong example is found to be wrong as the page says, in the very
//! words that stand there, and its right example is right.

mod page;
mod records;
mod setups;
mod traps;

use crate::support::{Output, Project};
use page::{Page, Part};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What the binary says of all codes.
fn codes() -> Vec<Value> {
    let listed = Project::new().pype(&["explain", "--output", "json"]).expect_code(0).json();
    listed.as_array().unwrap().clone()
}

fn text<'a>(record: &'a Value, key: &str) -> &'a str {
    record[key].as_str().unwrap()
}

fn path_of(code: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reference/diagnostics").join(format!("{code}.md"))
}

fn page_of(code: &str) -> Page {
    let path = path_of(code);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    Page::parse(&text).unwrap_or_else(|error| panic!("{code}: {error}"))
}

/// The codes of all findings about an example.
fn found(part: &Part) -> BTreeSet<String> {
    let scene = setups::Scene::of(part);
    let result = scene.validate(&["--output", "json"]).json();
    result["diagnostics"].as_array().unwrap().iter().map(|one| text(one, "code").to_owned()).collect()
}

#[test]
fn every_code_has_a_page_that_is_in_the_binary() {
    for record in codes() {
        let code = text(&record, "code");
        let committed = std::fs::read_to_string(path_of(code)).unwrap_or_default();
        let shown: String = committed.split_inclusive('\n').filter(|line| !line.starts_with("<!--")).collect();
        assert_eq!(text(&record, "page"), shown, "{code}: build the binary anew");
        let title = format!("# {code}: {}\n", text(&record, "title"));
        assert!(shown.starts_with(&title), "{code} does not begin with {title}");
        let severity = text(&record, "severity");
        let word = format!("{}{}.", severity[..1].to_uppercase(), &severity[1..]);
        let body = shown[title.len()..].trim_start();
        assert!(body.starts_with(&word), "{code} does not begin with `{word}`");
        let about = body.split_once("\n## ").map_or("", |(about, _)| about);
        assert!(about.len() > 120, "{code} says too little of what it means");
        let sections: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, ["Wrong", "What to do", "Right"], "{code}");
    }
}

/// `UPDATE=1` writes what is found into the pages.
#[test]
fn what_is_wrong_is_found_in_the_words_of_the_page() {
    let mut wrong = Vec::new();
    for record in codes() {
        let code = text(&record, "code");
        let page = page_of(code);
        let mut expected = page.also.clone();
        expected.insert(code.to_owned());
        let found = found(&page.wrong);
        if found != expected {
            wrong.push(format!("{code}: found {found:?}, not {expected:?}"));
        }
        let said = setups::Scene::of(&page.wrong).said();
        if std::env::var_os("UPDATE").is_some() {
            let path = path_of(code);
            std::fs::write(&path, page::with_output(&std::fs::read_to_string(&path).unwrap(), &said)).unwrap();
        } else if page.output != said {
            wrong.push(format!("{code}: the page says\n{}\nand pype says\n{said}", page.output));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_right_has_no_finding() {
    let mut wrong = Vec::new();
    for record in codes() {
        let code = text(&record, "code");
        let scene = setups::Scene::of(&page_of(code).right);
        let Output { stdout, stderr, .. } = scene.validate(&[]);
        if !stderr.is_empty() || !stdout.contains("is valid") {
            wrong.push(format!("{code}:\n{stderr}{stdout}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_are_shown_by_their_codes() {
    let project = Project::new();
    let one = project.pype(&["explain", "p003"]).expect_code(0).stdout;
    assert!(one.starts_with("# P003: ") && one.contains("\n## Right\n") && one.contains("\n```yaml\n"), "{one}");
    let two = project.pype(&["explain", "P003", "L015"]).expect_code(0).stdout;
    assert!(two.starts_with(&one) && two.contains("\n# L015: ") && !two.contains("<!--"), "{two}");
    let all = project.pype(&["explain"]).expect_code(0).stdout;
    assert!(codes().iter().all(|record| all.contains(text(record, "title"))), "{all}");
    for (wrong, help) in [("P0003", "did you mean `P003`?"), ("sesame", "`pype explain` lists all codes")] {
        let output = project.pype(&["explain", "P001", wrong]).expect_code(2);
        assert!(output.stderr.contains(&format!("no diagnostic code `{wrong}`: {help}")), "{}", output.stderr);
        assert_eq!(output.stdout, "");
    }
}
