//! Text to nodes with modules: YAML, the flow format, module names, configurations.

mod ask;
mod configs;
pub mod document;
mod format;
mod modules;
pub mod resolved;
pub mod yaml;

use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics, record};
use crate::plugins::Plugins;
use crate::registry::Registry;
use document::Document;
use resolved::Resolved;
use std::path::Path;

/// Flow files above this size are refused unread.
const MAX_BYTES: u64 = 64 << 20;

/// A flow as far as it could be read, with the module of each node.
pub struct Loaded {
    /// The parts.
    pub document: Document,
    /// The module of each entry of `document.nodes`.
    pub modules: Vec<Option<Resolved>>,
}

/// Reads a flow file and reports all that is wrong with its form, its modules and their configurations. `None` if there is
/// nothing to go on with.
pub fn load(path: &Path, plugins: &mut Plugins, registry: &Registry) -> (Diagnostics, Option<Loaded>) {
    let name = path.display().to_string();
    let text = match read(path) {
        Ok(text) => text,
        Err(finding) => {
            let mut diagnostics = Diagnostics::new(name, "");
            diagnostics.push(*finding);
            return (diagnostics, None);
        }
    };
    let mut diagnostics = Diagnostics::new(name, text);
    let (value, positions) = match yaml::parse(&diagnostics.text) {
        Ok(parsed) => parsed,
        Err(finding) => {
            diagnostics.push(*finding);
            return (diagnostics, None);
        }
    };
    diagnostics.ids = record::ids(&value);
    format::check(&value, &positions, &mut diagnostics);
    if !value.is_object() {
        return (diagnostics, None);
    }
    let document = Document::read(&value, positions);
    let modules = modules::resolve(&document, plugins, registry, &mut diagnostics);
    (diagnostics, Some(Loaded { document, modules }))
}

fn read(path: &Path) -> Result<String, Box<Diagnostic>> {
    let unreadable = |why: String| Box::new(Diagnostic::new(Code::FileUnreadable, why));
    let metadata =
        std::fs::metadata(path).map_err(|error| unreadable(format!("the flow file cannot be read: {error}")))?;
    if metadata.is_dir() {
        return Err(Box::new(
            Diagnostic::new(Code::FileUnreadable, "this is a folder, not a flow file").help("name the YAML file in it"),
        ));
    }
    if metadata.len() > MAX_BYTES {
        return Err(unreadable(format!("a flow file of {} MB is not read; the limit is 64 MB", metadata.len() >> 20)));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(format!("the flow file cannot be read: {error}")))?;
    String::from_utf8(bytes).map_err(|error| {
        unreadable(format!("the flow file is not UTF-8: byte {} is wrong", error.utf8_error().valid_up_to() + 1))
    })
}
