//! `pype register-module`, `auto-register` and `clear-registry`.

use super::project_here;
use crate::args::{Global, NameArgs, Output};
use crate::exit::{Exit, Failure};
use crate::render;
use pypeline_engine::plugins::Plugins;
use pypeline_engine::registry::Registry;
use serde_json::json;

/// Registers one module, or all modules of a library.
pub fn register(global: &Global, args: &NameArgs) -> Result<u8, Failure> {
    let project = project_here(global);
    let mut registry = Registry::open(&project)?;
    let modules = registry.register(&mut Plugins::of(&project), &args.name)?;
    say(global, &modules, &project.registry());
    Ok(Exit::Success as u8)
}

/// Registers everything on the search path.
pub fn auto_register(global: &Global) -> Result<u8, Failure> {
    let project = project_here(global);
    let mut registry = Registry::anew(&project);
    let registered = registry.auto_register(&mut Plugins::of(&project))?;
    for error in &registered.broken {
        render::warning(&error.to_string());
    }
    for name in &registered.shadowed {
        render::warning(&format!(
            "module `{name}` is in more than one library; the first on the search path was taken"
        ));
    }
    say(global, &registered.modules, &project.registry());
    Ok(Exit::Success as u8)
}

/// Forgets everything.
pub fn clear(global: &Global) -> Result<u8, Failure> {
    let project = project_here(global);
    Registry::anew(&project).clear()?;
    say(global, &[], &project.registry());
    Ok(Exit::Success as u8)
}

fn say(global: &Global, modules: &[String], path: &std::path::Path) {
    if global.output == Output::Json {
        render::json(&json!({"registered": modules, "registry": path}));
    } else if modules.is_empty() {
        render::line(&format!("{} is empty now", path.display()));
    } else {
        render::line(&format!("registered {} in {}", modules.join(", "), path.display()));
    }
}
