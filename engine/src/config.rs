//! A node's configuration against its module's schema: checked at build, and again at run once templates are resolved.

use crate::json_schema::{Checker, Violation};
use pypeline_schema::manifest::ModuleManifest;
use serde_json::{Map, Value};
use sqlparser::dialect::GenericDialect;
use sqlparser::parser::Parser;

/// All violations of a configuration.
pub fn check(manifest: &ModuleManifest, config: &Map<String, Value>) -> Result<Vec<Violation>, String> {
    Ok(checker(manifest)?.check(&Value::Object(config.clone())))
}

/// What checks the configurations of a module: it takes longer to make than to use.
pub fn checker(manifest: &ModuleManifest) -> Result<Checker, String> {
    Checker::new(manifest.config_json_schema.clone())
}

/// The configuration with the defaults of the schema for what is not given.
pub fn with_defaults(manifest: &ModuleManifest, config: &Map<String, Value>) -> Map<String, Value> {
    let mut full = config.clone();
    for (name, field) in &manifest.config_schema.optional {
        if let Some(default) = &field.default {
            full.entry(name.clone()).or_insert_with(|| default.clone());
        }
    }
    full
}

/// The `format` in a schema of keys whose values are SQL expressions.
pub const SQL_EXPRESSION: &str = "sql-expression";

/// The `format` of keys whose texts are lines for a shell: `${…}` in them is the shell's.
pub const SHELL_COMMAND: &str = "shell-command";

/// Bytes of an SQL expression: what is made of it takes a hundred times as much.
const LONGEST_EXPRESSION: usize = 200_000;

/// The keys of a `format` in the schema.
pub fn keys_of_format<'a>(manifest: &'a ModuleManifest, format: &str) -> Vec<&'a str> {
    let properties = manifest.config_json_schema.get("properties").and_then(Value::as_object);
    let is_it = |property: &Value| property.get("format").and_then(Value::as_str) == Some(format);
    let keys = properties.into_iter().flatten().filter(|(_, property)| is_it(property));
    keys.map(|(name, _)| name.as_str()).collect()
}

/// The keys whose values are SQL expressions.
pub fn expression_keys(manifest: &ModuleManifest) -> Vec<&str> {
    keys_of_format(manifest, SQL_EXPRESSION)
}

/// Parses `text` as one SQL expression; the error says what stands in the way.
pub fn parse_expression(text: &str) -> Result<(), String> {
    if text.len() > LONGEST_EXPRESSION {
        return Err(format!("it is longer than {LONGEST_EXPRESSION} bytes"));
    }
    let clean = |error: String| {
        let error = error.trim_start_matches("sql parser error: ").to_owned();
        error.replace(", found: EOF", ", found its end").replace("at Line: 1, Column: ", "at character ")
    };
    let mut parser = Parser::new(&GenericDialect {}).try_with_sql(text).map_err(|error| clean(error.to_string()))?;
    parser.parse_expr().map_err(|error| clean(error.to_string()))?;
    match parser.peek_token().token {
        sqlparser::tokenizer::Token::EOF => Ok(()),
        rest => Err(format!("`{rest}` follows where it should end")),
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
}
