//! Rust text without its comments and literals, so that a word in a comment is never taken for code.

/// The text with comments, strings and characters blanked out. Lines keep their numbers.
pub fn code(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut after_word = false;
    while let Some(first) = rest.chars().next() {
        if let Some(blank) = blank_prefix(rest, after_word) {
            code.push(' ');
            code.extend(rest.chars().zip(0..blank).map(|(char, _)| char).filter(|char| *char == '\n'));
            rest = skip(rest, blank);
            after_word = false;
        } else {
            code.push(first);
            after_word = is_word(first);
            rest = skip(rest, 1);
        }
    }
    code
}

/// A character of identifiers and numbers.
pub fn is_word(char: char) -> bool {
    char == '_' || char.is_alphanumeric()
}

fn skip(text: &str, chars: usize) -> &str {
    text.char_indices().nth(chars).map_or("", |(at, _)| text.split_at(at).1)
}

/// How many characters the comment or literal at the start of `rest` has; none if there is code.
fn blank_prefix(rest: &str, after_word: bool) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.chars().take_while(|char| *char != '\n').count());
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    if rest.starts_with('"') {
        return Some(string(rest));
    }
    if rest.starts_with('\'') {
        return character(rest);
    }
    if after_word { None } else { raw_string(rest) }
}

/// Block comments nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, char) in rest.chars().enumerate() {
        match (previous, char) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth = depth.saturating_sub(1),
            _ => {
                previous = char;
                continue;
            }
        }
        if depth == 0 {
            return at + 1;
        }
        // `/*/` opens a comment and does not close it.
        previous = ' ';
    }
    rest.chars().count()
}

fn string(rest: &str) -> usize {
    let mut escaped = false;
    for (at, char) in rest.chars().enumerate().skip(1) {
        match char {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.chars().count()
}

/// `'a'` and `'\n'` are characters, `'a` is a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut chars = rest.chars().skip(1);
    if chars.next()? == '\\' {
        // Past the quote, the backslash and what it escapes, the next quote ends it.
        return rest.chars().skip(3).position(|char| char == '\'').map(|at| at + 4);
    }
    (chars.next()? == '\'').then_some(3)
}

/// `r"…"`, `r#"…"#` and their kin with `b` or `c` in front; `r#type` is an identifier.
fn raw_string(rest: &str) -> Option<usize> {
    let body = ["r", "br", "cr"].into_iter().find_map(|prefix| rest.strip_prefix(prefix))?;
    let hashes = body.chars().take_while(|char| *char == '#').count();
    let inside = skip(body, hashes).strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let closed = inside.split_once(&end).map_or(inside, |(before, _)| before).chars().count();
    let opening = rest.chars().count() - inside.chars().count();
    Some((opening + closed + end.len()).min(rest.chars().count()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        code(text).split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn comments_and_literals_are_blank() {
        assert_eq!(words("a // b\nc /* d /* e */ f */ g"), ["a", "c", "g"]);
        assert_eq!(words("a /*/ b */ c"), ["a", "c"]);
        assert_eq!(words(r#"a "b \" c" d"#), ["a", "d"]);
        assert_eq!(words("a r#\"b \" c\"# d br\"e\" f"), ["a", "d", "f"]);
        assert_eq!(words("a '\\'' b '\\u{1}' c '\"' d"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        assert_eq!(words("a<'b> 'c: d r#type"), ["a<'b>", "'c:", "d", "r#type"]);
    }

    #[test]
    fn lines_keep_their_numbers() {
        assert_eq!(code("/* a\nb */ c \"d\ne\" f").lines().count(), 3);
    }
}
