//! What a module says about itself: ports, configuration, globals, effects. The planner asks the manifest, never the name.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The kind of a module, which fixes the links that a node of it may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ModuleKind {
    /// Rows out, none in.
    Source,
    /// Rows in, rows out.
    Mod,
    /// Rows in, none out.
    Sink,
    /// No rows: a step of its own.
    Solo,
}

impl ModuleKind {
    /// The lower-case word used in files and messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Mod => "mod",
            Self::Sink => "sink",
            Self::Solo => "solo",
        }
    }
}

/// What a module does to the world outside the run; decides what a retry may repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Changes nothing outside.
    #[default]
    Pure,
    /// Replaces its target in one step, or leaves it as it was.
    AtomicReplace,
    /// Doing it twice is the same as doing it once.
    Idempotent,
    /// All of it or none of it.
    Transactional,
    /// A repeated attempt may repeat the effect.
    AtLeastOnce,
}

/// How far a module's configuration may still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Maturity {
    /// May change in any release.
    Experimental,
    /// Changes only with a major version.
    #[default]
    Stable,
}

/// One entry of a CONFIG_SCHEMA in the PYpeline specification's form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigField {
    /// `str`, `int`, `float`, `bool`, `list`, `dict` or `any`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// What the parameter is for.
    #[serde(default)]
    pub description: String,
    /// The value used when the flow gives none; only in `optional`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
}

/// CONFIG_SCHEMA: parameters by name, split as the specification splits them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigSchema {
    /// Parameters that a flow must give.
    pub required: BTreeMap<String, ConfigField>,
    /// Parameters with a default.
    pub optional: BTreeMap<String, ConfigField>,
}

/// A module as its plugin declares it (TYPE, VERSION, DESCRIPTION, … of the specification's BaseModule).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleManifest {
    /// Snake case, ending in the kind: `csv_source`.
    pub name: String,
    /// TYPE.
    #[serde(rename = "type")]
    pub kind: ModuleKind,
    /// VERSION, as semver.
    pub version: String,
    /// DESCRIPTION, one sentence.
    pub description: String,
    /// CATEGORY, for grouping in lists.
    pub category: String,
    /// INPUT_PORTS.
    pub input_ports: Vec<String>,
    /// OUTPUT_PORTS; the first is the main one.
    pub output_ports: Vec<String>,
    /// GLOBALS that it sets while it runs.
    pub globals: Vec<String>,
    /// PACKAGES: third-party libraries it brings or systems it needs.
    pub packages: Vec<String>,
    /// CONFIG_SCHEMA in the specification's form.
    pub config_schema: ConfigSchema,
    /// The same as JSON Schema (draft 2020-12), from which checks and editor completion work.
    pub config_json_schema: Value,
    /// What it does outside the run.
    #[serde(default)]
    pub effect: Effect,
    /// How stable its configuration is.
    #[serde(default)]
    pub maturity: Maturity,
    /// It can describe itself as a scan, SELECTs or a destination, so that the engine fuses it.
    #[serde(default)]
    pub lowers: bool,
    /// It can run by itself on Arrow rows.
    #[serde(default)]
    pub runs: bool,
    /// What it lowers to is a service of the engine itself, never a part of a fused stage.
    #[serde(default)]
    pub service: bool,
    /// Each row that comes in leaves by one of the output ports, as it is or changed, or not at all: never twice, and nothing else does.
    #[serde(default, skip_serializing_if = "is_false")]
    pub parts_rows: bool,
    /// The output port that an ITERATE link takes where it names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list_port: Option<String>,
    /// The configuration key whose own keys are globals that the node sets.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub globals_key: Option<String>,
    /// Its input ports are those that data links name, at least one; in the order of the links.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_inputs: bool,
    /// The configuration key whose own keys are input ports, beside `input_ports`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inputs_key: Option<String>,
    /// The configuration key whose own keys are output ports, beside `output_ports`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outputs_key: Option<String>,
}

impl ModuleManifest {
    /// Its input and its output ports for people; `none` where there are none.
    pub fn ports_in_words(&self) -> (String, String) {
        let words = |names: &[String], key: &Option<String>| {
            let key = key.iter().map(|key| format!("one per key of `{key}`"));
            names.iter().cloned().chain(key).collect::<Vec<_>>().join(", ")
        };
        let or_none = |words: String| if words.is_empty() { "none".to_owned() } else { words };
        let inputs = if self.any_inputs {
            "any, as links name them".to_owned()
        } else {
            words(&self.input_ports, &self.inputs_key)
        };
        (or_none(inputs), or_none(words(&self.output_ports, &self.outputs_key)))
    }
}

/// Left out of files where it says nothing.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl ConfigSchema {
    /// Splits a JSON Schema of an object into the specification's required and optional parameters.
    pub fn from_json_schema(schema: &Value) -> Self {
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let mut result = Self::default();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flat_map(Map::iter) {
            let field = ConfigField {
                type_name: type_name(property, schema),
                description: property.get("description").and_then(Value::as_str).unwrap_or_default().to_owned(),
                default: property.get("default").cloned(),
            };
            let side = if required.contains(&name.as_str()) { &mut result.required } else { &mut result.optional };
            side.insert(name.clone(), field);
        }
        result
    }
}

/// The specification's word for a JSON Schema type; follows one `$ref` into `$defs`.
fn type_name(property: &Value, root: &Value) -> String {
    let target = property
        .get("$ref")
        .or_else(|| property.pointer("/anyOf/0/$ref"))
        .and_then(Value::as_str)
        .and_then(|reference| reference.strip_prefix('#'))
        .and_then(|pointer| root.pointer(pointer))
        .unwrap_or(property);
    let word = match target.get("type") {
        Some(Value::String(word)) => word.as_str(),
        Some(Value::Array(words)) => {
            words.iter().filter_map(Value::as_str).find(|word| *word != "null").unwrap_or("any")
        }
        _ if target.get("enum").is_some() || target.get("oneOf").is_some() => "string",
        _ => "any",
    };
    match word {
        "string" => "str",
        "integer" => "int",
        "number" => "float",
        "boolean" => "bool",
        "array" => "list",
        "object" => "dict",
        _ => "any",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn json_schema_splits_into_required_and_optional() {
        let schema = json!({
            "properties": {
                "file_path": {"type": "string", "description": "Path"},
                "limit": {"type": ["integer", "null"], "default": null},
                "mode": {"$ref": "#/$defs/Mode", "default": "overwrite"}
            },
            "required": ["file_path"],
            "$defs": {"Mode": {"oneOf": [{"const": "overwrite"}]}}
        });
        let split = ConfigSchema::from_json_schema(&schema);
        assert_eq!(split.required["file_path"].type_name, "str");
        assert_eq!(split.optional["limit"].type_name, "int");
        assert_eq!(split.optional["mode"].type_name, "str");
        assert_eq!(split.optional["mode"].default, Some(json!("overwrite")));
    }
}
