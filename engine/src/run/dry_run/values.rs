//! What a run needs by name, and whether it is there: of secrets their places alone, and nobody is asked for one.

use crate::run::context::{self, VariableReport};
use crate::run::job::Job;
use crate::run::templater::Gathered;
use crate::secrets::Reference;
use serde::Serialize;
use std::path::Path;

/// Something that templates or conditions use.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Needed {
    /// `context`, `params`, `env` or `secret`.
    pub section: &'static str,
    /// Its name, or a secret's place.
    pub name: String,
    /// It is a secret.
    pub secret: bool,
    /// It has a value; none where only a vault knows.
    pub has_value: Option<bool>,
    /// Where the value comes from, or a secret is fetched from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

/// All that a job uses.
pub(super) fn needed(job: &Job, gathered: &Gathered, root: &Path) -> Vec<Needed> {
    let variables = context::variables(job, gathered, root);
    variables.into_iter().filter(|variable| variable.used).map(|variable| of(variable, root)).collect()
}

fn of(variable: VariableReport, root: &Path) -> Needed {
    let VariableReport { section, name, secret, value, place, source, .. } = variable;
    let has_value = match place.as_deref().and_then(Reference::parse) {
        Some(Ok(Reference::Env(name))) => Some(std::env::var_os(name).is_some()),
        Some(Ok(Reference::File(path))) => Some(root.join(path).is_file()),
        Some(Ok(Reference::Vault { .. })) => None,
        Some(Err(_)) | None => Some(value.is_some()),
    };
    let from = match (source, place) {
        (Some(source), Some(place)) => Some(format!("{source}: {place}")),
        (source, place) => source.or(place),
    };
    Needed { section, name, secret, has_value, from }
}
