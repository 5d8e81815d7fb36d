//! `${VARIABLE}` in the flow, once it has been read: what is replaced by the build, and what is left for the run.
//!
//! Values change, and never the shape: what a variable holds is text within its scalar, whatever it looks like.

use super::budget::MOST_VARIABLES;
use super::yaml::{Positions, Written};
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use crate::placeholder::{self, Part};
use crate::scalar;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::OnceLock;

/// Findings about one text: who has more has one cause, and to find the place of each takes its time.
const MOST_OF_A_TEXT: usize = 100;

/// The environment of the build, or of a test.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What is done with variables at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Region {
    /// The sections.
    Top,
    /// Replaced.
    Replaced,
    /// `modules`.
    Modules,
    /// An entry of it.
    Module,
    /// `configs`: left to whoever knows the module.
    Configs,
    /// `context`: left to the run.
    Context,
}

impl Region {
    fn below(self, key: &str) -> Self {
        match (self, key) {
            (Self::Top, "context") => Self::Context,
            (Self::Top, "modules") => Self::Modules,
            (Self::Modules, _) => Self::Module,
            (Self::Module, "configs") => Self::Configs,
            (Self::Context | Self::Configs, _) => self,
            _ => Self::Replaced,
        }
    }
}

/// Replaces what the build replaces, and reports what cannot be; true if all could.
pub fn expand(
    value: &mut Value,
    positions: &mut Positions,
    environment: Environment<'_>,
    diagnostics: &mut Diagnostics,
) -> bool {
    if !positions.sources().iter().any(|source| placeholder::has_any(source.text())) {
        return true;
    }
    let mut broken = Vec::new();
    let mut open: Vec<(&mut Value, Written, String, Region)> =
        positions.root().map(|root| (value, root, String::new(), Region::Top)).into_iter().collect();
    while let Some((value, written, pointer, region)) = open.pop() {
        match value {
            Value::String(text) if region != Region::Configs && placeholder::has_any(text) => {
                let place = Text { text: &text.clone(), pointer: &pointer, positions };
                let findings = if region == Region::Context {
                    place.wrong()
                } else {
                    match place.replace(positions.is_plain(written), environment) {
                        Ok(replaced) => {
                            *value = replaced;
                            Vec::new()
                        }
                        Err(findings) => findings,
                    }
                };
                if !findings.is_empty() {
                    broken.push(written);
                }
                findings.into_iter().for_each(|finding| diagnostics.push(finding));
            }
            Value::Array(items) => {
                let children = items.iter_mut().zip(positions.children_of(written)).enumerate();
                open.extend(
                    children.map(|(at, (item, written))| (item, written, format!("{pointer}/{at}"), region.below(""))),
                );
            }
            Value::Object(map) => {
                let children = map.iter_mut().zip(positions.children_of(written));
                open.extend(children.map(|((key, item), written)| {
                    (item, written, format!("{pointer}/{}", super::yaml::escape(key)), region.below(key))
                }));
            }
            _ => {}
        }
    }
    broken.iter().for_each(|written| positions.break_at(*written));
    broken.is_empty()
}

fn names_there_are() -> impl Iterator<Item = &'static str> {
    static NAMES: OnceLock<Vec<String>> = OnceLock::new();
    let names = NAMES.get_or_init(|| std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect());
    names.iter().map(String::as_str)
}

/// A text of the flow with variables in it.
pub struct Text<'a> {
    pub text: &'a str,
    pub pointer: &'a str,
    pub positions: &'a Positions,
}

impl Text<'_> {
    /// The text with the values of the build's environment; a text that is one variable without quotes is what YAML takes the
    /// value for.
    fn replace(&self, is_plain: bool, environment: Environment<'_>) -> Result<Value, Vec<Diagnostic>> {
        let mut findings = self.wrong();
        if !findings.is_empty() {
            return Err(findings);
        }
        let mut seen = HashMap::new();
        for part in placeholder::parts(self.text) {
            let Part::Variable { written, name, otherwise: None } = part else { continue };
            if findings.len() >= MOST_OF_A_TEXT {
                break;
            }
            let count = seen.entry(written).or_insert(0);
            if environment(name).is_none() {
                let finding =
                    Diagnostic::new(Code::VariableUnset, format!("the environment variable `{name}` is not set"));
                let near = suggest::nearest(name, names_there_are());
                let near = near.map_or_else(String::new, |near| format!("did you mean `{near}`? Else "));
                let help = format!("{near}set it, write `${{{name}:-otherwise}}`, or `$${{` for the signs themselves");
                findings.push(self.at(finding.help(help), written, *count));
            }
            *count += 1;
        }
        if !findings.is_empty() {
            return Err(findings);
        }
        let replaced = placeholder::replaced(self.text, environment).unwrap_or_default();
        let is_whole = matches!(placeholder::parts(self.text).as_slice(), [Part::Variable { .. }]);
        Ok(if is_plain && is_whole { scalar::of_variable(replaced) } else { Value::String(replaced) })
    }

    /// What is no variable; and too many of them.
    pub fn wrong(&self) -> Vec<Diagnostic> {
        let is_variable = |part: &Part<'_>| matches!(part, Part::Variable { .. });
        if placeholder::parts(self.text).iter().filter(|part| is_variable(part)).count() > MOST_VARIABLES {
            let message = format!("more than {MOST_VARIABLES} variables in one text");
            let finding = Diagnostic::new(Code::TooLarge, message).help("keep it in a file that a module reads");
            return vec![finding.at(self.pointer, self.positions.value(self.pointer))];
        }
        let mut seen = HashMap::new();
        let mut found = Vec::new();
        for part in placeholder::parts(self.text) {
            let Part::Wrong { written, why } = part else { continue };
            if found.len() >= MOST_OF_A_TEXT {
                break;
            }
            let count = seen.entry(written).or_insert(0);
            let shown: String = written.chars().take(40).collect();
            let finding = Diagnostic::new(Code::VariableSyntax, format!("`{shown}` names no variable: {why}"));
            let help = "write `${NAME}` or `${NAME:-otherwise}`, or `$${` for the signs themselves";
            found.push(self.at(finding.help(help), written, *count));
            *count += 1;
        }
        found
    }

    fn at(&self, finding: Diagnostic, written: &str, nth: usize) -> Diagnostic {
        finding.at(self.pointer, self.positions.occurrence(self.pointer, written, nth))
    }
}

#[cfg(test)]
mod tests;
