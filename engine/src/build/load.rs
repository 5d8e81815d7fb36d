//! Text to nodes with modules: YAML, variables of the environment, the flow format, module names, configurations.

mod ask;
mod budget;
mod configs;
pub mod defaults;
pub mod document;
mod expand;
mod format;
mod homes;
mod modules;
mod readings;
mod references;
pub mod resolved;
mod source;
pub mod yaml;

use crate::diagnostics::{Diagnostics, record};
use crate::plugins::Plugins;
use crate::registry::Registry;
use document::Document;
use resolved::Resolved;
use std::path::Path;
use std::sync::Arc;
use yaml::Includes;

/// A flow as far as it could be read, with the module of each node.
pub struct Loaded {
    /// The parts.
    pub document: Document,
    /// The module of each entry of `document.nodes`.
    pub modules: Vec<Option<Resolved>>,
}

/// Reads a flow file of the project in `root`, and reports all that is wrong with its form, its modules and their configurations.
/// `None` if there is nothing to go on with.
pub fn load(path: &Path, root: &Path, plugins: &mut Plugins, registry: &Registry) -> (Diagnostics, Option<Loaded>) {
    let name = path.display().to_string();
    let source = match source::read(path, &name, budget::MOST_BYTES) {
        Ok(source) => source,
        Err((finding, source)) => {
            let mut diagnostics = Diagnostics::new(vec![Arc::new(source)]);
            diagnostics.push(*finding);
            return (diagnostics, None);
        }
    };
    let mut includes = Includes::new(root, path, &name, source.text().len());
    let parsed = yaml::parse(source, &mut includes);
    let mut positions = parsed.positions;
    let mut diagnostics = Diagnostics::new(positions.sources().to_vec());
    parsed.findings.into_iter().for_each(|finding| diagnostics.push(finding));
    let Some(mut value) = parsed.value else { return (diagnostics, None) };
    let environment = |name: &str| std::env::var(name).ok();
    let is_whole = !parsed.is_incomplete & expand::expand(&mut value, &mut positions, &environment, &mut diagnostics);
    diagnostics.ids = record::ids(&value);
    format::check(&mut value, &positions, &mut diagnostics);
    if !value.is_object() {
        return (diagnostics, None);
    }
    let mut document = Document::read(value, positions);
    defaults::check(&mut document, &mut diagnostics);
    let modules = modules::resolve(&mut document, plugins, registry, &mut diagnostics);
    readings::check(&document, &parsed.leading_zeros, &mut diagnostics);
    // What hangs on a part that is missing would be told as wrong, and is not.
    let loaded = is_whole.then_some(Loaded { document, modules });
    (diagnostics, loaded)
}
