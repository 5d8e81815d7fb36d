//! The secrets of one run as its templates ask for them, and which of them a sub flow needs.

use super::given::{Content, Given, Source};
use super::keeper::{Keeper, STALE, note};
use super::problem::Problem;
use crate::secrets::{Reference, SecretError, net};
use crate::template::{Names, Secrets};
use pypeline_schema::execution_metadata::TemplateUses;
use pypeline_schema::flow::{Variable, VariableType};
use pypeline_schema::secret::Secret;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

/// Where a variable is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::run) enum Section {
    Context,
    Params,
}

/// Of a variable, what is told of it.
#[derive(Debug, Clone, Copy, Default)]
struct Declared {
    type_name: Option<VariableType>,
    is_secret: bool,
}

/// Where a secret is, or itself.
#[derive(Clone)]
enum Kept {
    Here(Arc<Secret>, Source),
    There(Reference),
}

/// The secrets of one run.
pub(in crate::run) struct OfRun {
    keeper: Arc<Keeper>,
    declared: BTreeMap<(Section, String), Declared>,
    kept: RwLock<BTreeMap<(Section, String), Kept>>,
}

impl OfRun {
    pub(super) fn new(
        keeper: Arc<Keeper>,
        context: &BTreeMap<String, Variable>,
        params: &BTreeMap<String, Variable>,
    ) -> Self {
        let of = |section, variables: &BTreeMap<String, Variable>| {
            let declared = |variable: &Variable| Declared { type_name: variable.type_name, is_secret: variable.secret };
            variables.iter().map(|(name, variable)| ((section, name.clone()), declared(variable))).collect::<Vec<_>>()
        };
        let declared = of(Section::Context, context).into_iter().chain(of(Section::Params, params)).collect();
        Self { keeper, declared, kept: RwLock::default() }
    }

