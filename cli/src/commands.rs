//! One file per group of commands: arguments, one engine call, rendering.

pub mod clean;
pub mod context;
pub mod dry_run;
pub mod explain;
pub mod flow;
pub mod graph;
pub mod history;
pub mod init;
pub mod lineage;
pub mod logs;
pub mod modules;
pub mod registry;
pub mod run;
pub mod schema;
mod subject;

use crate::args::Global;
use pypeline_engine::project::Project;
use std::path::Path;

/// The project of a flow file or job folder.
fn project_of(global: &Global, subject: &Path) -> Project {
    Project::locate(global.project.as_deref(), subject)
}

/// The project of the working folder, for commands that name no flow.
fn project_here(global: &Global) -> Project {
    let here = std::env::current_dir().unwrap_or_default();
    Project::locate(global.project.as_deref(), &here.join("flow.yaml"))
}
