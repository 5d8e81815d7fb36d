//! Findings for people: the source line, a caret, a help line, and one verdict with counts.

use super::record::path;
use super::{Diagnostic, Diagnostics, Severity};
use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

/// A line longer than this gets no place in words beside the place in numbers.
const WIDEST: usize = 120;

/// Draws all findings by place, warnings first: what keeps the flow from being built stands next to the verdict.
/// `colour` for a terminal.
pub fn render(diagnostics: &Diagnostics, colour: bool) -> String {
    let renderer = if colour { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let mut out = String::new();
    let mut items = diagnostics.sorted();
    items.sort_by_key(|item| std::cmp::Reverse(item.severity()));
    for item in items {
        let drawn = renderer.render(&[group(item, diagnostics)]);
        out.push_str(&with_path(&drawn, &path(&item.pointer, &diagnostics.ids)));
        out.push_str("\n\n");
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
        Some(span) => {
            let annotation = AnnotationKind::Primary.span(span.bytes.clone()).label(item.label.as_deref());
            title.element(Snippet::source(&all.text).path(&all.file).annotation(annotation))
        }
        None => title.element(annotate_snippets::Origin::path(&all.file)),
    };
    if let Some(help) = &item.help {
        group = group.element(Level::HELP.message(help));
    }
    group
}
