//! The tokio driver around the scheduler: performs its commands, reports what happened as events.

mod cancel;
mod context;
mod module;
mod ports;
mod publish;
mod sub_flow;
pub(super) mod wiring;

use super::job::Job;
use super::observe::{Event, LinkCounter, Observer};
use super::prepare;
use super::report::{Ended, Ledger};
use super::templater::Values;
use crate::artifacts::ArtifactStore;
use crate::executor::Executor;
use crate::project::Project;
use crate::scheduling::{Command, Graph, Join, Link, Outcome, Scheduler, When};
use cancel::{Cancel, Signals};
use publish::Claims;
use pypeline_schema::fault::{Fault, FaultKind};
use pypeline_schema::run_result::{RunResult, State};
use pypeline_schema::settings::FailStrategy;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

/// Seconds that a module has to end by itself once it is asked to stop.
pub(super) const GRACE: Duration = Duration::from_secs(5);

/// What everything in a run shares.
pub(super) struct Shared {
    pub project: Project,
    pub job: Job,
    pub values: Values,
    pub store: Arc<ArtifactStore>,
    pub executor: Arc<dyn Executor>,
    pub observer: Arc<dyn Observer>,
    pub fuse: bool,
    pub runtime: Handle,
    pub links: Vec<LinkCounter>,
    /// The links as pairs of node indices.
    pub pairs: Vec<(usize, usize)>,
    pub ledger: Ledger,
    /// Files that sinks are writing now.
    pub claims: Claims,
    /// Numbers the attempts of all sub flows.
    pub attempts: AtomicU64,
}

/// One run.
pub(super) struct Driver {
    shared: Arc<Shared>,
    running: JoinSet<(usize, Outcome)>,
    cancels: BTreeMap<usize, Cancel>,
    fault: Option<Fault>,
    stopped_by: Option<u8>,
}

impl Driver {
    #[allow(clippy::too_many_arguments)] // Named once, in `run`, where each is what its type says.
    pub(super) fn new(
        project: Project,
        job: Job,
        values: Values,
        store: Arc<ArtifactStore>,
        executor: Arc<dyn Executor>,
        observer: Arc<dyn Observer>,
        fuse: bool,
        runtime: Handle,
    ) -> Self {
        let sub_flow =
            |id: &str| job.metadata.sub_flows.iter().position(|sub_flow| sub_flow.nodes.iter().any(|node| node == id));
        let links = job.dag.data_links.iter().map(|link| LinkCounter {
            from: link.from.clone(),
            to: link.to.clone(),
            sub_flow: sub_flow(&link.from.node).unwrap_or_default(),
            rows: Arc::new(AtomicU64::new(0)),
        });
        let (links, pairs) = (links.collect(), prepare::pairs(&job.dag.nodes, &job.dag.data_links));
        let ledger = Ledger::new(&job);
        let (claims, attempts) = (Claims::default(), AtomicU64::new(0));
        let shared = Shared {
            project,
            job,
            values,
            store,
            executor,
            observer,
            fuse,
            runtime,
            links,
            pairs,
            ledger,
            claims,
            attempts,
        };
        Self {
            shared: Arc::new(shared),
            running: JoinSet::new(),
            cancels: BTreeMap::new(),
            fault: None,
            stopped_by: None,
        }
    }

    /// Runs to the end; whatever happens is in the result.
    pub(super) async fn run(mut self) -> RunResult {
        let started = Instant::now();
        let shared = Arc::clone(&self.shared);
        shared
            .observer
            .event(&Event::RunStarted { run_id: shared.values.run_id().to_owned(), links: shared.links.clone() });
        let mut scheduler = Scheduler::new(graph(&shared.job));
        let mut signals = Signals::listen();
        let timeout = shared.job.metadata.settings.timeout.map(Duration::from_secs);
        let deadline = tokio::time::sleep(timeout.unwrap_or(Duration::MAX / 4));
        tokio::pin!(deadline);
        let mut timed_out = false;
        let mut commands: VecDeque<Command> = scheduler.begin().into();
        loop {
            while let Some(command) = commands.pop_front() {
                self.perform(command);
            }
            if self.running.is_empty() {
                break;
            }
            tokio::select! {
                ended = self.running.join_next() => {
                    let Some((index, outcome)) = ended.and_then(Result::ok) else { continue };
                    self.cancels.remove(&index);
                    commands.extend(scheduler.ended(index, outcome));
                }
                code = signals.next() => {
                    if self.stopped_by.is_some() {
                        // Asked twice: leave at once. The system drops the lock, the next run the temporary files.
                        std::process::exit(i32::from(code));
                    }
                    tracing::warn!("stopping: running modules have {} s to end; a second signal ends at once", GRACE.as_secs());
                    self.stopped_by = Some(code);
                    scheduler.cancel();
                    self.stop_running();
                }
                () = &mut deadline, if timeout.is_some() && !timed_out => {
                    timed_out = true;
                    let seconds = timeout.unwrap_or_default().as_secs();
                    self.fault = Some(Fault::new(FaultKind::Cancelled, format!("the run took longer than its timeout of {seconds} s")));
                    scheduler.cancel();
                    self.stop_running();
                }
            }
        }
        self.finish(started)
    }

