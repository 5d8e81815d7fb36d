//! Where the parser gives up: the mistakes that people make, each in its own words; else the parser's.

use super::mapping::unquoted_template;
use super::words::too_deep;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Source};
use serde_saphyr::granit_parser::{ErrorKind, ScanError};
use std::ops::Range;

/// The finding for an error of the parser in a source.
pub fn finding(error: &ScanError, source: &Source, number: usize) -> Diagnostic {
    let text = source.text();
    let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
    let line = source.span(0, at..at).line;
    let lines = [line, line.saturating_sub(1).max(1)].map(|line| source.lines().line(text, line));
    let (finding, range) = bare_variable(text, at)
        .or_else(|| of_lines(text, &lines))
        .or_else(|| of_kind(error.kind(), text, at))
        .unwrap_or_else(|| (in_its_own_words(error), at..at));
    finding.at("", Some(source.span(number, widen(text, range))))
}

/// An error's place is often a point: underline at least the character there, at the end of the text the last one.
fn widen(text: &str, range: Range<usize>) -> Range<usize> {
    let last = text.trim_end().len().saturating_sub(1);
    let start = (0..=range.start.min(last)).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let next = text.get(start..).and_then(|rest| rest.chars().next()).map_or(0, char::len_utf8);
    start..range.end.min(last + 1).max(start + next)
}

/// What the error's line shows, or the one before it, which is the culprit where a value goes on against its author's will.
fn of_lines(text: &str, lines: &[Range<usize>]) -> Option<(Diagnostic, Range<usize>)> {
    // So long a line is no person's.
    let lines = lines.iter().enumerate().filter(|(_, line)| line.len() <= 10_000);
    let mut found = lines.filter_map(|(at, line)| {
        let inside = text.get(line.clone())?;
        let shifted = |range: Range<usize>| line.start + range.start..line.start + range.end;
        if let Some(range) = bare_template(inside) {
            return Some((unquoted_template(inside.get(range.clone())?), shifted(range)));
        }
        if let Some(at) = tab_in_indentation(inside).filter(|_| at == 0) {
            let finding = Diagnostic::new(Code::Tab, "a tab in the indentation, which YAML does not allow");
            return Some((finding.help("indent with spaces; most editors turn tabs into them"), shifted(at..at + 1)));
        }
        let range = missing_blank(inside)?;
        Some((no_blank(inside.get(range.clone())?), shifted(range)))
    });
    found.next()
}

/// `${NAME}` within `{ }` or `[ ]`, where a text without quotes ends at a brace.
fn bare_variable(text: &str, at: usize) -> Option<(Diagnostic, Range<usize>)> {
    let start = at.checked_sub(1).filter(|start| text.get(*start..).is_some_and(|rest| rest.starts_with("${")))?;
    let end = text.get(start..).and_then(|rest| rest.find(['}', '\n'])).map_or(text.len(), |end| start + end + 1);
    let written = text.get(start..end)?.trim_end();
    let message = format!("`{written}` without quotes: within `{{ }}` and `[ ]` YAML ends a text at a brace");
    let finding =
        Diagnostic::new(Code::UnquotedTemplate, message).help(format!("put the whole value in quotes: \"{written}\""));
    Some((finding, start..end))
}

/// A value of a line that begins with `{{` or `{%`, without quotes.
fn bare_template(line: &str) -> Option<Range<usize>> {
    let at = ["{{", "{%"].iter().filter_map(|open| line.find(open)).min()?;
    let before = line.get(..at)?.trim_end();
    let begins_value = before.is_empty() || before.ends_with([':', '-', '[', ',']);
    (begins_value && !is_in_quotes(before)).then(|| at..line.trim_end().len())
}

/// A quote is open at its end.
fn is_in_quotes(text: &str) -> bool {
    let mut open = None;
    for sign in text.chars().filter(|sign| matches!(sign, '"' | '\'')) {
        match open {
            None => open = Some(sign),
            Some(quote) if quote == sign => open = None,
            Some(_) => {}
        }
    }
    open.is_some()
}

fn tab_in_indentation(line: &str) -> Option<usize> {
    let indentation = line.len() - line.trim_start_matches([' ', '\t']).len();
    line.get(..indentation)?.find('\t')
}

