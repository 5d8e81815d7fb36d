//! Words that people bring along: other tools' triggers in a valve, other languages' operators and methods in a condition.
//!
//! Each gets the word that is meant here. To the template library they are unknown names or signs that do not belong.

use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, suggest};
use crate::template::Unknown;
use crate::template::tokens::{Kind, Token, tokens};
use std::ops::Range;

/// A finding about some bytes of a condition.
pub(super) type Misplaced = (Range<usize>, Diagnostic);

/// Words for when a link opens, in lower case without what joins their parts, and the word here.
const TRIGGERS: &[(&[&str], &str)] = &[
    (
        &[
            "onsubjobok",
            "oncomponentok",
            "onok",
            "success",
            "succeeded",
            "successful",
            "onsuccess",
            "allsuccess",
            "completed",
        ],
        "ok",
    ),
    (
        &[
            "onsubjoberror",
            "oncomponenterror",
            "onerror",
            "failed",
            "failure",
            "fail",
            "onfailure",
            "allfailed",
            "onefailed",
            "exception",
            "catch",
        ],
        "error",
    ),
    (&["alldone", "finally", "unconditional", "oncompletion", "done"], "always"),
    (&["otherwise", "elsewhere"], "else"),
    (&["foreach", "loop"], "iterate"),
    (&["parallelize", "tparallelize", "async", "background", "spawn"], "start"),
];

/// A condition that is nothing but another tool's word, one of ours as a text or as a call, or begins with a word for "if".
pub(super) fn trigger(text: &str) -> Option<Misplaced> {
    let found = |message: String, help: String| {
        Some((0..text.len(), Diagnostic::new(Code::ForeignTrigger, message).help(help)))
    };
    let bare = text.trim().trim_end_matches("()").trim_matches(['\'', '"', '`']);
    let ours = ["ok", "error", "always", "else", "iterate", "start"];
    if let Some(word) = ours.into_iter().find(|word| bare.eq_ignore_ascii_case(word)) {
        return found(
            format!("`{text}` is no condition, but the word `{word}` is"),
            format!("write `{word}`, without quotes or brackets"),
        );
    }
    let word: String = bare.chars().filter(|c| !matches!(c, ' ' | '_' | '-')).collect::<String>().to_lowercase();
    if let Some((_, ours)) = TRIGGERS.iter().find(|(words, _)| words.contains(&word.as_str())) {
        let more =
            if *ours == "start" { ", or give links the same order to run their targets at the same time" } else { "" };
        return found(format!("`{text}` is another tool's word: here it is `{ours}`"), format!("write `{ours}`{more}"));
    }
    if ["runif", "if", "when"].contains(&word.as_str()) {
        let help = "write the condition itself, e.g. `load__row_count > 0`".to_owned();
        return found(format!("`{text}` is no condition: what is to be asked?"), help);
    }
    let lower = text.to_ascii_lowercase();
    let head = ["runif", "run if", "if", "when"].into_iter().find(|head| {
        let after = lower.strip_prefix(head).and_then(|rest| rest.chars().next());
        after.is_some_and(|c| matches!(c, ' ' | '(' | ':'))
    })?;
    // `if(a) and b` is taken as far as it goes: the finding shows where, the help what stays.
    let rest = text.get(head.len()..).unwrap_or_default().trim_start_matches([':', ' ']).trim();
    let inner =
        rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).filter(|inner| !inner.contains(['(', ')']));
    let help = format!("write `{}`", inner.unwrap_or(rest));
    let message = format!("a condition stands alone, without `{}`", text.get(..head.len()).unwrap_or_default());
    Some((0..head.len(), Diagnostic::new(Code::ForeignTrigger, message).help(help)))
}

/// Operators of other languages, in a condition that cannot be parsed.
pub(super) fn operators(text: &str) -> Vec<Misplaced> {
    const SIGNS: [(&str, &str); 10] = [
        ("&&", "and"),
        ("&", "and"),
        ("||", "or"),
        ("!", "not"),
        ("=", "=="),
        (":=", "=="),
        ("===", "=="),
        ("!==", "!="),
        ("<>", "!="),
        ("=>", ">="),
    ];
    const WORDS: [&str; 4] = ["and", "or", "not", "in"];
    let mut found = words(text);
    for token in tokens(text) {
        let sign = SIGNS.iter().find(|(sign, _)| *sign == token.text).map(|(_, ours)| *ours);
        let word = || WORDS.into_iter().find(|word| *word != token.text && word.eq_ignore_ascii_case(token.text));
        if token.kind != Kind::Text
            && let Some(ours) = sign.or_else(word)
        {
            let message = format!("`{}` is no operator of conditions", token.text);
            found.push((token.at, finding(message, format!("write `{ours}`"))));
        }
    }
    if let Some(token) = tokens(text).into_iter().find(|token| token.text == "?").filter(|_| found.is_empty()) {
        let help = "write `a if condition else b`, or the condition alone".to_owned();
        found.push((token.at, finding("`?` is no operator of conditions".to_owned(), help)));
    }
    found.sort_by_key(|(at, _)| at.start);
    found
}

