//! What a module says to a node's configuration beyond its schema: at build it is asked with what is known by then.

use super::document::{Document, LinkedPorts, NodeEntry};
use super::resolved::Resolved;
use crate::config;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::code::Code;
use crate::template;
use pypeline_schema::fault::Fault;
use pypeline_schema::lowering::{Items, LowerRequest, Lowering, Service, WriteMode};
use pypeline_schema::manifest::{Effect, ModuleKind};
use pypeline_schema::ports::PortNames;
use serde_json::{Map, Value};

/// Asks a module that lowers for its faults, where no value hides in a template; what it answers, if it was asked. One whose input
/// ports the links name is not asked where there are none, which others tell.
pub fn plain(
    node: &NodeEntry,
    resolved: &Resolved,
    linked: &LinkedPorts,
    document: &Document,
) -> Result<Option<Lowering>, Box<Diagnostic>> {
    let config = Value::Object(resolved.config.clone());
    if template::is_template(&config) || (resolved.manifest.any_inputs && linked.inputs.is_empty()) {
        return Ok(None);
    }
    let outputs = PortNames::outputs(&resolved.manifest, &resolved.config).names;
    let outputs = outputs.into_iter().map(str::to_owned).collect();
    match lower(resolved, config, linked.inputs.clone(), outputs) {
        Ok(answer) => Ok(Some(answer)),
        Err(fault) => Err(Box::new(refused(&fault, node, resolved, document))),
    }
}

/// Asks a module for the service that it wants of the engine. Words stand in for templates; the answer is none if it does
/// not come that way. What the plan has to know, a template cannot give.
pub fn service(
    node: &NodeEntry,
    resolved: &Resolved,
    linked: &LinkedPorts,
    document: &Document,
) -> Result<Option<Lowering>, Box<Diagnostic>> {
    let ports = resolved.manifest.output_ports.iter();
    let outputs: Vec<String> = ports.filter(|port| linked.outputs.contains(*port)).cloned().collect();
    let lower = |resolved, config| lower(resolved, config, linked.inputs.clone(), outputs.clone());
    let config = Value::Object(resolved.config.clone());
    if !template::is_template(&config) {
        let answer = lower(resolved, config);
        return answer.map(Some).map_err(|fault| Box::new(refused(&fault, node, resolved, document)));
    }
    let mut words = StandIns::default();
    let answer = lower(resolved, words.replace(&config, String::new())).or_else(|_| {
        words = StandIns::default();
        lower(resolved, words.replace(&without_options(node, resolved), String::new()))
    });
    let answer = answer.ok();
    let Some(Lowering::Service(service)) = &answer else { return Ok(answer) };
    let (text, is_condition) = match service {
        Service::CacheWrite(write) => (write.cache.as_str(), false),
        Service::CacheRead { cache } => (cache.as_str(), false),
        Service::RunJob(job) => (job.rows.as_deref().unwrap_or_default(), false),
        Service::Items(Items::While { condition, .. }) => (condition.as_str(), true),
        _ => return Ok(answer),
    };
    let Some((pointer, template)) = words.behind(text) else { return Ok(answer) };
    let (message, help) = if is_condition {
        let bare = template.replace("{{", "").replace("}}", "");
        ("a condition is a bare expression", format!("write it without braces: `{}`", bare.trim()))
    } else {
        (
            "the name of a cache cannot come from a template",
            "write the name itself: the build has to know it".to_owned(),
        )
    };
    let pointer = node.locate(pointer);
    let span = document.positions.value(&pointer);
    Err(Box::new(Diagnostic::new(Code::ConfigWrongValue, message).help(help).at(pointer, span)))
}

