//! Pieces of SQL for modules that lower, written so that a configured text stays what it is.

/// A name in double quotes, with quotes inside doubled.
pub fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text in single quotes, with quotes inside doubled.
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_cannot_break_out() {
        assert_eq!(identifier(r#"a" b"#), r#""a"" b""#);
        assert_eq!(literal("it's"), "'it''s'");
    }
}
