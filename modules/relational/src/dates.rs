//! Dates and times in a form of their own, read by SQL: a pattern takes the text apart, and what comes of it is put together as ISO 8601
//! has it. A text that is not of the form, or names a day that there is not, becomes NULL.

use crate::types::Type;
use pypeline_sdk::prelude::*;
use pypeline_sdk::sql;
use std::fmt::Write;

/// What is said of a form that is none.
const KNOWN: &str = "`%Y` year, `%y` its last two digits, `%m` month, `%b` its English name's first three letters, `%d` day, `%H` hour, `%M` minute, `%S` second, `%f` fraction of a second, `%%`";

/// A form taken apart: a pattern, and the part that each of its groups holds.
struct Form {
    pattern: String,
    parts: Vec<char>,
}

/// The value of a text in a form as a date, a timestamp or a time of day. `key` is the place of the form in the configuration.
pub fn read(data_type: Type, format: &str, text: &str, key: &str) -> Result<String> {
    let wrong = |what: String, help: &str| Err(Error::config(what).with("key", key).help(help));
    let needed: &[&[char]] = match data_type {
        Type::Date => &[&['Y', 'y'], &['m', 'b'], &['d']],
        Type::Datetime => &[&['Y', 'y'], &['m', 'b'], &['d'], &['H']],
        Type::Time => &[&['H']],
        _ => return wrong("only a date, a datetime or a time has a format".to_owned(), "take the format out"),
    };
    let form = match parse(format) {
        Ok(form) => form,
        Err(what) => return wrong(format!("`{format}` {what}"), &format!("there are {KNOWN}")),
    };
    for one_of in needed {
        if !one_of.iter().any(|part| form.parts.contains(part)) {
            let names: Vec<String> = one_of.iter().map(|part| format!("`%{part}`")).collect();
            let names = names.join(" or ");
            return wrong(format!("`{format}` has no {names}"), "name all parts, e.g. `%d/%m/%Y`");
        }
    }
    let part = |name: char| {
        let group = form.parts.iter().position(|part| *part == name)? + 1;
        Some(format!("regexp_extract({text}, {}, {group})", sql::literal(&form.pattern)))
    };
    let two = |name: char| part(name).map(|part| format!("lpad({part}, 2, '0')")).unwrap_or_else(|| "'00'".to_owned());
    let fraction = part('f').map(|part| format!(" || '.' || {part}")).unwrap_or_default();
    let time = format!("{} || ':' || {} || ':' || {}{fraction}", two('H'), two('M'), two('S'));
    if data_type == Type::Time {
        return Ok(format!("CAST(TRY_CAST('1970-01-01T' || {time} AS TIMESTAMP) AS TIME)"));
    }
    // Two digits of a year are those of 1969 to 2068, as everywhere.
    let year = part('Y').or_else(|| {
        let year = part('y')?;
        Some(format!("CASE WHEN {year} >= '69' THEN '19' ELSE '20' END || {year}"))
    });
    let month = part('b').map(|name| of_name(&name)).unwrap_or_else(|| two('m'));
    let day = format!("({}) || '-' || {month} || '-' || {}", year.unwrap_or_default(), two('d'));
    Ok(match data_type {
        Type::Date => format!("TRY_CAST({day} AS DATE)"),
        _ => format!("TRY_CAST({day} || 'T' || {time} AS TIMESTAMP)"),
    })
}

/// The number of a month by its name.
fn of_name(name: &str) -> String {
    let months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let mut sql = format!("CASE lower({name})");
    for (number, month) in (1..).zip(months) {
        // Writing to a text cannot fail.
        let _ = write!(sql, " WHEN '{month}' THEN '{number:02}'");
    }
    sql + " END"
}

fn parse(format: &str) -> std::result::Result<Form, String> {
    let mut form = Form { pattern: "^".to_owned(), parts: Vec::new() };
    let mut signs = format.chars();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            form.pattern.push_str(&escaped(sign));
            continue;
        }
        let group = match signs.next() {
            Some('%') => {
                form.pattern.push('%');
                continue;
            }
            Some(part @ ('m' | 'd' | 'H' | 'M' | 'S')) => (part, "[0-9]{1,2}"),
            Some('Y') => ('Y', "[0-9]{4}"),
            Some('y') => ('y', "[0-9]{2}"),
            Some('b') => ('b', "[A-Za-z]{3}"),
            Some('f') => ('f', "[0-9]{1,9}"),
            Some(other) => return Err(format!("has `%{other}`, which is none of the parts that can be read")),
            None => return Err("ends with `%`".to_owned()),
        };
        if form.parts.contains(&group.0) {
            return Err(format!("has `%{}` twice", group.0));
        }
        form.parts.push(group.0);
        form.pattern.push_str(&format!("({})", group.1));
    }
    form.pattern.push('$');
    Ok(form)
}

/// The sign as a pattern that it alone meets.
fn escaped(sign: char) -> String {
    if sign.is_ascii_punctuation() { format!("\\{sign}") } else { sign.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_becomes_a_pattern_with_a_group_for_each_part() {
        let form = parse("%d.%m.%Y (%H%%)").unwrap();
        assert_eq!(form.pattern, r"^([0-9]{1,2})\.([0-9]{1,2})\.([0-9]{4}) \(([0-9]{1,2})%\)$");
        assert_eq!(form.parts, ['d', 'm', 'Y', 'H']);
        for wrong in ["%d %d", "%Q", "100%"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_a_type_needs_must_be_in_its_form() {
        for (data_type, format) in
            [(Type::Date, "%m/%Y"), (Type::Datetime, "%d/%m/%Y"), (Type::Time, "%M:%S"), (Type::Text, "%Y")]
        {
            assert!(read(data_type, format, "x", "key").is_err(), "{format}");
        }
    }
}
