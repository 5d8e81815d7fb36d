//! Names of tables in expressions, `customers.name` and the like, become names of columns of the one table that all is worked out in.

use pypeline_sdk::sql;

/// The main input.
pub const INPUT: &str = "input";

/// The table of variables.
pub const VARIABLES: &str = "var";

/// The column of the one table that holds a column of another; those of the main input keep their names.
pub fn flat(table: &str, column: &str) -> String {
    if table == INPUT { column.to_owned() } else { format!("__pype_{table}.{column}") }
}

/// An expression over the one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewritten {
    pub sql: String,
    /// Tables and their columns, in the order of the text.
    pub used: Vec<(String, String)>,
}

/// Rewrites an expression: `column_of` says which column stands for a table's. What is in texts and comments, and what begins with no
/// table, stays as it is.
pub fn rewrite(text: &str, column_of: impl Fn(&str, &str) -> Option<String>) -> Rewritten {
    let pieces = pieces(text);
    let (mut made, mut used) = (String::with_capacity(text.len()), Vec::new());
    let (mut at, mut is_inner) = (0, false);
    let skip_blank = |mut at: usize| {
        while matches!(pieces.get(at), Some(Piece::Blank(_))) {
            at += 1;
        }
        at
    };
    while let Some(piece) = pieces.get(at) {
        if let (Piece::Word(_, table), false) = (piece, is_inner) {
            let dot = skip_blank(at + 1);
            let column = skip_blank(dot + 1);
            if let (Some(Piece::Dot), Some(Piece::Word(_, name))) = (pieces.get(dot), pieces.get(column))
                && let Some(new) = column_of(table, name)
            {
                made.push_str(&sql::identifier(&new));
                used.push((table.clone(), name.clone()));
                at = column + 1;
                continue;
            }
        }
        match piece {
            Piece::Word(raw, _) | Piece::Other(raw) | Piece::Blank(raw) => made.push_str(raw),
            Piece::Dot => made.push('.'),
        }
        // What follows a dot leads into what stands before it.
        is_inner = match piece {
            Piece::Dot => true,
            Piece::Blank(_) => is_inner,
            Piece::Word(..) | Piece::Other(_) => false,
        };
        at += 1;
    }
    Rewritten { sql: made, used }
}

/// A part of an SQL text.
enum Piece<'a> {
    /// As written, and without its quotes.
    Word(&'a str, String),
    Dot,
    /// Blanks and comments.
    Blank(&'a str),
    Other(&'a str),
}

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        let length = match sign {
            '\'' => closed(rest, '\''),
            '"' | '`' => closed(rest, sign),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                rest.get(2..).and_then(|inner| inner.find("*/")).map_or(rest.len(), |end| end + 4)
            }
            '0'..='9' => until(rest, |sign| sign.is_alphanumeric() || sign == '.' || sign == '_'),
            _ if is_word(sign) => until(rest, is_word),
            _ if sign.is_whitespace() => until(rest, char::is_whitespace),
            _ => sign.len_utf8(),
        };
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        found.push(match sign {
            '"' | '`' => Piece::Word(piece, unquoted(piece, sign)),
            '.' => Piece::Dot,
            '-' | '/' if length > 1 => Piece::Blank(piece),
            _ if sign.is_whitespace() => Piece::Blank(piece),
            _ if is_word(sign) && !sign.is_ascii_digit() => Piece::Word(piece, piece.to_owned()),
            _ => Piece::Other(piece),
        });
        rest = after;
    }
    found
}

fn is_word(sign: char) -> bool {
    sign.is_alphanumeric() || matches!(sign, '_' | '@' | '#' | '$')
}

fn until(text: &str, holds: impl Fn(char) -> bool) -> usize {
    text.find(|sign| !holds(sign)).unwrap_or(text.len())
}

/// Bytes of a quoted text at the beginning; a doubled quote is part of it.
fn closed(text: &str, quote: char) -> usize {
    let mut at = 1;
    loop {
        let Some(end) = text.get(at..).and_then(|rest| rest.find(quote)) else { return text.len() };
        at += end + 1;
        if !text.get(at..).is_some_and(|rest| rest.starts_with(quote)) {
            return at;
        }
        at += 1;
    }
}

fn unquoted(piece: &str, quote: char) -> String {
    let inner = piece.strip_prefix(quote).unwrap_or(piece);
    let inner = inner.strip_suffix(quote).unwrap_or(inner);
    inner.replace(&format!("{quote}{quote}"), &quote.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(text: &str) -> String {
        let is_table = |table: &str| ["input", "customers", "var"].contains(&table);
        rewrite(text, |table, column| is_table(table).then(|| flat(table, column))).sql
    }

    #[test]
    fn names_of_tables_become_names_of_columns() {
        for (text, wanted) in [
            ("input.a + 1", r#""a" + 1"#),
            ("customers.name", r#""__pype_customers.name""#),
            (r#"customers . "odd "" name" || 'x'"#, r#""__pype_customers.odd "" name" || 'x'"#),
            (r#""customers".name"#, r#""__pype_customers.name""#),
            ("var.x*var.x", r#""__pype_var.x"*"__pype_var.x""#),
            ("a.input.b", "a.input.b"),
            ("input.place.town", r#""place".town"#),
            ("other.name", "other.name"),
            ("'input.a' || input.a -- input.b\n", "'input.a' || \"a\" -- input.b\n"),
            ("'it''s input.a'", "'it''s input.a'"),
            ("1.5 * input.a /* customers.b */", r#"1.5 * "a" /* customers.b */"#),
            (r#""input.a""#, r#""input.a""#),
            ("customers.größe", r#""__pype_customers.größe""#),
            ("f(input.a,customers.b)", r#"f("a","__pype_customers.b")"#),
            ("customers.", "customers."),
            ("input", "input"),
        ] {
            assert_eq!(rewritten(text), wanted, "{text}");
        }
    }

    #[test]
    fn what_is_left_open_ends_with_the_text() {
        for text in ["'open", "\"open", "/* open", "-- open", "input./*", "`"] {
            assert_eq!(rewritten(text), text);
        }
    }

    #[test]
    fn used_names_are_told_without_quotes() {
        let used = rewrite(r#"customers."b c" + var.x"#, |_, _| Some(String::new())).used;
        let wanted = [("customers".to_owned(), "b c".to_owned()), ("var".to_owned(), "x".to_owned())];
        assert_eq!(used, wanted);
    }
}
