//! Keys that are known, and stand at another level than theirs: said before any guess at a slip of the pen.

use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, suggest};
use pypeline_schema::flow::FlowFile;
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Keys of `misc` that the engine reads.
const MISC: [&str; 5] = ["retries", "timeout", "join", "description", "tags"];

/// Known keys by the section that they stand in: ``, `flow`, `settings`, `modules`, `connections`.
fn sections() -> &'static BTreeMap<String, Vec<String>> {
    static SECTIONS: OnceLock<BTreeMap<String, Vec<String>>> = OnceLock::new();
    SECTIONS.get_or_init(|| {
        let schema = schemars::schema_for!(FlowFile).to_value();
        let keys = |schema: Option<&Value>| -> Vec<String> {
            let properties = schema.and_then(|schema| schema.get("properties")).and_then(Value::as_object);
            properties.map(|map| map.keys().cloned().collect()).unwrap_or_default()
        };
        let behind = |name: &str| schema.pointer(&format!("/$defs/{name}"));
        let named =
            [("flow", "FlowInfo"), ("settings", "Settings"), ("modules", "NodeSpec"), ("connections", "Connections")];
        let sections = named.into_iter().map(|(section, name)| (section.to_owned(), keys(behind(name))));
        sections.chain([(String::new(), keys(Some(&schema)))]).collect()
    })
}

fn knows(section: &str, key: &str) -> bool {
    sections().get(section).is_some_and(|keys| keys.iter().any(|known| known == key))
}

/// Where a key that is unknown at this pointer of the flow would be known.
pub fn advice(pointer: &str) -> Option<String> {
    let (around, key) = pointer.rsplit_once('/')?;
    let section = around.trim_start_matches('/').split('/').next().unwrap_or_default();
    let is_module = section == "modules" && around.matches('/').count() == 2;
    if is_module && MISC.contains(&key) {
        return Some(format!("`{key}` belongs one level down, under `misc`"));
    }
    if is_module && matches!(key, "required" | "optional") {
        return Some(format!("`{key}` belongs one level down, under `configs`"));
    }
    if !around.is_empty() && knows("", key) {
        return Some(format!("`{key}` is a section of its own: write it at the beginning of a line, beside `flow`"));
    }
    let level = if around.is_empty() { "one level down, " } else { "" };
    let other = ["flow", "settings", "connections"].into_iter().find(|other| *other != section && knows(other, key))?;
    Some(format!("`{key}` belongs {level}under `{other}`"))
}

/// The same for a key of a configuration that its module does not know.
pub fn advice_in_configs(key: &str) -> Option<String> {
    match key {
        "id" | "name" | "misc" | "configs" => Some(format!("`{key}` belongs one level up, beside `configs`")),
        key if MISC.contains(&key) => Some(format!("`{key}` belongs under `misc` of the node, beside `configs`")),
        _ => None,
    }
}

/// The finding about a key of a node beside `id`, `name`, `configs` and `misc`; `schema` is that of its module's configuration.
pub fn unknown_of_node(key: &str, pointer: &str, schema: Option<&Value>) -> Diagnostic {
    let properties = schema.and_then(|schema| schema.get("properties"));
    let help = match properties.and_then(|properties| properties.get(key)) {
        Some(_) => format!("`{key}` belongs one level down, under `configs`"),
        None => advice(pointer).unwrap_or_else(|| suggest::help(key, "known keys", &["configs", "id", "misc", "name"])),
    };
    Diagnostic::new(Code::UnknownKey, format!("unknown key `{key}`")).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_at_another_level_are_sent_home() {
        for (pointer, expected) in [
            ("/retries", Some("`retries` belongs one level down, under `settings`")),
            ("/name", Some("`name` belongs one level down, under `flow`")),
            ("/control", Some("`control` belongs one level down, under `connections`")),
            ("/modules/3/retries", Some("`retries` belongs one level down, under `misc`")),
            ("/modules/3/required", Some("`required` belongs one level down, under `configs`")),
            (
                "/flow/settings",
                Some("`settings` is a section of its own: write it at the beginning of a line, beside `flow`"),
            ),
            ("/settings/authors", Some("`authors` belongs under `flow`")),
            ("/settings/retrys", None),
        ] {
            assert_eq!(advice(pointer).as_deref(), expected, "{pointer}");
        }
    }
}