    fn kept(&self) -> RwLockReadGuard<'_, BTreeMap<(Section, String), Kept>> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept_mut(&self) -> RwLockWriteGuard<'_, BTreeMap<(Section, String), Kept>> {
        self.kept.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over the secrets of a section; gives back what is none.
    pub(super) fn take(&self, section: Section, given: BTreeMap<String, Given>) -> Map<String, Value> {
        let mut plain = Map::new();
        for (name, given) in given {
            let kept = match given.content {
                Content::Plain(value) => {
                    plain.insert(name, value);
                    continue;
                }
                Content::Secret(secret) => {
                    if given.source == Source::CommandLine {
                        tracing::warn!(
                            "the secret `{name}` stands on the command line, which others can see: give it by the environment"
                        );
                    }
                    note(&secret, &name);
                    Kept::Here(secret, given.source)
                }
                Content::At(reference) => Kept::There(reference),
            };
            self.kept_mut().insert((section, name), kept);
        }
        plain
    }

    /// Context variables get new values while the run goes on; gives back what is no secret.
    pub(super) fn replace(&self, variables: Map<String, Value>) -> Map<String, Value> {
        let mut plain = Map::new();
        for (name, value) in variables {
            let key = (Section::Context, name);
            if self.declared.get(&key).is_some_and(|declared| declared.is_secret) {
                let secret = Secret::new(value.as_str().map_or_else(|| value.to_string(), str::to_owned));
                note(&secret, &key.1);
                self.kept_mut().insert(key, Kept::Here(Arc::new(secret), Source::Caller));
            } else {
                self.kept_mut().remove(&key);
                plain.insert(key.1, value);
            }
        }
        plain
    }

    /// The context's secrets, for a job within the job.
    pub(super) fn givens(&self) -> Vec<(String, Given)> {
        let kept = self.kept();
        let of_context = kept.iter().filter(|((section, _), _)| *section == Section::Context);
        let given = of_context.map(|((_, name), kept)| {
            let content = match kept {
                Kept::Here(secret, _) => Content::Secret(Arc::clone(secret)),
                Kept::There(reference) => Content::At(reference.clone()),
            };
            (name.clone(), Given::new(content, Source::Caller))
        });
        given.collect()
    }

    /// Where each secret is; nothing for one that was given.
    pub(super) fn places(&self) -> Vec<((Section, String), String)> {
        let place = |kept: &Kept| match kept {
            Kept::Here(..) => String::new(),
            Kept::There(reference) => reference.to_string(),
        };
        self.kept().iter().map(|(key, kept)| (key.clone(), place(kept))).collect()
    }

    /// Some secret is elsewhere, and may have to be fetched again.
    pub(in crate::run) fn has_places(&self) -> bool {
        self.keeper.has_any() || self.kept().values().any(|kept| matches!(kept, Kept::There(_)))
    }

    /// The places of all secrets that a flow uses.
    pub(super) fn wanted(&self, uses: &TemplateUses) -> BTreeSet<Reference> {
        let context = uses.context.iter().map(|name| (Section::Context, name.clone()));
        let variables = context.chain(uses.params.iter().map(|name| (Section::Params, name.clone())));
        let kept = self.kept();
        let of_variables = variables.filter_map(|key| match kept.get(&key) {
            Some(Kept::There(reference)) => Some(reference.clone()),
            _ => None,
        });
        let stored = uses.secrets.iter().filter_map(|text| Reference::parse(text)?.ok());
        of_variables.chain(stored).collect()
    }

    /// The places of the secrets that a template uses.
    pub(in crate::run) fn wanted_by(&self, names: &Names) -> BTreeSet<Reference> {
        let first = |section: &str| {
            let prefix = format!("{section}.");
            let names = names.names.iter().filter_map(move |name| name.strip_prefix(&prefix).map(str::to_owned));
            names.map(|name| name.split('.').next().unwrap_or_default().to_owned()).collect::<Vec<_>>()
        };
        let secrets = names.secrets.iter().map(|(path, key)| Reference::vault(path, key).to_string());
        let uses = TemplateUses {
            context: first("context"),
            params: first("params"),
            secrets: secrets.collect(),
            ..TemplateUses::default()
        };
        self.wanted(&uses)
    }

    /// Fetches what is not there, or has grown old; `anew`, everything.
    pub(in crate::run) async fn fetch(&self, wanted: &BTreeSet<Reference>, anew: bool) -> Result<(), Vec<SecretError>> {
        if wanted.is_empty() {
            return Ok(());
        }
        self.keeper.fetch(wanted, if anew { Duration::ZERO } else { STALE }).await
    }

    /// The keeper, for jobs within the job.
    pub(in crate::run) fn keeper(&self) -> &Arc<Keeper> {
        &self.keeper
    }

    /// Secrets that are there, and not of their declared types.
    pub(super) fn misfits(&self) -> Vec<Problem> {
        let kept = self.kept().clone();
        let wrong = kept.keys().filter(|key| self.secret(key).is_some() && self.value(key).is_none());
        let problem = |key: &(Section, String)| {
            let kind = if key.0 == Section::Context { "context variable" } else { "parameter" };
            let declared = self.declared.get(key).and_then(|declared| declared.type_name);
            let source = match kept.get(key) {
                Some(Kept::There(Reference::Env(name))) => Source::Environment(name.clone()),
                Some(Kept::There(reference)) => Source::File(reference.to_string().into()),
                Some(Kept::Here(_, source)) => source.clone(),
                None => Source::Declared,
            };
            Problem::wrong_type(kind, &key.1, declared.unwrap_or(VariableType::Str), &source)
        };
        wrong.map(problem).collect()
    }

    fn secret(&self, key: &(Section, String)) -> Option<Arc<Secret>> {
        let kept = self.kept().get(key).cloned()?;
        match kept {
            Kept::Here(secret, _) => Some(secret),
            Kept::There(reference) => self.keeper.get(&reference),
        }
    }

    fn value(&self, key: &(Section, String)) -> Option<Value> {
        let secret = self.secret(key)?;
        // Without a declared type it is a text: a password of digits is no number.
        let declared = self.declared.get(key).and_then(|declared| declared.type_name).unwrap_or(VariableType::Str);
        crate::typed::typed(Some(declared), Value::String(secret.expose().to_owned()))
    }

    /// Something of a secret's type that says nothing.
    fn placeholder(&self, section: Section, name: &str) -> Option<Value> {
        let key = (section, name.to_owned());
        self.kept().get(&key)?;
        let declared = self.declared.get(&key).and_then(|declared| declared.type_name);
        Some(match declared.unwrap_or(VariableType::Str) {
            VariableType::Str => Value::from(net::MASK),
            VariableType::Int => Value::from(0),
            VariableType::Float => Value::from(0.0),
            VariableType::Bool => Value::from(false),
            VariableType::List => Value::Array(Vec::new()),
            VariableType::Dict => Value::Object(Map::new()),
        })
    }
}

impl std::fmt::Debug for OfRun {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OfRun").finish_non_exhaustive()
    }
}

impl Secrets for OfRun {
    fn variable(&self, name: &str) -> Option<Value> {
        self.value(&(Section::Context, name.to_owned()))
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        self.value(&(Section::Params, name.to_owned()))
    }

    fn stored(&self, path: &str, key: &str) -> Option<Value> {
        let secret = self.keeper.get(&Reference::vault(path, key))?;
        Some(Value::String(secret.expose().to_owned()))
    }
}

/// Shows where secrets would stand, and none of them.
#[derive(Debug)]
pub(super) struct Placeholders(pub Arc<OfRun>);

impl Secrets for Placeholders {
    fn variable(&self, name: &str) -> Option<Value> {
        self.0.placeholder(Section::Context, name)
    }

    fn parameter(&self, name: &str) -> Option<Value> {
        self.0.placeholder(Section::Params, name)
    }

    fn stored(&self, _: &str, _: &str) -> Option<Value> {
        Some(Value::from(net::MASK))
    }
}
