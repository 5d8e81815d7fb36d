//! Regular expressions of a configuration, looked at before the run: whether they are some, and which groups they have.

use pypeline_sdk::prelude::*;
use regex_syntax::ast::parse::Parser;
use regex_syntax::ast::{Ast, GroupKind, Visitor, visit};
use std::convert::Infallible;

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
        // Its syntax alone: what classes of Unicode there are is a megabyte of tables, which the executor has anyway.
        let parsed = Parser::new().parse(pattern);
        let parsed =
            parsed.map_err(|error| wrong(format!("`{pattern}` is no regular expression: {}", error.kind())))?;
        match visit(&parsed, Gather::default()) {
            Ok(groups) => Ok(Self { groups }),
            Err(never) => match never {},
        }
    }

    /// The names of its groups, in the order of their parentheses.
    pub fn groups(&self) -> &[Option<String>] {
        &self.groups
    }
}

/// The groups of a pattern as it is walked over: that is the order of their parentheses.
#[derive(Default)]
struct Gather(Vec<Option<String>>);

impl Visitor for Gather {
    type Output = Vec<Option<String>>;
    type Err = Infallible;

    fn finish(self) -> std::result::Result<Self::Output, Infallible> {
        Ok(self.0)
    }

    fn visit_pre(&mut self, ast: &Ast) -> std::result::Result<(), Infallible> {
        if let Ast::Group(group) = ast {
            match &group.kind {
                GroupKind::CaptureIndex(_) => self.0.push(None),
                GroupKind::CaptureName { name, .. } => self.0.push(Some(name.name.clone())),
                GroupKind::NonCapturing(_) => {}
            }
        }
        Ok(())
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
