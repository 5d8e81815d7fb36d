//! A node's module with the node's configuration: what loading finds out, and all that follows builds on.

use crate::plugins::handle::Plugin;
use pypeline_schema::lowering::Lowering;
use pypeline_schema::manifest::{Effect, ModuleManifest};
use serde_json::{Map, Value};
use std::sync::Arc;

/// The module of a node.
#[derive(Clone)]
pub struct Resolved {
    /// The library that holds it.
    pub plugin: Arc<Plugin>,
    /// What it says of itself.
    pub manifest: Arc<ModuleManifest>,
    /// The node's configuration after defaults.
    pub config: Map<String, Value>,
    /// What the node does to the world outside the run.
    pub effect: Effect,
    /// What a module whose manifest says `service` does here. Words stand in it for what templates will give. None where
    /// the answer hangs on those, or where the configuration is wrong.
    pub answer: Option<Lowering>,
    /// Nothing is wrong with the configuration, as far as the module can tell.
    pub is_sound: bool,
}
