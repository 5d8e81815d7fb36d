//! Whether a run begins anew or goes on with one that did not come to its end, and what has to be the same for that.

use super::checkpoint::unfinished::{self, Beginning, Unfinished};
use super::checkpoint::{Changes, Checkpoints, Continued, Sessions, Syncing};
use super::checkpoint::{freeze, standing};
use super::dependencies::Dependencies;
use super::job::Job;
use super::templater::{Identity, Values};
use super::{RunError, RunOptions};
use pypeline_schema::checkpoint::{Frozen, Session};
use pypeline_schema::manifest::Effect;
use pypeline_schema::settings::{Checkpointing, Durability};
use serde_json::{Map, Value};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// Seconds that landed sub flows may wait to be brought to disk together, where the flow does not say.
const COMMIT_DELAY: f64 = 0.05;

/// Processes that may die one after another without getting anywhere.
const MOST_DEATHS: u64 = 3;

/// How a run goes on with an unfinished one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Resume {
    /// What to do if something was changed since; without it, nothing is run.
    pub on_change: Option<OnChange>,
    /// Also if it has brought down several processes.
    pub force: bool,
}

/// What to do if something was changed since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnChange {
    /// Run again what the change concerns, and all that hangs on it.
    RerunAffected,
    /// Take what has landed as it is.
    Accept,
}

/// A job that is run by another: how it finds its own checkpoints again.
#[derive(Debug, Clone)]
pub struct Called {
    /// Id of the other's run.
    pub by: String,
    /// Name of the folder, the same whenever the other runs it again.
    pub name: String,
}

/// Where a run begins.
pub(super) struct Start {
    /// The run that it goes on with.
    goes_on: Option<(Unfinished, Box<Frozen>)>,
    /// Runs that are superseded by this one's success.
    older: Vec<PathBuf>,
    sequence: u64,
}

impl Start {
    /// Finds it. The job is held.
    pub(super) fn find(job: &Job, options: &RunOptions) -> Result<Self, RunError> {
        let io = |source| RunError::Checkpoints { path: job.folder.checkpoints(), source };
        unfinished::finish_removing(&job.folder);
        let mut found = unfinished::list(&job.folder).map_err(io)?;
        let last = |unfinished: &Unfinished| match &unfinished.beginning {
            Beginning::Known(frozen) => frozen.sequence,
            _ => 0,
        };
        let sequence = 1 + found.iter().map(last).max().unwrap_or_default();
        let at = match (&options.called, options.resume) {
            (Some(called), _) => found.iter().position(|unfinished| unfinished.run_id() == called.name),
            (None, Some(_)) => Some(choose(&found)?),
            (None, None) => None,
        };
        let chosen = at.map(|at| found.remove(at));
        if chosen.is_none() && options.called.is_none() {
            say_unfinished(&found);
        }
        let goes_on = match chosen {
            Some(unfinished) => match &unfinished.beginning {
                Beginning::Known(frozen) => {
                    let frozen = frozen.clone();
                    Some((unfinished, frozen))
                }
                Beginning::Empty => {
                    if options.called.is_some() {
                        // This one takes its name.
                        unfinished::remove(&unfinished.folder).map_err(io)?;
                    } else {
                        tracing::warn!("run {} died before it had begun: this one begins anew", unfinished.run_id());
                        found.push(unfinished);
                    }
                    None
                }
                Beginning::Damaged(why) => {
                    return Err(RunError::Unreadable { path: unfinished.folder.clone(), why: why.clone() });
                }
                Beginning::Later(version) => {
                    let why = format!("a later pype has written them, in version {version} of its records");
                    return Err(RunError::Unreadable { path: unfinished.folder.clone(), why });
                }
            },
            None => None,
        };
        // What another job's run has left, that one looks after.
        let older = match &options.called {
            Some(_) => Vec::new(),
            None => found.into_iter().map(|unfinished| unfinished.folder).collect(),
        };
        Ok(Self { goes_on, older, sequence })
    }

    /// Who the run is.
    pub(super) fn identity(&self, identity: Identity) -> Identity {
        match &self.goes_on {
            Some((_, frozen)) => identity.resuming(&frozen.run_id, &frozen.started_at),
            None => identity,
        }
    }

    /// The options, with what the unfinished run was given; what is given now stands above it.
    pub(super) fn options(&self, job: &Job, options: &RunOptions) -> RunOptions {
        let mut options = options.clone();
        let Some((_, frozen)) = self.goes_on.as_ref().filter(|_| options.called.is_none()) else { return options };
        options.context = options.context.or_else(|| frozen.context_name.clone());
        let (context, params) = (&job.metadata.context, &job.metadata.params);
        let knows = |name: &String| context.contains_key(name) || job.metadata.uses.context.contains(name);
        add(&mut options.set, &frozen.set, knows);
        let knows = |name: &String| params.contains_key(name) || job.metadata.uses.params.contains(name);
        add(&mut options.params, &frozen.given_params, knows);
        options
    }

