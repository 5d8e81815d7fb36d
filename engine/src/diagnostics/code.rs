//! The one table of diagnostic codes: stable, never reused. `docs/reference/diagnostics.md` is made from it.

use super::Severity;

/// Declares the codes: name, text, severity, title.
macro_rules! codes {
    ($($name:ident = $text:literal, $severity:ident, $title:literal;)*) => {
        /// What kind of finding it is.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The stable text.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),* }
            }

            /// Error or warning.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity),* }
            }

            /// What the code stands for, in a few words.
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title),* }
            }
        }
    };
}

codes! {
    FileUnreadable = "L001", Error, "the flow file cannot be read";
    YamlSyntax = "L002", Error, "the text is not YAML";
    NotAMapping = "L003", Error, "the flow is not a mapping";
    UnknownKey = "L004", Error, "a key that the format does not know";
    MissingKey = "L005", Error, "a required key is missing";
    WrongType = "L006", Error, "a value of another type than the format asks for";
    WrongValue = "L007", Error, "a value that the format does not allow";
    UnknownModule = "L008", Error, "no plugin holds this module";
    AmbiguousModule = "L009", Error, "two plugins hold a module of this name";
    ConfigUnknownKey = "L010", Error, "a configuration key that the module does not know";
    ConfigMissingKey = "L011", Error, "a configuration key that the module requires is missing";
    ConfigWrongValue = "L012", Error, "a configuration value that the module does not accept";
    ConfigTwice = "L013", Error, "a configuration key is given twice";
    TemplateSyntax = "L014", Error, "a template that cannot be parsed";
    BrokenPlugin = "L015", Warning, "a plugin file that cannot be loaded";
    Alias = "L016", Warning, "another tool's word for a setting";
    NotActedOn = "L017", Warning, "a section that this version only keeps";
    ExpressionSyntax = "L018", Error, "an SQL expression that cannot be parsed";
    SecretDefault = "L019", Error, "a secret whose value stands in the flow, which is copied into the job folder";
    UnquotedTemplate = "L020", Error, "a template or variable without quotes, which YAML reads as a mapping";
    DuplicateKey = "L021", Error, "a key that stands twice in one mapping";
    NotText = "L022", Error, "a file whose bytes are no UTF-8 text";
    Tab = "L023", Error, "a tab in the indentation";
    MissingBlank = "L024", Error, "a colon without a blank behind it";
    TooLarge = "L025", Error, "more than is read of a flow";
    SeveralDocuments = "L026", Error, "a second YAML document in one file";
    KeyNoText = "L027", Error, "a key that is no text";
    UnknownTag = "L028", Error, "a YAML tag that means nothing at its place";
    UnfitNumber = "L029", Error, "a number that cannot be kept as one";
    UnknownAnchor = "L030", Error, "an alias without an anchor before it";
    MergeKey = "L031", Error, "a merge key `<<` whose value is no mapping";
    IncludeUnreadable = "L032", Error, "an included file that cannot be read";
    IncludeOutside = "L033", Error, "an included file outside the project";
    IncludeCycle = "L034", Error, "files that include each other in a circle or too deep a chain";
    VariableUnset = "L035", Error, "a `${VARIABLE}` of the environment that is not set";
    VariableSyntax = "L036", Error, "a `${…}` that names no variable";
    DefaultType = "L037", Error, "a default that is not of the declared type";
    ReadAs = "L038", Warning, "a value that YAML reads otherwise than it looks";
    LinkSyntax = "P001", Error, "a link that cannot be parsed";
    UnknownNode = "P002", Error, "a link names a node that is not there";
    UnknownPort = "P003", Error, "a link names a port that the module does not have";
    InputTwice = "P004", Error, "an input port with two links";
    InputOpen = "P005", Error, "a required input port without a link";
    Isolated = "P006", Error, "a mod or sink without any data link";
    SourceUnread = "P007", Warning, "a source whose rows nobody reads";
    DataCycle = "P008", Error, "data links form a cycle";
    ControlCycle = "P009", Error, "control links form a cycle";
    InnerControlRedundant = "P010", Warning, "a control link inside one sub flow, which the data links say already";
    InnerControlWrong = "P011", Error, "a control link inside one sub flow that contradicts the data links";
    ControlKind = "P012", Error, "a control link at a node that takes none";
    DuplicateId = "P013", Error, "two nodes with one id";
    ReservedId = "P014", Error, "an id that cannot be used";
    UnknownGlobal = "P016", Error, "a name in a template or condition that nothing sets";
    UndeclaredContext = "P017", Warning, "a context variable that is declared nowhere";
    MiscValue = "P018", Error, "a value in `misc` that the engine cannot use";
    NoList = "P019", Error, "an iterate link whose source has no list, or several and none named";
    ScopeEntry = "P020", Error, "a further control link to the target of an iterate or start link";
    StartExit = "P021", Error, "a control link out of what a start link governs";
    HandlerOutside = "P022", Error, "an `error handled` link that leads out of a loop";
    InAndOutside = "P023", Warning, "a sub flow that one link would put inside a loop and another outside";
    ConditionSyntax = "P024", Error, "a condition that cannot be parsed";
    IterOutside = "P025", Error, "`iter` where no loop, or not so many, are around";
    EachForm = "P026", Error, "`each` without a node and a variable as texts";
    GlobalTooEarly = "P027", Error, "a global of a node that cannot have run before";
    CacheTooEarly = "P028", Error, "a cache that nothing can have written before it is read";
    ElseAlone = "P029", Warning, "an `else` link with no condition before it";
    TwinLink = "P030", Warning, "a control link that stands twice";
    CallForm = "P031", Error, "`env` or `secret` with arguments that are no texts";
    EnvNotAllowed = "P032", Error, "an environment variable that the settings do not allow";
    SecretReference = "P033", Error, "a reference to a secret that names no place";
    NeverOpens = "P034", Warning, "a control link whose condition is never true";
    NeverRuns = "P035", Warning, "a control link that cannot bring its target to run";
    Opposite = "P036", Warning, "two conditions that are each other's opposite";
    ForeignTrigger = "P037", Error, "another tool's word in a valve";
    ForeignOperator = "P038", Error, "another language's operator or word in a condition";
    UnknownFilter = "P039", Error, "a filter or test that templates and conditions do not know";
    CacheBeside = "P040", Warning, "a cache that is written and read at the same time";
    UnknownColumn = "C001", Error, "a column that is not there";
    TypeMismatch = "C002", Error, "types that do not go together";
    AmbiguousColumn = "C003", Error, "a name that is a column of several inputs";
    DuplicateColumn = "C004", Error, "two columns of one name";
    CannotHold = "C005", Error, "a column of a type that the format cannot hold";
    HeaderDiffers = "C006", Error, "declared columns that are not those of the file";
    SourceDoubtful = "C007", Warning, "a file at hand that cannot be read as it is to be read";
    ColumnsRefused = "C008", Error, "a module that does not take the columns of its input";
    SqlRefused = "C009", Error, "SQL that the engine does not know";
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_titled() {
        let texts: BTreeSet<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(texts.len(), Code::ALL.len());
        assert!(Code::ALL.iter().all(|code| !code.title().is_empty() && code.as_str().len() == 4));
    }

    /// `UPDATE=1 cargo test -p pypeline-engine` writes the page anew.
    #[test]
    fn the_reference_page_is_current() {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/diagnostics.md");
        let mut page = "# Diagnostics\n\nMade from `engine/src/diagnostics/code.rs`. `L`: found while loading (form, modules, configurations). \
                        `P`: found while planning (links, sub flows, templates). `C`: columns and types. Each code has a page with a wrong and a right example; \
                        `pype explain CODE` shows it too.\n\n| code | severity | finding |\n| --- | --- | --- |\n"
            .to_owned();
        for code in Code::ALL {
            let severity = if code.severity() == Severity::Error { "error" } else { "warning" };
            let (code, title) = (code.as_str(), code.title());
            page.push_str(&format!("| [{code}](diagnostics/{code}.md) | {severity} | {title} |\n"));
        }
        if std::env::var_os("UPDATE").is_some() {
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        assert!(std::fs::read_to_string(&path).unwrap_or_default() == page, "run with UPDATE=1");
    }
}
