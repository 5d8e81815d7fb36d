//! SQL in configurations: an expression that cannot leave its parentheses, and a query that only reads.

use sqlparser::ast::{SetExpr, Statement, TableFactor, Visit, Visitor};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;
use sqlparser::tokenizer::Token;
use std::ops::ControlFlow;

/// Bytes of an SQL text: what is made of it takes a hundred times as much.
const LONGEST: usize = 200_000;

/// Parses `text` as one SQL expression; the error says what stands in the way.
pub(crate) fn parse_expression(text: &str) -> Result<(), String> {
    // All columns, where a module takes a list of them; the executor refuses it elsewhere.
    if text.trim() == "*" {
        return Ok(());
    }
    let mut parser = parser(text)?;
    parser.parse_expr().map_err(|error| clean(&error.to_string()))?;
    match parser.peek_token().token {
        Token::EOF => Ok(()),
        rest => Err(format!("`{rest}` follows where it should end")),
    }
}

/// Parses `text` as one query that reads tables and does nothing else; the error says what stands in the way.
pub(crate) fn parse_query(text: &str) -> Result<(), String> {
    let statements = parser(text)?.parse_statements().map_err(|error| clean(&error.to_string()))?;
    match statements.as_slice() {
        [] => Err("it is empty".to_owned()),
        [Statement::Query(query)] => match query.visit(&mut Reads) {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(what) => Err(what),
        },
        [other] => {
            let text = other.to_string();
            let word = text.split_whitespace().next().unwrap_or_default();
            Err(format!("it is a {word}, and no SELECT"))
        }
        many => Err(format!("it is {} statements, and not one", many.len())),
    }
}

fn parser(text: &str) -> Result<Parser<'_>, String> {
    if text.len() > LONGEST {
        return Err(format!("it is longer than {LONGEST} bytes"));
    }
    Parser::new(&GenericDialect {}).try_with_sql(text).map_err(|error| clean(&error.to_string()))
}

fn clean(error: &str) -> String {
    let error = error.trim_start_matches("sql parser error: ");
    error.replace(", found: EOF", ", found its end").replace("at Line: 1, Column: ", "at character ")
}

/// Stops at what does more than read the tables that are there.
struct Reads;

impl Visitor for Reads {
    type Break = String;

    fn pre_visit_query(&mut self, query: &sqlparser::ast::Query) -> ControlFlow<String> {
        match &*query.body {
            SetExpr::Select(select) if select.into.is_some() => ControlFlow::Break("`INTO` writes a table".to_owned()),
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_statement(&mut self, statement: &Statement) -> ControlFlow<String> {
        let text = statement.to_string();
        ControlFlow::Break(format!("a {} stands in it", text.split_whitespace().next().unwrap_or_default()))
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => {
                ControlFlow::Break(format!("`{name}(…)` is no input: rows come by input ports"))
            }
            TableFactor::TableFunction { expr, .. } => {
                ControlFlow::Break(format!("`{expr}` is no input: rows come by input ports"))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expression_cannot_leave_its_parentheses() {
        for good in ["age > 18", "a IS NULL OR b LIKE 'x%'", "coalesce(x, 0) BETWEEN 1 AND 2", "\"odd name\" = 'it''s'"]
        {
            assert_eq!(parse_expression(good), Ok(()), "{good}");
        }
        for bad in ["", "age >", "a) OR (1=1", "a; DROP TABLE x", "a b c", "a > 'open", "a -- comment\n) x"] {
            assert!(parse_expression(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_query_reads_and_does_nothing_else() {
        let good = [
            "SELECT * FROM a",
            "WITH b AS (SELECT 1 AS x) SELECT * FROM a JOIN b USING (x) -- why",
            "SELECT x FROM a UNION ALL BY NAME SELECT x FROM b ORDER BY x LIMIT 3;",
            "SELECT * EXCLUDE (x) FROM a SEMI JOIN b ON a.x = b.x",
            "(SELECT 1 AS x)",
            "SELECT unnest(parts) AS part FROM a",
        ];
        for good in good {
            assert_eq!(parse_query(good), Ok(()), "{good}");
        }
        let bad = [
            ("", "it is empty"),
            ("SELECT 1; SELECT 2", "it is 2 statements"),
            ("DROP TABLE a", "it is a DROP"),
            ("INSERT INTO a SELECT 1", "it is a INSERT"),
            ("SELECT * INTO b FROM a", "`INTO` writes a table"),
            ("SELECT * FROM read_csv('/etc/passwd')", "`read_csv(…)` is no input"),
            ("WITH b AS (DELETE FROM a) SELECT 1", "a DELETE stands in it"),
            ("SELECT * FROM (SELECT * FROM read_parquet('x')) AS b", "`read_parquet(…)` is no input"),
            ("EXPLAIN SELECT 1", "it is a EXPLAIN"),
            ("SELECT * FORM a", "Expected"),
        ];
        for (bad, why) in bad {
            let told = parse_query(bad).unwrap_err();
            assert!(told.contains(why), "{bad}: {told}");
        }
    }
}
