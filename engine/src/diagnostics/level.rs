//! How far a check goes: from the text alone to the columns of every port.

use super::code::Code;

/// A part of the checks; each takes in those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Level {
    /// It is YAML.
    Yaml,
    /// It has the form of a flow.
    Schema,
    /// Links, sub flows, loops, and the names that templates use.
    Graph,
    /// Modules, their configurations, templates and expressions.
    Modules,
    /// Columns and types; of files no more than the head is read.
    #[default]
    Columns,
}

impl Level {
    /// The part that finds this.
    pub fn of(code: Code) -> Self {
        let text = code.as_str();
        match (text.get(..1), code) {
            (_, Code::FileUnreadable | Code::YamlSyntax | Code::NotAMapping) => Self::Yaml,
            // What the text itself makes impossible to read as it stands.
            (Some("L"), _) if ("L020".."L037").contains(&text) => Self::Yaml,
            (
                _,
                Code::UnknownKey
                | Code::MissingKey
                | Code::WrongType
                | Code::WrongValue
                | Code::Alias
                | Code::NotActedOn
                | Code::SecretDefault
                | Code::DefaultType
                | Code::ReadAs,
            ) => Self::Schema,
            (Some("L"), _) => Self::Modules,
            (Some("C"), _) => Self::Columns,
            _ => Self::Graph,
        }
    }
}
