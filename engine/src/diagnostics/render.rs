//! Findings for people: the source line, a caret, a help line, and one verdict with counts.
//!
//! Time and length are bounded, whatever the flow: of each code so many findings are drawn, and of a long line the part around
//! the place.

use super::code::Code;
use super::record::path;
use super::{Diagnostic, Diagnostics, Severity, Span};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Origin, Renderer, Snippet};
use std::collections::HashMap;
use std::ops::Range;

/// Findings of one code that are drawn; the rest is a number.
const MOST_DRAWN: usize = 100;

/// Bytes of a line that are drawn before and behind the place, if it is longer than both together.
const AROUND: usize = 120;

/// Lines of one place that are drawn.
const MOST_LINES: u32 = 4;

/// A line longer than this gets no place in words beside the place in numbers.
const WIDEST: usize = 120;

/// Draws all findings by place, warnings first: what keeps the flow from being built stands next to the verdict.
/// `colour` for a terminal.
pub fn render(diagnostics: &Diagnostics, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    let mut seen: HashMap<Code, usize> = HashMap::new();
    let mut items = diagnostics.sorted();
    items.sort_by_key(|item| std::cmp::Reverse(item.severity()));
    for item in items {
        let count = seen.entry(item.code).or_default();
        *count += 1;
        if *count <= MOST_DRAWN {
            let drawn = renderer.render(&[group(item, diagnostics)]);
            out.push_str(&with_path(&drawn, &path(&item.pointer, &diagnostics.ids)));
            out.push_str("\n\n");
        }
    }
    for code in Code::ALL {
        let kept = seen.get(code).map_or(0, |count| count.saturating_sub(MOST_DRAWN));
        let more = kept + diagnostics.left_out(*code);
        if more > 0 {
            out.push_str(&format!("and {more} more of {}: {}\n\n", code.as_str(), code.title()));
        }
    }
    out
}

/// The place in words, at the end of the line `--> file:line:column`, which is below the message.
fn with_path(drawn: &str, path: &str) -> String {
    let is_place = |line: &&str| line.contains("--> ");
    let Some(place) = drawn.lines().skip(1).find(is_place).filter(|_| !path.is_empty()) else {
        return drawn.to_owned();
    };
    if place.chars().count() + path.chars().count() + 2 > WIDEST {
        return drawn.to_owned();
    }
    let (message, rest) = drawn.split_once('\n').unwrap_or((drawn, ""));
    format!("{message}\n{}", rest.replacen(place, &format!("{place}  {path}"), 1))
}

/// `2 errors, 1 warning`.
pub fn verdict(diagnostics: &Diagnostics) -> String {
    let count = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    match diagnostics.counts() {
        (0, 0) => "no findings".to_owned(),
        (0, warnings) => count(warnings, "warning"),
        (errors, 0) => count(errors, "error"),
        (errors, warnings) => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

fn group<'a>(item: &'a Diagnostic, all: &'a Diagnostics) -> Group<'a> {
    let level = match item.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level.primary_title(&item.message).id(item.code.as_str());
    let mut group = match &item.span {
        Some(span) => snippet(title.elements(no_elements()), span, AnnotationKind::Primary, item.label.as_deref(), all),
        None => title.element(Origin::path(all.file())),
    };
    for (span, words) in &item.related {
        group = snippet(group, span, AnnotationKind::Context, Some(words), all);
    }
    if let Some(help) = &item.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}

fn no_elements<'a>() -> [Origin<'a>; 0] {
    []
}

/// The place in words, which the drawing would tell wrongly of a line that is cut.
fn origin<'a>(span: &Span, all: &'a Diagnostics) -> Origin<'a> {
    let number = |n: u32| usize::try_from(n).unwrap_or(usize::MAX);
    let name = all.sources().get(span.source).map_or("", |source| source.name());
    Origin::path(name).line(number(span.line)).char_column(number(span.col))
}

