//! The globals that a node sets: those of its manifest, those that its configuration names, and the engine's own.

use super::super::subject::Subject;
use serde_json::Value;

/// Set by the engine when a node fails.
const OF_FAILURE: [&str; 2] = ["error_message", "error_kind"];

/// The globals of a node; none if they are not known, because its module is not, or a template will name them.
pub(super) fn of<'a>(subject: &Subject<'a>, node: usize) -> Option<Vec<&'a str>> {
    let module = subject.module(node)?;
    let mut globals: Vec<&str> = module.manifest.globals.iter().map(String::as_str).collect();
    if let Some(key) = &module.manifest.globals_key {
        match module.config.get(key) {
            Some(Value::Object(map)) => globals.extend(map.keys().map(String::as_str)),
            Some(Value::String(_)) => return None,
            _ => {}
        }
    }
    let of_failure = OF_FAILURE.into_iter().filter(|name| !module.manifest.globals.iter().any(|known| known == name));
    globals.extend(of_failure);
    Some(globals)
}
