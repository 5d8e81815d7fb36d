//! References of a schema that stands within another: what pointed into the whole file points into its new place.

use serde_json::Value;

/// Makes every reference into the schema's own file one below `place`. The depth of a schema is bounded by the JSON reader's.
pub(super) fn rebase(schema: &mut Value, place: &str) {
    match schema {
        Value::Object(map) => {
            for (key, value) in map {
                match value {
                    Value::String(text) if key == "$ref" => {
                        if let Some(pointer) =
                            text.strip_prefix('#').filter(|rest| rest.is_empty() || rest.starts_with('/'))
                        {
                            *text = format!("{place}{pointer}");
                        }
                    }
                    // Values, and not schemas.
                    _ if ["const", "default", "enum", "examples"].contains(&key.as_str()) => {}
                    _ => rebase(value, place),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rebase(item, place)),
        _ => {}
    }
}

/// A name as one step of a JSON pointer in a URI's fragment.
pub(super) fn fragment(name: &str) -> String {
    let step = name.replace('~', "~0").replace('/', "~1");
    percent_encoding::utf8_percent_encode(&step, ESCAPED).to_string()
}

/// What may not stand in a fragment as it is.
const ESCAPED: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'`')
    .add(b'^')
    .add(b'\\');