/// `key:value`, which YAML takes for a text. A place like `http://x` is one.
pub fn missing_blank(line: &str) -> Option<Range<usize>> {
    let trimmed = line.trim_start();
    let trimmed = trimmed.strip_prefix("- ").map_or(trimmed, str::trim_start);
    let (key, value) = trimmed.split_once(':')?;
    let is_name = key.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let is_glued = !value.is_empty() && !value.starts_with([' ', '\t', '/', '\\', ':']) && !value.contains(": ");
    let start = line.len() - trimmed.len();
    (is_name && is_glued).then(|| start..line.trim_end().len())
}

/// The finding about `key:value`.
pub fn no_blank(text: &str) -> Diagnostic {
    let (key, value) = text.split_once(':').unwrap_or((text, ""));
    let message = format!("no blank behind the colon of `{key}`: YAML takes it all for one text");
    let value: String = value.chars().take(40).collect();
    Diagnostic::new(Code::MissingBlank, message).help(format!("write `{key}: {value}`"))
}

/// What the kind of the error says.
fn of_kind(kind: &ErrorKind, text: &str, at: usize) -> Option<(Diagnostic, Range<usize>)> {
    let syntax = |message: &str, help: &str| Some((Diagnostic::new(Code::YamlSyntax, message).help(help), at..at));
    match kind {
        ErrorKind::RecursionLimitExceeded => Some((too_deep(), at..at)),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => {
            let place = text.get(at..).and_then(|rest| rest.find('\t')).map_or(at, |tab| at + tab);
            let finding = Diagnostic::new(Code::Tab, "a tab in the indentation, which YAML does not allow");
            Some((finding.help("indent with spaces; most editors turn tabs into them"), place..place + 1))
        }
        ErrorKind::DirectiveDisallowed => syntax(
            "a directive of YAML (`%…`), which flows do not have",
            "take the line out; quote a text that begins with `%`",
        ),
        ErrorKind::BomInsideDocument => {
            syntax("a byte order mark within the text", "take it out: two files were joined here")
        }
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            let message = format!("the sign U+{:04X}, which no YAML text may hold", u32::from(*character));
            Some((
                Diagnostic::new(Code::YamlSyntax, message).help("take it out, or write it as `\\x..` in double quotes"),
                at..at,
            ))
        }
        ErrorKind::UnexpectedCharacter { character } => {
            let message = format!("a value cannot begin with `{character}`");
            Some((Diagnostic::new(Code::YamlSyntax, message).help("put it in quotes"), at..at))
        }
        ErrorKind::MappingValueNotAllowed => syntax(
            "a colon where no key can be",
            "quote a text that holds `: `; a key of a mapping stands in a line of its own, as far to the right as its neighbours",
        ),
        ErrorKind::ExpectedBlockMappingKey => syntax(
            "a key of the mapping around is expected here",
            "check the indentation: keys of one mapping stand one below the other",
        ),
        ErrorKind::ExpectedBlockSequenceEntry => syntax(
            "an item of the list around is expected here",
            "check the indentation: items of one list begin with `- ` one below the other",
        ),
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            syntax("a quote that is never closed", "close it, or double it within the text")
        }
        ErrorKind::UnclosedFlowCollection { open } => {
            let message = format!("`{open}` is never closed");
            Some((
                Diagnostic::new(Code::YamlSyntax, message).help("close it, or quote a text that begins with it"),
                at..at,
            ))
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar | ErrorKind::InvalidTrailingSingleQuotedScalar => syntax(
            "something follows the closing quote",
            "put the whole value in quotes; within them, double a quote or choose the other kind",
        ),
        ErrorKind::UnknownQuotedScalarEscape => syntax(
            "`\\` and this letter mean nothing in double quotes",
            "write `\\\\` for a backslash, or use single quotes",
        ),
        _ => None,
    }
}

fn in_its_own_words(error: &ScanError) -> Diagnostic {
    let message = error.kind().to_string();
    let help = "indent with spaces, quote texts that hold `: ` or begin with `{`, `[`, `*`, `&`, `!` or `%`";
    Diagnostic::new(Code::YamlSyntax, message.trim_end_matches('.')).help(help)
}
