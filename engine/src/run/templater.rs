//! Values for templates: context variables, parameters, what is known of the run itself, and secrets, which are fetched before
//! anything starts.

mod gather;
mod given;
mod identity;
mod keeper;
mod problem;
mod secrets;

use super::frames::FrameData;
use super::job::Job;
use super::{RunError, RunOptions};
use crate::secrets::net;
use crate::template::Scope;
pub use gather::{Gathered, gather};
pub use given::{Content, Given, Source};
pub(super) use identity::Identity;
pub use keeper::{Keeper, STALE};
pub use problem::Problem;
use pypeline_schema::checkpoint::Held;
use secrets::{OfRun, Placeholders, Section};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The values of one run as they may be written down.
pub(super) struct HeldValues {
    pub context: BTreeMap<String, Held>,
    pub params: BTreeMap<String, Held>,
    pub env: BTreeMap<String, Held>,
}

fn held(value: &Value) -> Held {
    let is_clean = net::is_clean(value.to_string().as_bytes());
    if is_clean { Held::Value(value.clone()) } else { Held::Secret(String::new()) }
}

/// The values of one run.
pub(super) struct Values {
    identity: Identity,
    context: Mutex<Arc<Map<String, Value>>>,
    params: Arc<Map<String, Value>>,
    env: Arc<Map<String, Value>>,
    secrets: Arc<OfRun>,
}

impl Values {
    /// The values that a run begins with, secrets included. All that is missing is told at once, and nothing has begun.
    pub(super) async fn open(
        job: &Job,
        options: &RunOptions,
        keeper: Arc<Keeper>,
        identity: Identity,
    ) -> Result<Self, RunError> {
        let (gathered, problems) = gather(job, options);
        if !problems.is_empty() {
            return Err(RunError::Values(problems));
        }
        keeper.note_environment();
        let values = Self::of(gathered, keeper, job, identity);
        let wanted = values.secrets.wanted(&job.metadata.uses);
        values.secrets.fetch(&wanted, false).await.map_err(RunError::Secrets)?;
        let problems = values.secrets.misfits();
        if problems.is_empty() { Ok(values) } else { Err(RunError::Values(problems)) }
    }

    /// The same without asking anybody for a secret: each is a placeholder.
    pub(super) fn without_secrets(job: &Job, options: &RunOptions, root: &std::path::Path) -> Result<Self, RunError> {
        let (gathered, problems) = gather(job, options);
        if problems.is_empty() {
            let keeper = Keeper::new(None, root);
            keeper.note_environment();
            Ok(Self::of(gathered, Arc::new(keeper), job, Identity::now()))
        } else {
            Err(RunError::Values(problems))
        }
    }

    /// The same where something is missing or wrong, with what that is, and all that was found.
    pub(super) fn as_far_as_known(
        job: &Job,
        options: &RunOptions,
        root: &std::path::Path,
    ) -> (Self, Gathered, Vec<Problem>) {
        let (gathered, problems) = gather(job, options);
        let keeper = Keeper::new(None, root);
        keeper.note_environment();
        let values = Self::of(gathered.clone(), Arc::new(keeper), job, Identity::now());
        (values, gathered, problems)
    }

    fn of(gathered: Gathered, keeper: Arc<Keeper>, job: &Job, identity: Identity) -> Self {
        let Gathered { context, params, env } = gathered;
        let metadata = &job.metadata;
        let secrets = OfRun::new(keeper, &metadata.context, &metadata.params);
        let context = secrets.take(Section::Context, context);
        let params = secrets.take(Section::Params, params);
        Self {
            identity,
            context: Mutex::new(Arc::new(context)),
            params: Arc::new(params),
            env: Arc::new(env),
            secrets: Arc::new(secrets),
        }
    }

    /// What templates may use now, in a frame.
    pub(super) fn scope(&self, frame: &Arc<FrameData>) -> Scope {
        Scope {
            context: Arc::clone(&self.plain()),
            params: Arc::clone(&self.params),
            run: Arc::clone(&self.identity.values),
            env: Arc::clone(&self.env),
            secrets: Arc::clone(&self.secrets) as _,
            variables: Arc::clone(frame) as _,
        }
    }

    /// The same where secrets are to be seen by nobody.
    pub(super) fn scope_without_secrets(&self, frame: &Arc<FrameData>) -> Scope {
        Scope { secrets: Arc::new(Placeholders(Arc::clone(&self.secrets))) as _, ..self.scope(frame) }
    }

    fn plain(&self) -> MutexGuard<'_, Arc<Map<String, Value>>> {
        self.context.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The context as it is now, for a job that this one runs: secrets stay what they are.
    pub(super) fn context(&self) -> BTreeMap<String, Given> {
        let plain = self.plain();
        let plain =
            plain.iter().map(|(name, value)| (name.clone(), Given::new(Content::Plain(value.clone()), Source::Caller)));
        plain.chain(self.secrets.givens()).collect()
    }

    /// Sets context variables for what begins from now on. They are data: one that looks like a reference to a secret is none.
    pub(super) fn load_context(&self, variables: Map<String, Value>) {
        let variables = self.secrets.replace(variables);
        Arc::make_mut(&mut self.plain()).extend(variables);
    }

    /// All values as they may be written down: of secrets their places alone.
    pub(super) fn held(&self) -> HeldValues {
        let plain = |values: &Map<String, Value>| {
            values.iter().map(|(name, value)| (name.clone(), held(value))).collect::<BTreeMap<_, _>>()
        };
        let (mut context, mut params) = (plain(&self.plain()), plain(&self.params));
        for ((section, name), place) in self.secrets.places() {
            let values = if section == Section::Context { &mut context } else { &mut params };
            values.insert(name, Held::Secret(place));
        }
        HeldValues { context, params, env: plain(&self.env) }
    }

    /// The secrets of this run.
    pub(super) fn secrets(&self) -> &Arc<OfRun> {
        &self.secrets
    }

    /// The run's id, which sorts by time.
    pub(super) fn run_id(&self) -> &str {
        &self.identity.id
    }

    /// Who the run is.
    pub(super) fn identity(&self) -> &Identity {
        &self.identity
    }
}
