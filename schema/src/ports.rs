//! The ports of one node: those of its module, and those that its configuration or its links name. Whoever asks for the ports of a
//! node asks here.

use crate::manifest::ModuleManifest;
use serde_json::{Map, Value};

/// The input or the output ports of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PortNames<'a> {
    /// Names, those of the module first.
    pub names: Vec<&'a str>,
    /// A link may name others: the module takes any, or a template will say which there are.
    pub is_open: bool,
}

impl<'a> PortNames<'a> {
    /// The input ports of a node with this configuration.
    pub fn inputs(manifest: &'a ModuleManifest, config: &'a Map<String, Value>) -> Self {
        let mut ports = Self::of(&manifest.input_ports, manifest.inputs_key.as_deref(), config);
        ports.is_open |= manifest.any_inputs;
        ports
    }

    /// The output ports of a node with this configuration.
    pub fn outputs(manifest: &'a ModuleManifest, config: &'a Map<String, Value>) -> Self {
        Self::of(&manifest.output_ports, manifest.outputs_key.as_deref(), config)
    }

    fn of(fixed: &'a [String], key: Option<&str>, config: &'a Map<String, Value>) -> Self {
        let mut ports = Self { names: fixed.iter().map(String::as_str).collect(), is_open: false };
        match key.and_then(|key| config.get(key)) {
            Some(Value::Object(map)) => {
                let new = map.keys().map(String::as_str).filter(|name| !fixed.iter().any(|port| port == name));
                ports.names.extend(new);
            }
            Some(Value::String(_)) => ports.is_open = true,
            _ => {}
        }
        ports
    }

    /// There is such a port.
    pub fn has(&self, port: &str) -> bool {
        self.names.contains(&port) || (self.is_open && is_identifier(port))
    }
}

/// A name that SQL takes without quotes: ports that nobody has named before are tables.
pub fn is_identifier(name: &str) -> bool {
    let is_word = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
    name.chars().all(is_word) && name.chars().next().is_some_and(|first| !first.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn manifest(more: Value) -> ModuleManifest {
        let mut manifest = json!({
            "name": "x_mod", "type": "mod", "version": "1.0.0", "description": "d", "category": "c", "globals": [], "packages": [],
            "input_ports": ["input"], "output_ports": [], "config_schema": {"required": {}, "optional": {}}, "config_json_schema": {},
        });
        manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        serde_json::from_value(manifest).unwrap()
    }

    #[test]
    fn a_manifest_that_says_nothing_of_other_ports_has_none() {
        let (manifest, config) = (manifest(json!({})), Map::new());
        let ports = PortNames::inputs(&manifest, &config);
        assert_eq!(ports, PortNames { names: vec!["input"], is_open: false });
        assert!(ports.has("input") && !ports.has("other"));
    }

    #[test]
    fn keys_of_the_configuration_are_ports() {
        let manifest = manifest(json!({"inputs_key": "lookups", "outputs_key": "outputs"}));
        let config = json!({"lookups": {"customers": {}, "input": {}}, "outputs": "{{ context.outputs }}"});
        let config = config.as_object().unwrap();
        assert_eq!(PortNames::inputs(&manifest, config).names, ["input", "customers"]);
        // A template says later which there are.
        assert!(PortNames::outputs(&manifest, config).has("any"));
        assert!(!PortNames::outputs(&manifest, &Map::new()).has("any"));
    }

    #[test]
    fn ports_that_links_name_are_identifiers() {
        let (manifest, config) = (manifest(json!({"input_ports": [], "any_inputs": true})), Map::new());
        let ports = PortNames::inputs(&manifest, &config);
        assert!(ports.has("orders_2") && ports.has("_x"));
        assert!(!["", "2x", "a-b", "a b", "ä", "a.b"].iter().any(|name| ports.has(name)));
    }
}
