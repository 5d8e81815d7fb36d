//! The tokio driver around the scheduler: performs its commands, reports what happened as events.
//!
//! Sub flows run in *lanes*, tasks on the workers: the lane that ends a sub flow asks the scheduler what comes next and goes
//! on with it. Signals, timeouts and the end are waited for on a thread of their own ([`conductor`]), which no module can block.

mod cancel;
mod child;
mod conductor;
mod context;
mod core;
mod instances;
mod items;
mod landing;
mod lane;
mod module;
mod outputs;
mod pass;
pub(super) mod pool;
mod ports;
mod publish;
mod restore;
mod retry;
mod secrets;
mod services;
mod sub_flow;
mod telling;
mod watch;
mod wave;
pub(super) mod wiring;
pub(super) mod workers;

use super::RunOptions;
use super::checkpoint::Checkpoints;
use super::dependencies::Dependencies;
use super::job::Job;
use super::observe::LinkCounter;
use super::observe::journal::Journal;
use super::prepare::SubFlowPlan;
use super::report::Ledger;
use super::templater::Values;
use crate::artifacts::{Artifact, ArtifactStore};
use crate::executor::Executor;
use crate::project::Project;
pub(super) use cancel::Cancel;
pub(super) use conductor::conduct;
use core::Core;
use instances::Instances;
use pool::Pool;
use publish::Claims;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::Notify;
use watch::Watch;
use workers::Workers;

/// Seconds that what runs has to end by itself once it is asked to stop, where the flow does not say.
const DEFAULT_GRACE: f64 = 5.0;

/// Seconds of a grace period at most: a day.
const LONGEST: f64 = 86_400.0;

/// Share of the caller's grace period that a job within a job has.
const CHILD_SHARE: f64 = 0.8;

/// What everything in a run shares.
pub(super) struct Shared {
    pub project: Project,
    pub job: Job,
    pub options: RunOptions,
    pub values: Values,
    pub checkpoints: Checkpoints,
    /// Which sub flows hang on which; known where the run was resumed.
    pub dependencies: Dependencies,
    pub store: Arc<ArtifactStore>,
    pub executor: Arc<dyn Executor>,
    pub journal: Journal,
    pub pool: Pool,
    pub workers: Arc<Workers>,
    /// The conductor's: no module runs there, so that its clock always goes.
    pub timers: Handle,
    /// It cannot go on: too many workers are lost.
    pub is_lost: AtomicBool,
    /// Instances that are being torn down after their loop.
    pub tearing: AtomicUsize,
    pub links: Vec<LinkCounter>,
    pub ledger: Ledger,
    /// Files that sinks are writing now.
    pub claims: Claims,
    /// Numbers the attempts of all sub flows.
    pub attempts: AtomicU64,
    /// What of each sub flow does not change from pass to pass.
    pub plans: Vec<OnceLock<Arc<SubFlowPlan>>>,
    pub instances: Instances,
    pub core: Mutex<Core>,
    pub watch: Watch,
    /// Rung when the scheduler has finished.
    pub finished: Notify,
    /// Rows for the job that runs this one.
    pub returned: Mutex<BTreeMap<String, Arc<Artifact>>>,
    /// Globals that are kept of every item.
    pub each: BTreeSet<String>,
    pub grace: Duration,
    /// Jobs around this one.
    pub depth: u32,
    /// Asks this run to stop, where another job runs it.
    pub caller: Option<Cancel>,
}

/// What a run is made of, before anything of it has begun.
pub(super) struct Parts {
    pub project: Project,
    pub job: Job,
    pub options: RunOptions,
    pub values: Values,
    pub checkpoints: Checkpoints,
    pub dependencies: Dependencies,
    pub store: Arc<ArtifactStore>,
    pub executor: Arc<dyn Executor>,
    pub journal: Journal,
    pub pool: Pool,
    pub workers: Arc<Workers>,
    pub timers: Handle,
    /// Of the job around this one, if there is one.
    pub grace: Option<Duration>,
    pub threads: usize,
    pub depth: u32,
    pub caller: Option<Cancel>,
}

impl Shared {
    pub(super) fn new(parts: Parts) -> Arc<Self> {
        let Parts { project, job, options, values, store, executor, journal, pool, .. } = parts;
        let Parts { checkpoints, dependencies, workers, timers, grace: around, threads, depth, caller, .. } = parts;
        let mut sub_flow_of: Vec<Arc<str>> = vec!["".into(); job.dag.data_links.len()];
        for (sub_flow, links) in job.metadata.sub_flows.iter().zip(&job.index.links_of) {
            let name: Arc<str> = sub_flow.name.as_str().into();
            for link in links {
                if let Some(of) = sub_flow_of.get_mut(*link) {
                    of.clone_from(&name);
                }
            }
        }
        let links = job.dag.data_links.iter().zip(sub_flow_of).map(|(link, sub_flow)| LinkCounter {
            from: link.from.clone(),
            to: link.to.clone(),
            sub_flow,
            rows: Arc::new(AtomicU64::new(0)),
        });
        let grace = job.metadata.settings.grace.unwrap_or(DEFAULT_GRACE).clamp(0.0, LONGEST);
        let grace = Duration::from_secs_f64(grace);
        Arc::new(Self {
            links: links.collect(),
            ledger: Ledger::new(&job),
            claims: Claims::default(),
            attempts: AtomicU64::new(0),
            plans: job.metadata.sub_flows.iter().map(|_| OnceLock::new()).collect(),
            instances: Instances::default(),
            core: Mutex::new(Core::new(&job, threads)),
            watch: Watch::default(),
            workers,
            timers,
            is_lost: AtomicBool::new(false),
            tearing: AtomicUsize::new(0),
            finished: Notify::new(),
            returned: Mutex::default(),
            each: job.metadata.uses.each.iter().cloned().collect(),
            // A job within a job is to have ended before its caller loses patience.
            grace: around.map_or(grace, |around| grace.min(around.mul_f64(CHILD_SHARE))),
            project,
            job,
            options,
            values,
            checkpoints,
            dependencies,
            store,
            executor,
            journal,
            pool,
            depth,
            caller,
        })
    }

    pub(super) fn sub_flow_name(&self, index: usize) -> &str {
        self.job.metadata.sub_flows.get(index).map_or("", |sub_flow| sub_flow.name.as_str())
    }

    /// Indices of a sub flow's nodes, in declaration order.
    pub(super) fn nodes(&self, index: usize) -> &[usize] {
        self.job.index.nodes_of.get(index).map_or(&[], Vec::as_slice)
    }

    pub(super) fn node_id(&self, node: usize) -> &str {
        self.job.dag.nodes.get(node).map_or("", |node| node.id.as_str())
    }

    pub(super) fn in_loop(&self, sub_flow: usize) -> bool {
        self.job.index.in_loop.get(sub_flow).copied().unwrap_or(false)
    }
}
