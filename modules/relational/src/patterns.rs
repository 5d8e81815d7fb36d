//! Regular expressions of a configuration, looked at before the run: whether they are some, and which groups they have.

use pypeline_sdk::prelude::*;
use regex_syntax::hir::{Capture, Hir, HirKind};

/// A regular expression.
pub struct Pattern {
    groups: Vec<Option<String>>,
}

impl Pattern {
    /// `key` is its place in the configuration.
    pub fn parse(pattern: &str, key: &str) -> Result<Self> {
        let wrong = |what: String| {
            Error::config(what).with("key", key).help("write a regular expression, e.g. `^[A-Z]{2}\\d+$`")
        };
        if pattern.is_empty() {
            return Err(wrong("the pattern is empty".to_owned()));
        }
        let hir = regex_syntax::parse(pattern).map_err(|error| {
            let why = match &error {
                regex_syntax::Error::Parse(error) => error.kind().to_string(),
                regex_syntax::Error::Translate(error) => error.kind().to_string(),
                other => other.to_string(),
            };
            wrong(format!("`{pattern}` is no regular expression: {why}"))
        })?;
        let mut groups = Vec::new();
        gather(&hir, &mut groups);
        groups.sort_by_key(|(number, _)| *number);
        groups.dedup_by_key(|(number, _)| *number);
        Ok(Self { groups: groups.into_iter().map(|(_, name)| name).collect() })
    }

    /// The names of its groups, in the order of their parentheses.
    pub fn groups(&self) -> &[Option<String>] {
        &self.groups
    }
}

fn gather(hir: &Hir, groups: &mut Vec<(u32, Option<String>)>) {
    match hir.kind() {
        HirKind::Capture(Capture { index, name, sub }) => {
            groups.push((*index, name.as_deref().map(str::to_owned)));
            gather(sub, groups);
        }
        HirKind::Repetition(repetition) => gather(&repetition.sub, groups),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().for_each(|part| gather(part, groups)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_found_in_the_order_of_their_parentheses() {
        let groups = |pattern: &str| Pattern::parse(pattern, "key").unwrap().groups().to_vec();
        let named = |name: &str| Some(name.to_owned());
        assert_eq!(groups(r"(?<year>\d+)-((?P<month>\d\d)|x)(?:y)*"), [named("year"), None, named("month")]);
        assert_eq!(groups(r"a\(b[(]"), []);
        for wrong in ["", "(", "[a", "*a", r"\q", "(?=a)"] {
            assert!(Pattern::parse(wrong, "key").is_err(), "{wrong}");
        }
    }
}
