//! The two files of a job as bytes, a part at a time: sorted keys whatever order the JSON library keeps, and never a value of the
//! whole file. A module's metadata stands in each of its nodes, and is turned into bytes once.

mod writer;

use crate::job_files::writer::Writer;
use pypeline_schema::dag::{DagFile, DagNode};
use pypeline_schema::execution_metadata::ExecutionMetadata;
use pypeline_schema::manifest::{Effect, ModuleManifest};
use serde::Serialize;
use serde_json::{Map, Value};
use std::io::{self, Write};
use std::sync::Arc;

/// How the bytes are laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// For people: indented, with a line's end after all.
    Pretty,
    /// For the fingerprint: no byte too many.
    Compact,
}

/// Writes a `*_dag.json`.
///
/// # Errors
/// `out` refuses.
pub fn write_dag(dag: &DagFile, form: Form, out: &mut impl Write) -> io::Result<()> {
    // All fields, so that a new one is not forgotten here; in the order of their names.
    let DagFile { control_links, data_links, flow, format_version, nodes } = dag;
    let mut file = Writer::begin(form, out)?;
    file.list("control_links", control_links)?;
    file.list("data_links", data_links)?;
    file.field("flow", flow)?;
    file.field("format_version", format_version)?;
    file.list_with_tail("nodes", nodes, node)?;
    file.end()
}

/// Writes an `*_execution_metadata.json`, with this fingerprint in it.
///
/// # Errors
/// `out` refuses.
pub fn write_metadata(
    metadata: &ExecutionMetadata,
    fingerprint: &str,
    form: Form,
    out: &mut impl Write,
) -> io::Result<()> {
    let ExecutionMetadata {
        caches,
        context,
        control,
        fingerprint: _,
        format_version,
        lineage,
        params,
        plugins,
        roots,
        scopes,
        settings,
        static_order,
        sub_flows,
        uses,
    } = metadata;
    let mut file = Writer::begin(form, out)?;
    file.field("caches", caches)?;
    file.field("context", context)?;
    file.list("control", control)?;
    file.field("fingerprint", fingerprint)?;
    file.field("format_version", format_version)?;
    // What a job does is the same with it and without: it is no part of the fingerprint.
    if form == Form::Pretty && !lineage.is_empty() {
        file.list("lineage", lineage)?;
    }
    file.field("params", params)?;
    file.list("plugins", plugins)?;
    file.list("roots", roots)?;
    file.list("scopes", scopes)?;
    file.field("settings", settings)?;
    file.list("static_order", static_order)?;
    file.list("sub_flows", sub_flows)?;
    file.field("uses", uses)?;
    file.end()
}

/// A node but for its module, whose name comes last.
#[derive(Serialize)]
struct Shell<'a> {
    config: &'a Map<String, Value>,
    effect: Effect,
    id: &'a str,
    library: &'a str,
    line: u32,
    #[serde(skip_serializing_if = "Map::is_empty")]
    misc: &'a Map<String, Value>,
}

fn node(node: &DagNode) -> (Shell<'_>, &'static str, &Arc<ModuleManifest>) {
    let DagNode { config, effect, id, library, line, misc, module } = node;
    (Shell { config, effect: *effect, id, library, line: *line, misc }, "module", module)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn dag(nodes: &[&str]) -> DagFile {
        let module = |name: &str| {
            json!({
                "name": name, "type": "source", "version": "1.0.0", "description": "d \"quoted\" \u{1}", "category": "c", "globals": ["g"],
                "input_ports": [], "output_ports": ["data"], "packages": [], "config_schema": {"required": {}, "optional": {}},
                "config_json_schema": {"z": 1, "a": [], "m": {}, "n": [{"y": 1.5, "b": null}]},
            })
        };
        let node = |name: &&str| {
            json!({
                "id": name, "module": module(name), "library": "l.so", "effect": "pure", "line": 3,
                "config": {"z": {"y": 1, "b": "ü"}, "a": [1, {"q": 1, "c": 2}], "e": {}},
                "misc": if *name == "a" { json!({"z": 1, "b": 2}) } else { json!({}) },
            })
        };
        let port = |node: &str| json!({"node": node, "port": "data"});
        let links: Vec<Value> =
            nodes.iter().map(|node| json!({"from": port(node), "to": port("x"), "line": 1})).collect();
        let value = json!({
            "format_version": 1, "flow": {"name": "n", "version": "1.0.0", "authors": [], "created": "2026-01-01"},
            "nodes": nodes.iter().map(node).collect::<Vec<_>>(), "data_links": links, "control_links": [],
        });
        serde_json::from_value(value).unwrap()
    }

    fn metadata() -> ExecutionMetadata {
        let value = json!({
            "format_version": 1, "fingerprint": "old", "settings": {"retries": 2, "checkpoint": "off"},
            "sub_flows": [{"name": "s", "nodes": ["s"], "waves": [["s"]], "fusable": [], "join": "all", "scope": 1}],
            "control": [], "scopes": [], "caches": {"z": null, "a": 0}, "roots": ["s"], "static_order": ["s", "t"],
            "context": {"x": {"type": "int", "secret": false}}, "params": {}, "plugins": [],
            "uses": {"context": ["x"], "params": [], "globals": [], "each": [], "env": ["E"], "optional_env": [], "secrets": []}
        });
        serde_json::from_value(value).unwrap()
    }

    /// The same by way of a value of the whole.
    fn plainly(value: &impl Serialize, form: Form) -> String {
        let mut value = serde_json::to_value(value).unwrap();
        value.sort_all_objects();
        match form {
            Form::Pretty => format!("{value:#}\n"),
            Form::Compact => value.to_string(),
        }
    }

    #[test]
    fn part_by_part_is_what_the_whole_would_be() {
        for form in [Form::Pretty, Form::Compact] {
            for dag in [dag(&[]), dag(&["a"]), dag(&["a", "b", "a"])] {
                let mut bytes = Vec::new();
                write_dag(&dag, form, &mut bytes).unwrap();
                assert_eq!(String::from_utf8(bytes).unwrap(), plainly(&dag, form));
            }
            let (mut bytes, mut metadata) = (Vec::new(), metadata());
            write_metadata(&metadata, "new", form, &mut bytes).unwrap();
            metadata.fingerprint = "new".to_owned();
            assert_eq!(String::from_utf8(bytes).unwrap(), plainly(&metadata, form));
        }
    }

    #[test]
    fn nodes_that_share_their_module_are_written_as_those_that_do_not() {
        let (mut shared, apart) = (dag(&["a"; 3]), dag(&["a"; 3]));
        let module = Arc::clone(&shared.nodes[0].module);
        shared.nodes.iter_mut().for_each(|node| node.module = Arc::clone(&module));
        let bytes = |dag: &DagFile| {
            let mut bytes = Vec::new();
            write_dag(dag, Form::Pretty, &mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes(&shared), bytes(&apart));
    }
}
