//! What stands in an SQL expression, and where: the columns that it names, and its parts, the innermost first.

use sqlparser::ast::{Expr, Ident, Spanned, visit_expressions};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Location, Span};
use std::ops::{ControlFlow, Range};

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
        match (self.offset(span.start), self.offset(span.end)) {
            (Some(start), Some(end)) if start < end => start..end,
            _ => 0..self.text.len(),
        }
    }

    /// Lines and columns count from 1, columns in characters.
    fn offset(&self, at: Location) -> Option<usize> {
        let line = usize::try_from(at.line).ok()?.checked_sub(1)?;
        let column = usize::try_from(at.column).ok()?.checked_sub(1)?;
        let start: usize = self.text.split_inclusive('\n').take(line).map(str::len).sum();
        let rest = self.text.get(start..)?;
        Some(start + rest.char_indices().map(|(at, _)| at).chain([rest.len()]).nth(column)?)
    }
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
    fn parts_come_from_the_inside_out() {
        let parts = Expression::parse("(a + b) > 1 AND c").unwrap().parts();
        let texts: Vec<&str> = parts.iter().map(|part| part.sql.as_str()).collect();
        assert_eq!(texts, ["a + b", "(a + b) > 1", "(a + b) > 1 AND c"]);
    }
}
