//! What stands in an SQL expression, and where: the columns that it names, and its parts, the innermost first.

use crate::config::leaves::OwnTables;
use sqlparser::ast::{Expr, Ident, Spanned, visit_expressions, visit_expressions_mut};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span};
use std::borrow::Cow;
use std::ops::{ControlFlow, Range};

/// Columns of own tables within each other that are written out.
const DEEPEST: usize = 32;

/// Bytes of an expression that is written out.
const LONGEST: usize = 200_000;

/// The text with NULL in the place of each template, so that all else stays where it is. None where a template may be part of a name.
pub(super) fn without_templates(text: &str) -> Option<Cow<'_, str>> {
    if text.contains("{%") || text.contains("{#") {
        return None;
    }
    let mut made = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, template) = rest.split_at(start);
        let (template, after) = template.split_at(template.find("}}")? + 2);
        let joins = |neighbour: Option<char>| {
            neighbour.is_some_and(|sign| sign.is_alphanumeric() || matches!(sign, '_' | '"' | '`' | '.' | '{' | '}'))
        };
        if joins(before.chars().next_back()) || joins(after.chars().next()) {
            return None;
        }
        made.push_str(before);
        made.push_str(&format!("{:<1$}", "NULL", template.len()));
        rest = after;
    }
    Some(if made.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(made + rest) })
}

/// A name with its parts, and their bytes in the text.
pub(super) struct Name {
    pub parts: Vec<(String, Range<usize>)>,
}

/// A part of an expression.
pub(super) struct Part {
    /// As SQL.
    pub sql: String,
    /// Its bytes in the text, as far as the parser tells.
    pub bytes: Range<usize>,
    depth: usize,
}

/// An expression, parsed.
pub(super) struct Expression<'a> {
    text: &'a str,
    root: Expr,
}

impl<'a> Expression<'a> {
    /// None if it cannot be parsed, which others tell, or if it holds a query, whose names are its own.
    pub fn parse(text: &'a str) -> Option<Self> {
        let root = Parser::new(&GenericDialect {}).try_with_sql(text).ok()?.parse_expr().ok()?;
        let has_query = |expr: &Expr| {
            let is_query = matches!(expr, Expr::Subquery(_) | Expr::InSubquery { .. } | Expr::Exists { .. });
            if is_query { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        visit_expressions(&root, has_query).is_continue().then_some(Self { text, root })
    }

    /// The names of columns, in the order of their places.
    pub fn names(&self) -> Vec<Name> {
        let mut found: Vec<Name> = Vec::new();
        let part = |ident: &Ident| (ident.value.clone(), self.bytes(ident.span));
        let _ = visit_expressions(&self.root, |expr| {
            match expr {
                Expr::Identifier(ident) => found.push(Name { parts: vec![part(ident)] }),
                Expr::CompoundIdentifier(idents) => found.push(Name { parts: idents.iter().map(part).collect() }),
                _ => {}
            }
            ControlFlow::<()>::Continue(())
        });
        found.sort_by_key(|name| name.parts.first().map(|(_, bytes)| bytes.start));
        found
    }

    /// All parts of more than a name or a value, those inside before those around them; itself last.
    pub fn parts(&self) -> Vec<Part> {
        let (mut found, mut depth) = (Vec::new(), 0);
        // Outer parts come first: turned about, each stands behind what it holds.
        let _ = visit_expressions(&self.root, |expr| {
            depth += 1;
            if !matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Value(_) | Expr::Nested(_)) {
                found.push(Part { sql: expr.to_string(), bytes: self.bytes(expr.span()), depth });
            }
            ControlFlow::<()>::Continue(())
        });
        found.sort_by_key(|part| std::cmp::Reverse(part.depth));
        found
    }

    fn bytes(&self, span: Span) -> Range<usize> {
        bytes_of(self.text, span)
    }
}

/// An expression in which what stands for columns of own tables is written out; as it is where that has no end.
pub(super) fn written_out(sql: &str, own: &OwnTables<'_>) -> String {
    let parse = |text: &str| Parser::new(&GenericDialect {}).try_with_sql(text).ok()?.parse_expr().ok();
    let Some(mut root) = parse(sql).filter(|_| own.values().any(|columns| !columns.is_empty())) else {
        return sql.to_owned();
    };
    for _ in 0..DEEPEST {
        let mut is_done = true;
        let _ = visit_expressions_mut(&mut root, |expr| {
            let made = match &*expr {
                Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                    [table, column, ..] => own.get(table.value.as_str()).and_then(|own| own.get(column.value.as_str())),
                    _ => None,
                },
                _ => None,
            };
            if let Some(made) = made.and_then(|made| parse(made)) {
                *expr = Expr::Nested(Box::new(made));
                is_done = false;
            }
            ControlFlow::<()>::Continue(())
        });
        let text = root.to_string();
        if is_done {
            return text;
        }
        if text.len() > LONGEST {
            break;
        }
    }
    sql.to_owned()
}

/// The bytes of a part of a text, as the parser tells where it stands; else all of it.
pub(super) fn bytes_of(text: &str, span: Span) -> Range<usize> {
    match (offset(text, span.start), offset(text, span.end)) {
        (Some(start), Some(end)) if start < end => start..end,
        _ => 0..text.len(),
    }
}

/// Lines and columns count from 1, columns in characters.
fn offset(text: &str, at: Location) -> Option<usize> {
    let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
    let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text.get(start..)?;
    Some(start + rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_know_their_places() {
        let text = "ä.b > 1 AND\n upper(\"Odd name\") = 'x'";
        let expression = Expression::parse(text).unwrap();
        let names: Vec<Vec<&str>> = expression
            .names()
            .iter()
            .map(|name| name.parts.iter().map(|(_, bytes)| &text[bytes.clone()]).collect())
            .collect();
        assert_eq!(names, [vec!["ä", "b"], vec!["\"Odd name\""]]);
        assert!(Expression::parse("a IN (SELECT b FROM c)").is_none());
        assert!(Expression::parse("a >").is_none());
    }

    #[test]
    fn templates_leave_all_else_where_it_is() {
        let text = "region = '{{ iter.item.ü }}' AND amount > {{ x }}";
        let made = without_templates(text).unwrap();
        assert_eq!((made.len(), made.find("amount")), (text.len(), text.find("amount")));
        assert!(Expression::parse(&made).is_some());
        for part_of_a_name in
            ["a_{{ x }} > 1", "{{ x }}_a > 1", "\"{{ x }}\" > 1", "t.{{ x }} > 1", "{% if x %}a{% endif %}", "{{ x"]
        {
            assert!(without_templates(part_of_a_name).is_none(), "{part_of_a_name}");
        }
        assert_eq!(without_templates("a > 1").unwrap(), "a > 1");
    }

    #[test]
    fn columns_of_own_tables_are_written_out() {
        let own = OwnTables::from([("var", [("a", "x + 1"), ("b", "var.a * 2"), ("c", "var.c")].into())]);
        assert_eq!(written_out("upper(var.b) || input.y", &own), "upper(((x + 1) * 2)) || input.y");
        assert_eq!(written_out("var.c", &own), "var.c");
        assert_eq!(written_out("var.d", &own), "var.d");
    }

    #[test]
    fn parts_come_from_the_inside_out() {
        let parts = Expression::parse("(a + b) > 1 AND c").unwrap().parts();
        let texts: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
        assert_eq!(texts, ["a + b", "(a + b) > 1", "(a + b) > 1 AND c"]);
    }
}