/// What a node does to the world outside the run: adding to a file is told from replacing it, since a run that is gone on with can
/// tell by what it has kept that rows were added already. Else it is the module's own word. `known` is what the module has answered
/// already.
pub fn effect(node: &NodeEntry, resolved: &Resolved, known: Option<Lowering>) -> Effect {
    let declared = resolved.manifest.effect;
    if resolved.manifest.service || resolved.manifest.kind != ModuleKind::Sink {
        return declared;
    }
    let answer =
        |config: &Value| lower(resolved, StandIns::default().replace(config, String::new()), Vec::new(), Vec::new());
    let asked = || {
        let config = Value::Object(resolved.config.clone());
        answer(&config).or_else(|_| answer(&without_options(node, resolved))).ok()
    };
    match known.or_else(asked) {
        Some(Lowering::Destination(destination)) => match destination.mode {
            WriteMode::Append => Effect::Idempotent,
            WriteMode::Overwrite | WriteMode::Error => Effect::AtomicReplace,
        },
        _ => declared,
    }
}

fn lower(
    resolved: &Resolved,
    config: Value,
    inputs: Vec<String>,
    outputs: Vec<String>,
) -> Result<Lowering, Box<Fault>> {
    let request = LowerRequest { config, linked_inputs: inputs, linked_outputs: outputs };
    resolved.plugin.functions.lower(&resolved.manifest.name, &request)
}

fn refused(fault: &Fault, node: &NodeEntry, resolved: &Resolved, document: &Document) -> Diagnostic {
    let key = fault.context.iter().find(|(key, _)| key == "key").map_or("", |(_, value)| value.as_str());
    let pointer = place_of(key, node, document);
    let place = fault.place.as_deref().map(|place| format!(" (at {place})")).unwrap_or_default();
    let whose = format!("`{}` ({} in {})", node.id, resolved.manifest.name, resolved.plugin.library);
    let message = format!("{whose} does not accept its configuration: {}{place}", fault.message);
    let finding = Diagnostic { help: fault.help.clone(), ..Diagnostic::new(Code::ConfigWrongValue, message) };
    let span = document.positions.value(&pointer);
    finding.at(pointer, span)
}

/// The pointer of a key with dots between its parts, as far as there are places.
fn place_of(key: &str, node: &NodeEntry, document: &Document) -> String {
    let mut inner = format!("/{}", key.replace('.', "/"));
    while document.positions.value(&node.locate(&inner)).is_none() && inner.matches('/').count() > 1 {
        inner.truncate(inner.rfind('/').unwrap_or_default());
    }
    node.locate(&inner)
}

/// The configuration with defaults in the place of options that a template gives: a word does not fit everywhere.
fn without_options(node: &NodeEntry, resolved: &Resolved) -> Value {
    let optional = &resolved.manifest.config_schema.optional;
    let stays = |(key, value): &(&String, &Value)| !(optional.contains_key(*key) && template::is_template(value));
    let config: Map<String, Value> =
        node.config.iter().filter(stays).map(|(key, value)| (key.clone(), value.clone())).collect();
    Value::Object(config::with_defaults(&resolved.manifest, &config))
}

/// Words in the place of templates, with the pointer and the text of each.
#[derive(Default)]
struct StandIns(Vec<(String, String)>);

impl StandIns {
    fn replace(&mut self, value: &Value, pointer: String) -> Value {
        match value {
            Value::String(text) if template::is_template(value) => {
                self.0.push((pointer, text.clone()));
                Value::String(Self::word(self.0.len() - 1))
            }
            Value::Array(items) => {
                let items = items.iter().enumerate();
                Value::Array(items.map(|(at, item)| self.replace(item, format!("{pointer}/{at}"))).collect())
            }
            Value::Object(map) => {
                let mut inner = |(key, item): (&String, &Value)| {
                    let token = key.replace('~', "~0").replace('/', "~1");
                    (key.clone(), self.replace(item, format!("{pointer}/{token}")))
                };
                Value::Object(map.iter().map(&mut inner).collect())
            }
            other => other.clone(),
        }
    }

    /// Fit for a path, a text and a cache's name alike.
    fn word(at: usize) -> String {
        format!("templated.value.{at}")
    }

    fn behind(&self, word: &str) -> Option<(&str, &str)> {
        let (_, (pointer, text)) = self.0.iter().enumerate().find(|(at, _)| Self::word(*at) == word)?;
        Some((pointer, text))
    }
}