fn snippet<'a>(
    group: Group<'a>,
    span: &Span,
    kind: AnnotationKind,
    label: Option<&'a str>,
    all: &'a Diagnostics,
) -> Group<'a> {
    let Some(source) = all.sources().get(span.source) else { return group };
    let text = source.text();
    let lines = source.lines();
    let last = span.end_line.min(span.line.saturating_add(MOST_LINES - 1));
    let shown = lines.line(text, span.line).start..lines.line(text, last).end;
    let cut = around(text, shown, &span.bytes);
    let drawn = text.get(cut.clone()).unwrap_or_default();
    let inside = |at: usize| at.clamp(cut.start, cut.end) - cut.start;
    let annotation: Annotation<'a> = kind.span(inside(span.bytes.start)..inside(span.bytes.end)).label(label);
    let line = usize::try_from(span.line).unwrap_or(usize::MAX);
    let snippet = Snippet::source(drawn).line_start(line).annotation(annotation);
    match cut.start == lines.line(text, span.line).start {
        true => group.element(snippet.path(source.name())),
        false => group.element(origin(span, all)).element(snippet),
    }
}

/// What is drawn of `lines`: all of them, or of long ones what is around `place`.
fn around(text: &str, lines: Range<usize>, place: &Range<usize>) -> Range<usize> {
    if lines.len() <= 2 * AROUND {
        return lines;
    }
    let boundary = |at: usize| (0..=at).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let start = boundary(place.start.saturating_sub(AROUND)).max(lines.start);
    let end = boundary(place.start.saturating_add(AROUND).min(lines.end)).max(start);
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::Source;
    use std::sync::Arc;

    fn drawn(text: &str, bytes: impl Iterator<Item = Range<usize>>) -> String {
        let source = Arc::new(Source::new("flow.yaml", text));
        let mut all = Diagnostics::new(vec![Arc::clone(&source)]);
        for bytes in bytes {
            let finding = Diagnostic::new(Code::WrongValue, format!("wrong at {}", bytes.start)).help("mend it");
            all.push(finding.at("", Some(source.span(0, bytes.clone()))));
        }
        render(&all, false)
    }

    #[test]
    fn a_finding_shows_its_line_and_its_place() {
        let expected =
            "error[L007]: wrong at 8\n --> flow.yaml:2:4\n  |\n2 | b: 22\n  |    ^^\n  |\n  = help: mend it\n\n";
        assert_eq!(drawn("a: 1\nb: 22\n", std::iter::once(8..10)), expected);
    }

    #[test]
    fn of_a_long_line_what_is_around_the_place_is_drawn_and_the_column_is_right() {
        let text = format!("{}here{}", "ä".repeat(100_000), "b".repeat(100_000));
        let shown = drawn(&text, std::iter::once(200_000..200_004));
        assert!(shown.contains("flow.yaml:1:100001") && shown.len() < 2_000, "{shown}");
        assert!(shown.contains("^^^^"), "{shown}");
    }

    #[test]
    fn a_hundred_thousand_findings_are_a_hundred_and_a_number() {
        let shown = drawn(&"a\n".repeat(100_000), (0..100_000).map(|at| 2 * at..2 * at + 1));
        assert_eq!(shown.matches("wrong at").count(), 100);
        assert!(
            shown.ends_with("and 99900 more of L007: a value that the format does not allow\n\n"),
            "{}",
            &shown[shown.len() - 200..]
        );
    }

    #[test]
    fn places_in_other_files_are_drawn_with_them() {
        let sources = [("flow.yaml", "a: 1\n"), ("part.yaml", "x:\n  b: 2\n")];
        let sources = sources.map(|(name, text)| Arc::new(Source::new(name, text)));
        let mut all = Diagnostics::new(sources.to_vec());
        let finding = Diagnostic::new(Code::WrongValue, "twice").at("", Some(sources[1].span(1, 5..6)));
        all.push(finding.related(Some(sources[0].span(0, 0..1)), "the first"));
        let shown = render(&all, false);
        assert!(shown.contains("--> part.yaml:2:3") && shown.contains("flow.yaml:1:1"), "{shown}");
        assert!(shown.contains("the first"), "{shown}");
    }
}