/// Words for nothing, true and false, methods, and Talend's map of globals: a condition with them may parse, and would fail in
/// the run.
pub(super) fn words(text: &str) -> Vec<Misplaced> {
    const VALUES: [(&str, &str); 4] = [("null", "none"), ("nil", "none"), ("true", "true"), ("false", "false")];
    let tokens = tokens(text);
    let text_at = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate().filter(|(_, token)| token.kind == Kind::Word) {
        let (before, after) = (text_at(at.checked_sub(1)), text_at(Some(at + 1)));
        if before == "." && after == "(" {
            found.push(method(token));
            continue;
        }
        if token.text == "globalMap" && before != "." {
            let help = "a global is written `node__variable`, e.g. `load__row_count > 0`".to_owned();
            found.push((token.at.clone(), finding("`globalMap` is Talend's: here globals are names".to_owned(), help)));
            continue;
        }
        // After `is` such a word is a test, of which another check knows.
        let is_value = before != "." && after != "(" && !["is", "not"].contains(&before);
        let word = VALUES.iter().find(|(word, ours)| {
            let is_known = [*ours, &capital(ours)].contains(&token.text);
            !is_known && word.eq_ignore_ascii_case(token.text)
        });
        if let Some((_, ours)) = word.filter(|_| is_value) {
            let help =
                if *ours == "none" { "write `none`, or ask `x is none`".to_owned() } else { format!("write `{ours}`") };
            found.push((token.at.clone(), finding(format!("`{}` is no value that conditions know", token.text), help)));
        }
    }
    found
}

fn capital(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().into_iter().flat_map(char::to_uppercase).chain(chars).collect()
}

/// A method is called: no value has any.
fn method(token: &Token<'_>) -> Misplaced {
    let help = match token.text {
        "equals" | "equalsIgnoreCase" => "compare with `==`; without case: `x | lower == 'abc'`",
        "isEmpty" | "isBlank" => "write `x == ''`",
        "length" | "size" | "count" => "write `x | length`",
        "contains" | "includes" => "write `'part' in x`",
        "startsWith" | "startswith" => "write `x is startingwith 'begin'`",
        "endsWith" | "endswith" => "write `x is endingwith 'end'`",
        "toLowerCase" | "lower" => "write `x | lower`",
        "toUpperCase" | "upper" => "write `x | upper`",
        "trim" | "strip" => "write `x | trim`",
        "get" => "write the key after a dot: `context.day`",
        _ => "use a filter (`x | length`) or a test (`x is defined`)",
    };
    (token.at.clone(), finding(format!("values have no methods: `{}` cannot be called", token.text), help.to_owned()))
}

fn finding(message: String, help: String) -> Diagnostic {
    Diagnostic::new(Code::ForeignOperator, message).help(help)
}

/// A filter or test that is not there.
pub(super) fn unknown(found: &Unknown) -> Diagnostic {
    let Unknown { what, name, known, .. } = found;
    let help = match name.to_lowercase().as_str() {
        "null" | "nil" => "write `is none`; whether a name has a value, asks `is defined`".to_owned(),
        "empty" if *what == "test" => "write `x == ''`, or `x | length == 0`".to_owned(),
        _ => suggest::help(name, &format!("{what}s"), known),
    };
    Diagnostic::new(Code::UnknownFilter, format!("there is no {what} `{name}`")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn helps(found: &[Misplaced], text: &str) -> Vec<(String, String)> {
        let one = |(at, finding): &Misplaced| (text[at.clone()].to_owned(), finding.help.clone().unwrap());
        found.iter().map(one).collect()
    }

    #[test]
    fn triggers_of_other_tools_are_translated() {
        let cases = [
            ("OnSubjobOk", "ok"),
            ("On Component Error", "error"),
            ("ALL_DONE", "always"),
            ("failure()", "error"),
            ("'error'", "error"),
            ("always()", "always"),
            ("otherwise", "else"),
            ("forEach", "iterate"),
            ("RunIf(a > 1)", "a > 1"),
            ("if context.x", "context.x"),
            ("Run if: a > (b)", "a > (b)"),
        ];
        for (text, ours) in cases {
            let (_, finding) = trigger(text).unwrap_or_else(|| panic!("{text}"));
            assert!(finding.help.unwrap().starts_with(&format!("write `{ours}`")), "{text}");
        }
        for text in
            ["a__failed", "context.success", "not a__ok", "iffy", "true", "1 if a else 2", "'error' in a__kinds"]
        {
            assert!(trigger(text).is_none(), "{text}");
        }
    }

    #[test]
    fn operators_of_other_languages_are_translated() {
        let text = "!a && b = 'x && y' OR c <> NULL";
        let found = operators(text);
        let expected = [("!", "not"), ("&&", "and"), ("=", "=="), ("OR", "or"), ("<>", "!="), ("NULL", "none")];
        let expected: Vec<(String, String)> = expected
            .iter()
            .map(|(sign, ours)| {
                let more = if *sign == "NULL" { ", or ask `x is none`" } else { "" };
                ((*sign).to_owned(), format!("write `{ours}`{more}"))
            })
            .collect();
        assert_eq!(helps(&found, text), expected);
        assert!(operators("a >").is_empty());
    }

    #[test]
    fn what_parses_and_fails_in_the_run_is_found() {
        let text = "context.mode.equals('full') or x != null";
        assert_eq!(helps(&words(text), text).iter().map(|(at, _)| at.as_str()).collect::<Vec<_>>(), ["equals", "null"]);
        for text in
            ["x == none and y == None", "True", "not false", "x.null", "x is not null", "each('a', 'b')[0]", "'a'.b"]
        {
            assert!(words(text).is_empty(), "{text}");
        }
    }
}
