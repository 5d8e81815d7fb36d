//! One file per group of commands: arguments, one engine call, rendering.

pub mod context;
pub mod flow;
pub mod init;
pub mod logs;
pub mod modules;
pub mod registry;
pub mod run;

use crate::args::Global;
use crate::exit::{Exit, Failure};
use pypeline_engine::project::Project;
use pypeline_engine::secrets::Vault;
use pypeline_vault::VaultClient;
use std::path::Path;
use std::sync::Arc;

/// Where secrets are, by the environment.
fn vault() -> Result<Option<Arc<dyn Vault>>, Failure> {
    let settings = pypeline_vault::Settings::from_env(|name| std::env::var(name).ok())
        .map_err(|error| Failure::new(Exit::Failed, error))?;
    Ok(settings.map(|settings| Arc::new(VaultClient::new(settings)) as _))
}

/// The project of a flow file or job folder.
fn project_of(global: &Global, subject: &Path) -> Project {
    Project::locate(global.project.as_deref(), subject)
}

/// The project of the working folder, for commands that name no flow.
fn project_here(global: &Global) -> Project {
    let here = std::env::current_dir().unwrap_or_default();
    Project::locate(global.project.as_deref(), &here.join("flow.yaml"))
}
