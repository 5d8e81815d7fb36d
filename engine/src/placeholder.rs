//! `${NAME}` and `${NAME:-otherwise}` in texts of a flow: variables of the environment. `$${` is `${` itself.
//!
//! The build replaces them, but where values belong to one environment (configurations, context): there they are kept, and the run
//! reads them.

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// As it is.
    Text(&'a str),
    /// `{{ … }}` or `{% … %}`, within which nothing is replaced.
    Template(&'a str),
    /// `${NAME}`.
    Variable {
        /// As it is written.
        written: &'a str,
        /// The name.
        name: &'a str,
        /// What to take where it is not set, or empty.
        otherwise: Option<&'a str>,
    },
    /// What is none.
    Wrong {
        /// As it is written.
        written: &'a str,
        /// Why.
        why: &'static str,
    },
}

/// Something in the text is to be replaced.
pub fn has_any(text: &str) -> bool {
    text.contains("${")
}

/// The parts of a text.
pub fn parts(text: &str) -> Vec<Part<'_>> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while !rest.is_empty() {
        let (before, from) = rest.split_at(next_sign(rest));
        if !before.is_empty() {
            parts.push(Part::Text(before));
        }
        let (part, length) = first(from);
        parts.extend(part);
        rest = from.get(length..).unwrap_or_default();
    }
    parts
}

/// Where the first sign is, else the end; one look at each byte, however many signs there are.
fn next_sign(text: &str) -> usize {
    const SIGNS: [&[u8]; 4] = [b"$${", b"${", b"{{", b"{%"];
    let bytes = text.as_bytes();
    let is_sign = |at: &usize| bytes.get(*at..).is_some_and(|rest| SIGNS.iter().any(|sign| rest.starts_with(sign)));
    (0..bytes.len()).find(is_sign).unwrap_or(bytes.len())
}

/// The part that a text begins with, and its length.
fn first(text: &str) -> (Option<Part<'_>>, usize) {
    let until = |end: &str| text.find(end).map_or(text.len(), |at| at + end.len());
    let inside = |length: usize| text.get(..length).unwrap_or_default();
    if text.starts_with("$${") {
        return (text.get(1..3).map(Part::Text), 3);
    }
    if text.starts_with("{{") || text.starts_with("{%") {
        let length = until(if text.starts_with("{{") { "}}" } else { "%}" });
        return (Some(Part::Template(inside(length))), length);
    }
    if !text.starts_with("${") {
        return (None, text.len().max(1));
    }
    let length = until("}");
    (Some(variable(inside(length))), length)
}

fn variable(written: &str) -> Part<'_> {
    let wrong = |why| Part::Wrong { written, why };
    let Some(inner) = written.strip_prefix("${").and_then(|inner| inner.strip_suffix('}')) else {
        return wrong("it is never closed");
    };
    let end = inner.find(|c: char| !(c == '_' || c.is_ascii_alphanumeric())).unwrap_or(inner.len());
    let (name, rest) = inner.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return wrong("a name has letters, digits and `_`, and begins with no digit");
    }
    match (rest, rest.strip_prefix(":-")) {
        ("", _) => Part::Variable { written, name, otherwise: None },
        (_, Some(otherwise)) if otherwise.contains("${") => wrong("what is taken otherwise cannot be a variable"),
        (_, Some(otherwise)) => Part::Variable { written, name, otherwise: Some(otherwise) },
        _ => wrong("after the name there is nothing, or `:-` and what to take where it is not set"),
    }
}

/// The template that reads the variables when it is evaluated; `typed` where the whole text is one variable that is to be what
/// YAML takes its text for. None if there is nothing to replace.
pub fn as_template(text: &str, typed: bool) -> Option<String> {
    let parts = parts(text);
    let has_template = parts.iter().any(|part| matches!(part, Part::Template(_)));
    if let [Part::Variable { name, otherwise, .. }] = parts.as_slice() {
        let call = call(name, *otherwise);
        return Some(if typed { format!("{{{{ ({call}) | typed }}}}") } else { format!("{{{{ {call} }}}}") });
    }
    let has_variable = parts.iter().any(|part| matches!(part, Part::Variable { .. }));
    let part = |part: &Part<'_>| match part {
        // What was no template is none now either.
        Part::Text(text) if has_variable && !has_template => text.replace("{#", "{{ '{#' }}"),
        Part::Text(text) | Part::Template(text) => (*text).to_owned(),
        Part::Variable { name, otherwise, .. } => format!("{{{{ {} }}}}", call(name, *otherwise)),
        Part::Wrong { written, .. } => (*written).to_owned(),
    };
    has_any(text).then(|| parts.iter().map(part).collect())
}

fn call(name: &str, otherwise: Option<&str>) -> String {
    match otherwise {
        None => format!("env('{name}')"),
        Some("") => format!("env('{name}', '')"),
        Some(otherwise) => {
            let quoted = otherwise.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n");
            format!("env('{name}', '') or '{quoted}'")
        }
    }
}

/// The text with the values of its variables; the error is the name of the first that has none.
pub fn replaced(text: &str, value: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let part = |part: &Part<'_>| match part {
        Part::Text(text) | Part::Template(text) => Ok((*text).to_owned()),
        Part::Wrong { written, .. } => Ok((*written).to_owned()),
        Part::Variable { name, otherwise, .. } => match (value(name), otherwise) {
            (Some(found), None) => Ok(found),
            (Some(found), Some(_)) if !found.is_empty() => Ok(found),
            (_, Some(otherwise)) => Ok((*otherwise).to_owned()),
            (None, None) => Err((*name).to_owned()),
        },
    };
    parts(text).iter().map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        replaced(text, &|name| match name {
            "A" => Some("a".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        })
    }

    #[test]
    fn variables_are_replaced_by_their_values() {
        for (text, expected) in [
            ("x ${A}${A} y", "x aa y"),
            ("${NONE:-b}-${A:-b}-${EMPTY:-c}-${EMPTY}.", "b-a-c-."),
            ("$${A} $A $$ {A}", "${A} $A $$ {A}"),
            ("$$${A}", "$${A}"),
            ("{{ '${A}' }} ${A} {{ x", "{{ '${A}' }} a {{ x"),
            ("", ""),
        ] {
            assert_eq!(of(text).as_deref(), Ok(expected), "{text}");
        }
        assert_eq!(of("${A}${NONE}"), Err("NONE".to_owned()));
    }

    #[test]
    fn what_names_no_variable_is_told() {
        for text in ["${}", "${1A}", "${A", "${A-b}", "${A:-${B}}", "${A B}", "${Ä}"] {
            assert!(parts(text).iter().any(|part| matches!(part, Part::Wrong { .. })), "{text}");
        }
    }

    #[test]
    fn templates_take_over_at_the_run() {
        for (text, typed, expected) in [
            ("${A}", false, "{{ env('A') }}"),
            ("${A:-5}", true, "{{ (env('A', '') or '5') | typed }}"),
            ("in/${A:-it's}/{#", false, "in/{{ env('A', '') or 'it\\'s' }}/{{ '{#' }}"),
            ("${A} {{ context.x }}", false, "{{ env('A') }} {{ context.x }}"),
            ("$${A}", false, "${A}"),
        ] {
            assert_eq!(as_template(text, typed).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(as_template("{{ context.x }}", false), None);
    }
}
