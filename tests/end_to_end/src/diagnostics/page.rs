//! A page about a diagnostic code, taken apart: the files of its two examples, and what is said of the wrong one.

use std::collections::BTreeSet;

/// What the test needs of a page.
#[derive(Debug, Default)]
pub struct Page {
    /// Other codes that the wrong example has: `<!-- also: L006 -->`.
    pub also: BTreeSet<String>,
    pub wrong: Part,
    /// What pype says of it.
    pub output: String,
    pub right: Part,
}

/// An example: its files, and what is to be done to them before.
#[derive(Debug, Default)]
pub struct Part {
    /// Names and texts; that without a name is `flow.yaml`.
    pub files: Vec<(String, String)>,
    /// Of what no text can make: `<!-- setup: invalid-utf8 -->`.
    pub setups: Vec<String>,
}

impl Page {
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut page = Self::default();
        let mut section = "";
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            if let Some(title) = line.strip_prefix("## ") {
                section = title;
            } else if let Some(remark) = line.strip_prefix("<!-- ").and_then(|rest| rest.strip_suffix(" -->")) {
                match remark.split_once(": ") {
                    Some(("also", codes)) => page.also.extend(codes.split(' ').map(str::to_owned)),
                    Some(("setup", name)) => page.part(section)?.setups.push(name.to_owned()),
                    _ => return Err(format!("`{remark}` is no remark")),
                }
            } else if let Some(info) = line.strip_prefix("```") {
                let block: String =
                    lines.by_ref().take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect();
                match info.split_once(" file=") {
                    Some((_, name)) => page.part(section)?.files.push((name.to_owned(), block)),
                    None if info == "text" && section == "Wrong" => page.output = block,
                    None if info == "yaml" => page.part(section)?.files.push(("flow.yaml".to_owned(), block)),
                    None => return Err(format!("a block `{info}` in `{section}`")),
                }
            }
        }
        match [&page.wrong, &page.right].iter().all(|part| part.files.iter().any(|(name, _)| name == "flow.yaml")) {
            true => Ok(page),
            false => Err("an example has no flow".to_owned()),
        }
    }

    fn part(&mut self, section: &str) -> Result<&mut Part, String> {
        match section {
            "Wrong" => Ok(&mut self.wrong),
            "Right" => Ok(&mut self.right),
            other => Err(format!("an example in `{other}`")),
        }
    }
}

/// The page with another output in its block of text.
pub fn with_output(page: &str, output: &str) -> String {
    let (before, rest) = page.split_once("```text\n").expect("a page has a block of text");
    let (_, after) = rest.split_once("```\n").expect("a block ends");
    format!("{before}```text\n{output}```\n{after}")
}

#[test]
fn pages_are_taken_apart() {
    let text = "# T\n\n<!-- also: L001 L002 -->\n## Wrong\n<!-- setup: odd -->\n```yaml\na: 1\n```\n```csv file=in.csv\nx\n```\n\n```text\nno\n```\n## What to do\n## Right\n```yaml\na: 2\n```\n";
    let page = Page::parse(text).unwrap();
    assert_eq!(page.also, ["L001", "L002"].map(str::to_owned).into());
    assert_eq!(
        page.wrong.files,
        [("flow.yaml", "a: 1\n"), ("in.csv", "x\n")].map(|(a, b)| (a.to_owned(), b.to_owned()))
    );
    assert_eq!((page.wrong.setups, page.output.as_str()), (vec!["odd".to_owned()], "no\n"));
    assert_eq!(page.right.files[0].1, "a: 2\n");
    assert_eq!(with_output(text, "yes\n"), text.replace("\nno\n", "\nyes\n"));
    for wrong in [
        "",
        "## Wrong\n```yaml\na\n```\n",
        "## Wrong\n<!-- x -->\n",
        "```yaml\na\n```\n",
        "## Right\n```json\na\n```\n",
    ] {
        assert!(Page::parse(wrong).is_err(), "{wrong}");
    }
}
