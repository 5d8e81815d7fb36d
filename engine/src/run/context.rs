//! `pype context`: every variable of a job with its value, its type and where it came from; secrets by their places alone.

use super::job::Job;
use super::templater::{Content, Gathered, Given, Keeper, Problem, Source, gather};
use super::{RunError, RunOptions};
use crate::project::Project;
use crate::secrets::{Reference, SecretError, Vault, net};
use pypeline_schema::flow::Variable;
use serde::Serialize;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

/// One variable.
#[derive(Debug, Clone, Serialize)]
pub struct VariableReport {
    /// `context`, `params` or `env`.
    pub section: &'static str,
    /// Its name.
    pub name: String,
    /// Its declared type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_name: Option<String>,
    /// Its value; `***` for a secret; none where nothing gives one.
    pub value: Option<Value>,
    /// Where a secret is fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Where the value came from.
    pub source: Option<String>,
    /// It is a secret.
    pub secret: bool,
    /// Some template uses it.
    pub used: bool,
    /// What it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// All variables, and what keeps a run from beginning with them.
#[derive(Debug, Clone, Serialize)]
pub struct ContextReport {
    /// The job's name.
    pub job: String,
    /// In the order of sections and names.
    pub variables: Vec<VariableReport>,
    /// What is missing or wrong.
    pub problems: Vec<String>,
}

/// Works out what a run would begin with. With `check`, every secret is fetched, and thrown away.
pub fn describe(
    project: &Project,
    folder: &Path,
    options: &RunOptions,
    check: Option<Option<Arc<dyn Vault>>>,
) -> Result<ContextReport, RunError> {
    let job = Job::open(project, folder)?;
    let (gathered, problems) = gather(&job, options);
    Keeper::new(None, project.root()).note_environment();
    let uses = &job.metadata.uses;
    let variables = variables(&job, &gathered, project.root());
    let mut problems: Vec<String> = problems.iter().map(Problem::to_string).collect();
    if let Some(vault) = check {
        let given = gathered.context.values().chain(gathered.params.values());
        let places = given.filter_map(|given| match &given.content {
            Content::At(reference) => Some(reference.clone()),
            _ => None,
        });
        let stored = uses.secrets.iter().filter_map(|text| Reference::parse(text)?.ok());
        problems.extend(fetch(&places.chain(stored).collect(), vault, project)?);
    }
    Ok(ContextReport { job: job.dag.flow.name, variables, problems })
}

/// Every variable of a job with what was found for it.
pub(super) fn variables(job: &Job, gathered: &Gathered, root: &Path) -> Vec<VariableReport> {
    let uses = &job.metadata.uses;
    let mut variables = section("context", &gathered.context, &job.metadata.context, &uses.context, root);
    variables.extend(section("params", &gathered.params, &job.metadata.params, &uses.params, root));
    for name in uses.env.iter().chain(&uses.optional_env) {
        variables.push(VariableReport {
            section: "env",
            value: gathered.env.get(name).cloned(),
            source: gathered.env.get(name).map(|_| "the environment".to_owned()),
            used: true,
            ..VariableReport::new("env", name)
        });
    }
    for reference in &uses.secrets {
        variables.push(VariableReport {
            value: Some(Value::from(net::MASK)),
            place: Some(reference.clone()),
            secret: true,
            used: true,
            ..VariableReport::new("secret", reference)
        });
    }
    variables
}

fn fetch(
    wanted: &BTreeSet<Reference>,
    vault: Option<Arc<dyn Vault>>,
    project: &Project,
) -> Result<Vec<String>, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let keeper = Keeper::new(vault, project.root());
    let fetched = runtime.block_on(keeper.fetch(wanted, std::time::Duration::ZERO));
    Ok(fetched.err().into_iter().flatten().map(|error: SecretError| super::error::with_help(&error)).collect())
}

impl VariableReport {
    fn new(section: &'static str, name: &str) -> Self {
        Self {
            section,
            name: name.to_owned(),
            type_name: None,
            value: None,
            place: None,
            source: None,
            secret: false,
            used: false,
            description: None,
        }
    }
}

fn section(
    section: &'static str,
    given: &BTreeMap<String, Given>,
    declared: &BTreeMap<String, Variable>,
    used: &[String],
    root: &Path,
) -> Vec<VariableReport> {
    let shown = |source: &Source| match source {
        Source::File(path) => path.strip_prefix(root).unwrap_or(path).display().to_string(),
        other => other.to_string(),
    };
    let names: BTreeSet<&String> = declared.keys().chain(given.keys()).chain(used).collect();
    let report = |name: &String| {
        let (variable, found) = (declared.get(name), given.get(name));
        let type_name = variable.and_then(|variable| variable.type_name);
        let is_hidden = variable.is_some_and(|variable| variable.secret);
        let (value, place) = match found.map(|found| &found.content) {
            Some(Content::Plain(value)) if !is_hidden => (Some(value.clone()), None),
            Some(Content::At(reference)) => (Some(Value::from(net::MASK)), Some(reference.to_string())),
            Some(_) => (Some(Value::from(net::MASK)), None),
            None => (None, None),
        };
        VariableReport {
            type_name: type_name.and_then(|name| serde_json::to_value(name).ok()?.as_str().map(str::to_owned)),
            secret: is_hidden || place.is_some(),
            value,
            place,
            source: found.map(|found| shown(&found.source)),
            used: used.contains(name),
            description: variable.and_then(|variable| variable.description.clone()),
            ..VariableReport::new(section, name)
        }
    };
    names.into_iter().map(report).collect()
}
