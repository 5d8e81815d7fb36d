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

/// A page without its remarks to the tests; on a terminal headings are bold and code is indented.
fn page(markdown: &str, is_terminal: bool) -> String {
    let (mut out, mut is_code) = (String::new(), false);
    for line in markdown.lines().filter(|line| !line.starts_with("<!--")) {
        let is_fence = line.starts_with("```");
        is_code ^= is_fence;
        match line.trim_start_matches('#') {
            _ if !is_terminal => out.push_str(line),
            // The fence of a file that has a name shows that name.
            _ if is_fence => match line.split_once("file=") {
                Some((_, name)) => out.push_str(&format!("    \u{1b}[2m{name}:\u{1b}[0m")),
                None => continue,
            },
            _ if is_code => out.push_str(&format!("    {line}")),
            heading if heading.len() < line.len() => out.push_str(&format!("\u{1b}[1m{}\u{1b}[0m", heading.trim())),
            _ => out.push_str(line),
        }
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
    }
}
