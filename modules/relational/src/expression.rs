//! SQL expressions of a configuration: each has something in it, and stays within the parentheses that it is put in.

use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;

/// An SQL expression over the input's columns
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = "sql-expression"))]
pub struct Expression(String);

impl Expression {
    /// The text, if it can be put in parentheses. `key` is its place in the configuration.
    pub fn sql(&self, key: &str) -> Result<&str> {
        let text = self.0.trim();
        let wrong = |what: &str, help: &str| Err(Error::config(what).with("key", key).help(help));
        match reach(text) {
            _ if text.is_empty() => wrong("the expression is empty", "e.g. `upper(name)`, or leave the column out"),
            Ok(()) => Ok(text),
            Err(what) => wrong(&format!("`{text}` {what}"), "write one SQL expression"),
        }
    }

    /// The one function call that the expression is: its name and what stands in its parentheses.
    pub fn call(&self) -> Option<(&str, &str)> {
        let (name, rest) = self.0.trim().split_once('(')?;
        let arguments = rest.strip_suffix(')')?;
        let name = name.trim();
        let is_name = !name.is_empty() && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
        (is_name && reach(arguments).is_ok()).then_some((name, arguments))
    }

    /// It has such a word outside of quotes and comments.
    pub fn has_word(&self, word: &str) -> bool {
        let plain = plain(&self.0).unwrap_or_default();
        plain.split(|sign: char| !sign.is_alphanumeric() && sign != '_').any(|part| part.eq_ignore_ascii_case(word))
    }
}

/// Whether the text ends where it begins: no quote, comment or parenthesis is left open, and none is closed that it did not open.
fn reach(text: &str) -> std::result::Result<(), &'static str> {
    let mut depth = 0_usize;
    for sign in plain(text)?.chars() {
        match sign {
            '(' => depth += 1,
            ')' => depth = depth.checked_sub(1).ok_or("has a `)` without its `(`")?,
            ';' => return Err("has a `;`"),
            _ => {}
        }
    }
    if depth == 0 { Ok(()) } else { Err("has a `(` without its `)`") }
}

/// The text without what stands in quotes and comments.
fn plain(text: &str) -> std::result::Result<String, &'static str> {
    let mut left = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let after = rest.get(sign.len_utf8()..).unwrap_or_default();
        // A quote that is doubled within quotes ends them and begins them again: it comes to the same.
        let (end, open) = match sign {
            '\'' => ("'", "has an open `'`"),
            '"' => ("\"", "has an open `\"`"),
            '`' => ("`", "has an open quote"),
            '-' if after.starts_with('-') => {
                rest = after.split_once('\n').map_or("", |(_, rest)| rest);
                left.push(' ');
                continue;
            }
            '/' if after.starts_with('*') => ("*/", "has an open comment"),
            _ => {
                left.push(sign);
                rest = after;
                continue;
            }
        };
        let inside = if end == "*/" { after.get(1..).unwrap_or_default() } else { after };
        rest = inside.split_once(end).ok_or(open)?.1;
        left.push_str("''");
    }
    Ok(left)
}

/// A number, a text or a truth value of the configuration as SQL. None for anything else.
pub fn scalar(value: &pypeline_sdk::serde_json::Value) -> Option<String> {
    use pypeline_sdk::serde_json::Value;
    match value {
        Value::String(text) => Some(sql::literal(text)),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Expression {
        Expression(text.to_owned())
    }

    #[test]
    fn an_expression_stays_within_its_parentheses() {
        for good in ["a", "(a + b) * 2", "')' || \"odd ) name\"", "a -- why )", "a /* ) */ + b", "'it''s (' || a"] {
            assert!(of(good).sql("key").is_ok(), "{good}");
        }
        for bad in ["", "  ", "a) AS x, (b", "(a", "a;", "'open", "\"open", "a /* open", "a -- b\n)"] {
            assert!(of(bad).sql("key").is_err(), "{bad}");
        }
    }

    #[test]
    fn one_call_is_known_from_more_than_one() {
        assert_eq!(of(" sum( a ) ").call(), Some(("sum", " a ")));
        assert_eq!(of("lag(coalesce(a, 0), 2)").call(), Some(("lag", "coalesce(a, 0), 2")));
        for other in ["sum(a) + max(b)", "a", "(a)", "a + sum(b)", "sum(a) OVER ()", "\"f\"(a)"] {
            assert_eq!(of(other).call(), None, "{other}");
        }
        assert!(of("sum(a) OVER (ORDER BY b)").has_word("over"));
        assert!(!of("sum(\"over\") || 'over' || overs -- over").has_word("over"));
    }
}
