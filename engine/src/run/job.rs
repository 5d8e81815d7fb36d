//! A job folder, read and found whole: versions, fingerprint, and the very plugins it was built with.

mod checks;
pub mod index;

use crate::job_folder::{JobFolder, fingerprint};
use crate::plugins::Plugins;
use crate::plugins::error::PluginError;
use crate::plugins::handle::Functions;
use crate::project::Project;
use checks::Checks;
use index::Index;
use pypeline_schema::FORMAT_VERSION;
use pypeline_schema::dag::{DagFile, DagNode};
use pypeline_schema::execution_metadata::{ExecutionMetadata, PluginPin};
use pypeline_schema::manifest::ModuleManifest;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{Builder, ScopedJoinHandle};

/// Why a job folder cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// No job there.
    #[error("`{}` is not a job folder: it holds no `*_dag.json`; `pype build FLOW.yaml` makes one", .0.display())]
    NotAJob(PathBuf),
    /// More than one job there.
    #[error("`{}` holds the jobs {}: keep one, and build the others elsewhere", .0.display(), .1.join(", "))]
    SeveralJobs(PathBuf, Vec<String>),
    /// The file system refused.
    #[error("cannot read `{}`: {source}", .path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Not what `pype build` writes.
    #[error("`{}` is damaged: {why}; build the job again", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where and why.
        why: String,
    },
    /// Written by another version.
    #[error("`{}` has format version {found}, this pype reads {FORMAT_VERSION}; build the job again", .path.display())]
    Version {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: u64,
    },
    /// The files do not belong together: edited, or a build was interrupted.
    #[error(
        "the files of job `{0}` do not belong together (edited by hand, or a build was interrupted); build the job again"
    )]
    Fingerprint(String),
    /// Plugins that cannot be used, all of them.
    #[error("{}", plugin_errors(.0))]
    Plugins(Vec<(PluginError, Vec<String>)>),
}

