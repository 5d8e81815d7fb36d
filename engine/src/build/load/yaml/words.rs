//! Findings of the reader in words, and tags.

use crate::build::load::budget::MOST_DEPTH;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::code::Code;
use crate::scalar::{self, Unfit};
use serde_json::Value;
use serde_saphyr::granit_parser::Tag;

/// More than there is room for.
pub fn too_large(what: String) -> Diagnostic {
    Diagnostic::new(Code::TooLarge, what)
}

/// Too many lists and mappings within each other.
pub fn too_deep() -> Diagnostic {
    too_large(format!("more than {MOST_DEPTH} lists and mappings within each other"))
}

/// A second document.
pub fn several_documents() -> Diagnostic {
    Diagnostic::new(Code::SeveralDocuments, "a second document begins: a file holds one flow")
        .help("take out the `---`, or make a file of what follows")
}

/// A number that is none.
pub fn unfit_number(unfit: Unfit) -> Diagnostic {
    let message = match unfit {
        Unfit::TooLarge => "a number that does not fit into 64 bits",
        Unfit::NotFinite => "`.inf` and `.nan` have no meaning here",
    };
    Diagnostic::new(Code::UnfitNumber, message).help("quote it if it is a text, as an account number is")
}

/// `!include`.
pub fn is_include(tag: &Tag) -> bool {
    tag.handle() == "!" && tag.suffix() == "include"
}

/// A tag that means nothing at its place.
pub fn unknown_tag(tag: &Tag) -> Diagnostic {
    let name = tag.original();
    let message = match is_include(tag) {
        true => "`!include` takes the path of a file, and stands for a value".to_owned(),
        false => format!("the tag `{name}` means nothing here"),
    };
    let help = match tag.suffix() {
        _ if is_include(tag) => {
            "write `key: !include part.yaml`; what stands beside it is merged by `<<: !include part.yaml`"
        }
        "env" | "env_var" | "ENV" => "write `${NAME}`",
        "secret" | "vault" => {
            "write `{{ secret('mount/path', 'key') }}` in quotes, or a context variable with `vault://mount/path#key`"
        }
        "include_dir_list" | "include_dir_merge_list" | "include_dir_named" | "include_dir_merge_named" => {
            "name each file: `- !include part.yaml`"
        }
        _ => {
            "there are `!include`, `!!str`, `!!int`, `!!float`, `!!bool` and `!!null`; quote a text that begins with `!`"
        }
    };
    Diagnostic::new(Code::UnknownTag, message).help(help)
}

/// A scalar with a tag; none if the tag is not known, or the text is not of it.
pub fn tagged(tag: &Tag, text: &str) -> Option<Value> {
    // `!` alone: the text as it is.
    if tag.suffix() == "!" && tag.handle().is_empty() {
        return Some(Value::String(text.to_owned()));
    }
    let value = || scalar::plain(text).ok();
    match tag.core_suffix()? {
        "str" => Some(Value::String(text.to_owned())),
        "int" => value().filter(|value| value.is_i64() || value.is_u64()),
        "float" => value().filter(Value::is_number),
        "bool" => value().filter(Value::is_boolean),
        "null" => value().filter(Value::is_null),
        _ => None,
    }
}
