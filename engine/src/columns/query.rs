//! What stands in an SQL query, and where: the tables that it reads, and its words.

use super::expression::bytes_of;
use sqlparser::ast::{Query, Spanned, Statement, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::{Token, Tokenizer};
use std::collections::HashSet;
use std::ops::{ControlFlow, Range};

/// The tables that a query reads, but for those that it makes itself, each with the bytes of each place. None if it is no query, which
/// others tell.
pub(super) fn tables(text: &str) -> Option<Vec<(String, Range<usize>)>> {
    let statements = Parser::new(&GenericDialect {}).try_with_sql(text).ok()?.parse_statements().ok()?;
    let [Statement::Query(query)] = statements.as_slice() else { return None };
    let mut found = Tables { own: HashSet::new(), read: Vec::new() };
    let _ = query.visit(&mut found);
    let Tables { own, read } = found;
    let read = read.into_iter().filter(|(name, _)| !own.contains(name));
    Some(read.map(|(name, span)| (name, bytes_of(text, span))).collect())
}

/// The first place where a word stands in an SQL text, with quotes if it has any.
pub(super) fn word(text: &str, word: &str) -> Option<Range<usize>> {
    let tokens = Tokenizer::new(&GenericDialect {}, text).tokenize_with_location().ok()?;
    let found = tokens.into_iter().find(|token| matches!(&token.token, Token::Word(found) if found.value == word))?;
    Some(bytes_of(text, found.span))
}

struct Tables {
    own: HashSet<String>,
    read: Vec<(String, sqlparser::tokenizer::Span)>,
}

impl Visitor for Tables {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let own = query.with.iter().flat_map(|with| &with.cte_tables).map(|table| table.alias.name.value.clone());
        self.own.extend(own);
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, name: &sqlparser::ast::ObjectName) -> ControlFlow<()> {
        let parts: Vec<&str> =
            name.0.iter().filter_map(|part| part.as_ident()).map(|ident| ident.value.as_str()).collect();
        self.read.push((parts.join("."), name.span()));
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_of_inputs_are_told_from_own_ones() {
        let text = "WITH big AS (SELECT * FROM orders)\nSELECT * FROM big, \"odd one\" WHERE x IN (SELECT y FROM deep)";
        let found = tables(text).unwrap();
        let names: Vec<(&str, &str)> = found.iter().map(|(name, at)| (name.as_str(), &text[at.clone()])).collect();
        assert_eq!(names, [("orders", "orders"), ("odd one", "\"odd one\""), ("deep", "deep")]);
        assert!(tables("DROP TABLE a").is_none());
        assert_eq!(word(text, "odd one").map(|at| &text[at]), Some("\"odd one\""));
        assert_eq!(word("SELECT 'name' AS x", "name"), None);
    }
}
