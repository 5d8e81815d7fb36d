//! `pype explain`: the page of a diagnostic code, and the table of all codes.

use crate::args::{ExplainArgs, Global, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::diagnostics::Severity;
use pypeline_engine::diagnostics::code::Code;
use pypeline_engine::diagnostics::suggest;
use serde_json::{Value, json};
use std::io::IsTerminal;

/// Shows the pages of some codes; the table where none is named.
pub fn explain(global: &Global, args: &ExplainArgs) -> Result<u8, Failure> {
    let codes = args.codes.iter().map(|text| find(text)).collect::<Result<Vec<Code>, Failure>>()?;
    let shown = if codes.is_empty() { Code::ALL } else { &codes };
    if global.output == Output::Json {
        render::json_as_it_is(&shown.iter().copied().map(record).collect::<Vec<Value>>());
    } else if codes.is_empty() {
        let row = |code: &Code| vec![code.as_str().to_owned(), word(*code).to_owned(), code.title().to_owned()];
        render::table(&["code", "severity", "finding"], shown.iter().map(row).collect());
    } else {
        let is_terminal = std::io::stdout().is_terminal();
        let pages: Vec<String> = codes.iter().map(|code| page(code.page(), is_terminal)).collect();
        render::line_as_it_is(pages.join("\n").trim_end());
    }
    Ok(Exit::Success as u8)
}

fn find(text: &str) -> Result<Code, Failure> {
    Code::of(text).ok_or_else(|| {
        let codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        let help = match suggest::nearest(text, codes) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`pype explain` lists all codes".to_owned(),
        };
        Failure::new(Exit::Usage, format!("there is no diagnostic code `{text}`: {help}"))
    })
}

fn word(code: Code) -> &'static str {
    match code.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

fn record(code: Code) -> Value {
    json!({"code": code.as_str(), "severity": code.severity(), "title": code.title(), "page": page(code.page(), false)})
}

/// A page without its remarks to the tests; on a terminal headings are bold, code is indented, and paragraphs are broken anew.
fn page(markdown: &str, is_terminal: bool) -> String {
    let lines = markdown.lines().filter(|line| !line.starts_with("<!--"));
    if !is_terminal {
        return lines.flat_map(|line| [line, "\n"]).collect();
    }
    let (mut out, mut paragraph, mut is_code) = (String::new(), String::new(), false);
    for line in lines {
        let is_fence = line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if !(is_code || is_fence || line.is_empty() || heading.len() < line.len()) {
            paragraph.push_str(line);
            paragraph.push(' ');
            continue;
        }
        out.push_str(&wrapped(&std::mem::take(&mut paragraph)));
        is_code ^= is_fence;
        match is_fence.then(|| line.split_once("file=")) {
            // The fence of a file that has a name shows that name.
            Some(Some((_, name))) => out.push_str(&format!("    \u{1b}[2m{name}:\u{1b}[0m\n")),
            Some(None) => {}
            None if is_code => out.push_str(&format!("    {line}\n")),
            None if line.is_empty() => out.push('\n'),
            None => out.push_str(&format!("\u{1b}[1m{}\u{1b}[0m\n", heading.trim())),
        }
    }
    out + &wrapped(&paragraph)
}

/// Columns that a paragraph takes on a terminal.
const WIDTH: usize = 100;

/// A paragraph broken between words.
fn wrapped(text: &str) -> String {
    let (mut out, mut length) = (String::new(), 0);
    for word in text.split_whitespace() {
        let room = word.chars().count() + 1;
        if length > 0 {
            out.push(if length + room > WIDTH { '\n' } else { ' ' });
        }
        length = if length + room > WIDTH { room } else { length + room };
        out.push_str(word);
    }
    if length > 0 {
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_plain_or_drawn() {
        let markdown = "# T\n<!-- setup: x -->\n## Wrong\n```yaml file=a.yaml\na: 1 # b\n```\n```text\nc\n```\n";
        assert_eq!(page(markdown, false), markdown.replace("<!-- setup: x -->\n", ""));
        let (bold, dim, end) = ("\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m");
        let drawn = format!("{bold}T{end}\n{bold}Wrong{end}\n    {dim}a.yaml:{end}\n    a: 1 # b\n    c\n");
        assert_eq!(page(markdown, true), drawn);
        let long = "word ".repeat(30);
        let lines: Vec<String> = page(&format!("{long}\n{long}"), true).lines().map(str::to_owned).collect();
        assert_eq!((lines.len(), lines.join(" ")), (3, long.repeat(2).trim().to_owned()));
        assert!(lines.iter().all(|line| line.len() <= WIDTH));
    }
}