    fn perform(&mut self, command: Command) {
        match command {
            Command::Start(index) => {
                let cancel = Cancel::new();
                self.cancels.insert(index, cancel.clone());
                let shared = Arc::clone(&self.shared);
                self.running.spawn(async move { (index, sub_flow::run(shared, index, cancel).await) });
            }
            Command::Skip(index, _) => self.shared.ended(index, State::Skipped, None),
            Command::StopRunning => self.stop_running(),
            Command::Finish => {}
        }
    }

    fn stop_running(&self) {
        for cancel in self.cancels.values() {
            cancel.cancel();
        }
    }

    fn finish(self, started: Instant) -> RunResult {
        let shared = &self.shared;
        let mut failed = self.fault.is_some();
        for index in 0..shared.job.metadata.sub_flows.len() {
            match shared.ledger.sub_flow_state(index) {
                State::Pending => shared.ended(index, State::Skipped, None),
                // Running still: its task panicked, and had no say any more.
                State::Failed | State::Running => failed = true,
                _ => {}
            }
        }
        let (state, exit_code) = match (self.stopped_by, failed) {
            (Some(code), _) => (State::Cancelled, code),
            (None, true) => (State::Failed, 1),
            (None, false) => (State::Succeeded, 0),
        };
        let ended = Ended { state, exit_code, seconds: started.elapsed().as_secs_f64(), fault: self.fault };
        shared.ledger.result(&shared.job, &shared.links, shared.values.run_id(), ended)
    }
}

impl Shared {
    /// Records the end of a sub flow and tells of it.
    pub(super) fn ended(&self, index: usize, state: State, seconds: Option<f64>) {
        self.ledger.set_sub_flow(index, state, seconds);
        if state == State::Skipped {
            for node in self.nodes(index) {
                self.ledger.set_node(node, |node| node.state = State::Skipped);
            }
        }
        let name = self.sub_flow_name(index);
        self.observer.event(&Event::SubFlowEnded { index, name, state, seconds });
    }

    pub(super) fn sub_flow_name(&self, index: usize) -> String {
        self.job.metadata.sub_flows.get(index).map_or_else(String::new, |sub_flow| sub_flow.name.clone())
    }

    /// Indices of a sub flow's nodes, in declaration order.
    pub(super) fn nodes(&self, index: usize) -> Vec<usize> {
        let Some(sub_flow) = self.job.metadata.sub_flows.get(index) else { return Vec::new() };
        let nodes = self.job.dag.nodes.iter().enumerate();
        nodes.filter(|(_, node)| sub_flow.nodes.contains(&node.id)).map(|(at, _)| at).collect()
    }
}

/// The job's sub flows and control links as the scheduler sees them.
fn graph(job: &Job) -> Graph {
    let index = |name: &str| job.metadata.sub_flows.iter().position(|sub_flow| sub_flow.name == name);
    let node = |id: &str| job.dag.nodes.iter().position(|node| node.id == id).unwrap_or_default();
    let links = job.metadata.control.iter().filter_map(|link| {
        let when = match link.condition.as_str() {
            "error" => When::Error,
            "always" => When::Always,
            _ => When::Ok,
        };
        Some(Link { from: index(&link.from)?, to: index(&link.to)?, node: node(&link.node), order: link.order, when })
    });
    Graph {
        joins: vec![Join::Clean; job.metadata.sub_flows.len()],
        links: links.collect(),
        parallel_roots: job.metadata.settings.parallel_roots.unwrap_or(false),
        continue_on_failure: job.metadata.settings.fail_strategy == Some(FailStrategy::Continue),
    }
}