    /// Opens the checkpoints, once the values are known; and says what hangs on what, where that matters.
    pub(super) fn open(
        self,
        job: &Job,
        values: &Values,
        options: &RunOptions,
    ) -> Result<(Checkpoints, Dependencies), RunError> {
        let settings = &job.metadata.settings;
        let durability = settings.durability.unwrap_or_default();
        let is_off = settings.checkpoint == Some(Checkpointing::Off) || durability == Durability::Off;
        let syncing = match durability {
            Durability::Power => {
                Syncing::Power(Duration::from_secs_f64(settings.commit_delay.unwrap_or(COMMIT_DELAY).clamp(0.0, 60.0)))
            }
            Durability::Process | Durability::Off => Syncing::Process,
        };
        let session = Session { run_id: values.run_id().to_owned(), process: std::process::id(), accepted: Vec::new() };
        let Some((unfinished, before)) = self.goes_on else {
            if is_off {
                return Ok((Checkpoints::default(), Dependencies::default()));
            }
            let frozen = freeze::frozen(job, values, options, self.sequence);
            let name = options.called.as_ref().map_or(values.run_id(), |called| &called.name);
            let checkpoints = Checkpoints::begin(&job.folder, name, frozen, session, syncing, self.older);
            return Ok((checkpoints.map_err(RunError::Disk)?, Dependencies::default()));
        };
        let mut frozen = freeze::frozen(job, values, options, self.sequence);
        let io = |source| RunError::Checkpoints { path: unfinished.folder.clone(), source };
        let sessions = Sessions::of(&unfinished.folder).map_err(io)?;
        let resume = options.resume.unwrap_or_default();
        if sessions.deaths >= MOST_DEATHS && !resume.force && options.called.is_none() {
            return Err(RunError::CrashLoop {
                run: frozen.run_id,
                deaths: sessions.deaths,
                at_work: at_work(job, &sessions),
            });
        }
        let repeating = repeating(job);
        if sessions.damaged > 0 && !repeating.is_empty() && !resume.force {
            let path = unfinished.folder.join("journal");
            return Err(RunError::Damaged { run: frozen.run_id, path, damaged: sessions.damaged, nodes: repeating });
        }
        let mut dependencies = Dependencies::new(job);
        dependencies.add_files(job, &sessions.by_files);
        let changes = Changes::find(&before, &frozen, job, &dependencies, &unfinished.folder).map_err(io)?;
        // What the other job has changed it answers for itself: what that concerns is run again.
        let on_change = resume.on_change.or_else(|| options.called.as_ref().map(|_| OnChange::RerunAffected));
        let dropped: BTreeSet<String> = match on_change {
            _ if changes.lines.is_empty() => BTreeSet::new(),
            None => {
                let (run, affected) = (frozen.run_id.clone(), changes.names(job));
                return Err(RunError::Changed { run, changes: changes.lines, affected });
            }
            Some(OnChange::Accept) => BTreeSet::new(),
            Some(OnChange::RerunAffected) => changes.names(job).into_iter().collect(),
        };
        for line in &changes.lines {
            tracing::warn!("changed since run {} began, and accepted: {line}", frozen.run_id);
        }
        frozen.sequence = before.sequence;
        frozen.called_by.clone_from(&before.called_by);
        let run_id = frozen.run_id.clone();
        tracing::info!("going on with run {run_id}: {} landed before", plural(sessions.landed));
        let continued = Continued { folder: unfinished.folder.clone(), dropped, accepted: changes.lines };
        let checkpoints = Checkpoints::go_on(continued, frozen, session, &sessions, syncing, self.older);
        Ok((checkpoints.map_err(RunError::Disk)?, dependencies))
    }
}

/// Nodes that add to something, or do something to the world outside: what they have done is known by the records alone.
fn repeating(job: &Job) -> Vec<String> {
    let repeats = |effect: Effect| matches!(effect, Effect::Idempotent | Effect::AtLeastOnce);
    job.dag.nodes.iter().filter(|node| repeats(node.effect)).map(|node| node.id.clone()).collect()
}

/// The newest run that nobody else resumes.
fn choose(found: &[Unfinished]) -> Result<usize, RunError> {
    found.iter().position(|unfinished| !unfinished.is_called()).ok_or(RunError::NothingToResume)
}

fn say_unfinished(found: &[Unfinished]) {
    if let Some(newest) = found.iter().find(|unfinished| !unfinished.is_called()) {
        tracing::warn!(
            "run {} did not come to its end, and could go on (`--resume`); this one begins anew, and supersedes it if it succeeds",
            newest.run_id()
        );
    }
}

fn add(given: &mut Vec<(String, Value)>, before: &Map<String, Value>, knows: impl Fn(&String) -> bool) {
    let is_given: BTreeSet<String> = given.iter().map(|(name, _)| name.clone()).collect();
    let before = before.iter().filter(|(name, _)| knows(name) && !is_given.contains(*name));
    given.extend(before.map(|(name, value)| (name.clone(), value.clone())));
}

/// What was at work when the last process died, with the plugins to suspect.
fn at_work(job: &Job, sessions: &Sessions) -> Vec<String> {
    let told = |begun: &pypeline_schema::checkpoint::Begun| {
        let sub_flow = job.index.sub_flow(&begun.sub_flow);
        let nodes = sub_flow.and_then(|at| job.index.nodes_of.get(at)).into_iter().flatten();
        let libraries: BTreeSet<&str> =
            nodes.filter_map(|node| job.dag.nodes.get(*node)).map(|node| node.library.as_str()).collect();
        format!("`{}` ({})", begun.sub_flow, libraries.into_iter().collect::<Vec<_>>().join(", "))
    };
    let mut told: Vec<String> = sessions.at_work.iter().map(told).collect();
    told.dedup();
    told
}

fn plural(n: u64) -> String {
    if n == 1 { "1 sub flow has".to_owned() } else { format!("{n} sub flows have") }
}

/// What to type for a run to go on.
pub(super) fn command(job: &Job, options: &RunOptions) -> String {
    standing::command(job.folder.path(), &freeze::given_secrets(job, options))
}