fn plugin_errors(errors: &[(PluginError, Vec<String>)]) -> String {
    let one = |(error, modules): &(PluginError, Vec<String>)| format!("{error} (needed for {})", modules.join(", "));
    errors.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// An opened job.
pub struct Job {
    /// Where it is.
    pub folder: JobFolder,
    /// Nodes and links.
    pub dag: DagFile,
    /// What the scheduler needs.
    pub metadata: ExecutionMetadata,
    /// Numbers for names.
    pub index: Index,
    /// Libraries by file name.
    pub plugins: BTreeMap<String, Arc<Functions>>,
    pub(super) checks: Checks,
}

impl Job {
    /// Opens a folder and loads its plugins.
    pub fn open(project: &Project, path: &Path) -> Result<Self, JobError> {
        let (folder, dag, metadata) = read_files(path)?;
        Self::of(project, folder, dag, metadata)
    }

    /// A job whose files were read, or never written; `folder` is where they are or would be.
    ///
    /// # Errors
    /// A plugin cannot be used.
    pub fn of(
        project: &Project,
        folder: JobFolder,
        dag: DagFile,
        metadata: ExecutionMetadata,
    ) -> Result<Self, JobError> {
        let plugins = load_plugins(project, &dag, &metadata)?;
        let index = Index::new(&dag, &metadata);
        Ok(Self { folder, dag, metadata, index, plugins, checks: Checks::default() })
    }

    /// What the library can be asked that holds a node's module.
    pub fn plugin(&self, node: &DagNode) -> Option<&Arc<Functions>> {
        self.plugins.get(&node.library)
    }
}

/// Reads the files of a job folder; no plugin is loaded.
///
/// # Errors
/// There is no job, or its files are damaged, of another version, or do not belong together.
pub fn read_files(path: &Path) -> Result<(JobFolder, DagFile, ExecutionMetadata), JobError> {
    let folder = find(path)?;
    let mut dag: DagFile = read(&folder.dag())?;
    share_modules(&mut dag);
    let metadata: ExecutionMetadata = read(&folder.metadata())?;
    if fingerprint(&dag, &metadata) != metadata.fingerprint {
        return Err(JobError::Fingerprint(folder.name().to_owned()));
    }
    Ok((folder, dag, metadata))
}

/// Each node of the file has its module's metadata; in memory they share it.
fn share_modules(dag: &mut DagFile) {
    let mut known: HashMap<String, Arc<ModuleManifest>> = HashMap::new();
    for node in &mut dag.nodes {
        match known.get(&node.module.name) {
            Some(module) if **module == *node.module => node.module = Arc::clone(module),
            Some(_) => {}
            None => drop(known.insert(node.module.name.clone(), Arc::clone(&node.module))),
        }
    }
}

/// The job's name is that of its `*_dag.json`.
pub(super) fn find(path: &Path) -> Result<JobFolder, JobError> {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let entries = std::fs::read_dir(&path).map_err(|source| JobError::Io { path: path.clone(), source })?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut jobs: Vec<String> = names.filter_map(|name| name.strip_suffix("_dag.json").map(str::to_owned)).collect();
    jobs.sort();
    match jobs.as_slice() {
        [name] => Ok(JobFolder::new(path, name)),
        [] => Err(JobError::NotAJob(path)),
        _ => Err(JobError::SeveralJobs(path, jobs)),
    }
}

/// The version comes first: a file of another one may be of another form. Never is a value of the whole file made.
fn read<T: DeserializeOwned>(path: &Path) -> Result<T, JobError> {
    let bytes = std::fs::read(path).map_err(|source| JobError::Io { path: path.to_path_buf(), source })?;
    let damaged = |error: serde_json::Error| JobError::Damaged { path: path.to_path_buf(), why: error.to_string() };
    let versioned: Versioned = serde_json::from_slice(&bytes).map_err(damaged)?;
    match versioned.format_version.as_ref().and_then(Value::as_u64) {
        Some(found) if found == u64::from(FORMAT_VERSION) => serde_json::from_slice(&bytes).map_err(damaged),
        found => Err(JobError::Version { path: path.to_path_buf(), found: found.unwrap_or(0) }),
    }
}

/// What all files of a job have.
#[derive(Deserialize)]
struct Versioned {
    format_version: Option<Value>,
}

fn load_plugins(
    project: &Project,
    dag: &DagFile,
    metadata: &ExecutionMetadata,
) -> Result<BTreeMap<String, Arc<Functions>>, JobError> {
    let plugins = Plugins::of(project);
    let load = &|pin: &PluginPin| plugins.load_pinned(pin);
    // One beside another: what takes the time is to hash them.
    let found = std::thread::scope(|threads| {
        let mut pins = metadata.plugins.iter();
        let first = pins.next();
        let begin = |pin| (pin, Builder::new().name("pype-load".to_owned()).spawn_scoped(threads, move || load(pin)));
        let beside: Vec<_> = pins.map(begin).collect();
        let first = first.map(|pin| (pin, load(pin)));
        // Without a thread to be had, or where it panicked, the library is loaded here.
        let end = |(pin, thread): (_, std::io::Result<ScopedJoinHandle<'_, _>>)| {
            (pin, thread.ok().and_then(|thread| thread.join().ok()).unwrap_or_else(|| load(pin)))
        };
        let others = beside.into_iter().map(end);
        first.into_iter().chain(others).collect::<Vec<_>>()
    });
    let (mut loaded, mut failed) = (BTreeMap::new(), Vec::new());
    for (pin, found) in found {
        match found {
            Ok(functions) => {
                loaded.insert(pin.library.clone(), functions);
            }
            Err(error) => {
                let nodes = dag.nodes.iter().filter(|node| node.library == pin.library);
                let mut modules: Vec<String> = nodes.map(|node| format!("`{}`", node.module.name)).collect();
                modules.sort();
                modules.dedup();
                failed.push((error, modules));
            }
        }
    }
    if failed.is_empty() { Ok(loaded) } else { Err(JobError::Plugins(failed)) }
}
