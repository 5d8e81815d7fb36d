//! Where variables get their values. Precedence, the later the stronger: the declared default, the default context file, the named
//! context file, `PYPE_CTX_*` (`PYPE_PARAM_*` for parameters), a calling job's context, `--set` (`--param`).

use super::given::{Content, Given, Source};
use super::problem::Problem;
use crate::diagnostics::suggest;
use crate::placeholder;
use crate::run::RunOptions;
use crate::run::job::Job;
use crate::secrets::{Reason, Reference, SecretError};
use crate::typed::typed;
use pypeline_schema::flow::{Variable, VariableType};
use pypeline_schema::secret::Secret;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::env::VarError;
use std::path::Path;
use std::sync::Arc;

/// All values that were found.
#[derive(Debug, Clone, Default)]
pub struct Gathered {
    /// `context.x`.
    pub context: BTreeMap<String, Given>,
    /// `params.x`.
    pub params: BTreeMap<String, Given>,
    /// Of the environment, what the flow allows.
    pub env: Map<String, Value>,
}

/// One of the two sections of variables.
struct Section<'a> {
    kind: &'static str,
    declared: &'a BTreeMap<String, Variable>,
    /// Names that templates use.
    used: &'a [String],
    /// What names in the environment begin with.
    prefix: &'static str,
    given: BTreeMap<String, Given>,
    /// Whose defaults ask for variables of the environment that are not there.
    waiting: BTreeSet<String>,
    problems: Vec<Problem>,
}

/// Finds the values of a job's variables, and all that is wrong with them.
pub fn gather(job: &Job, options: &RunOptions) -> (Gathered, Vec<Problem>) {
    let metadata = &job.metadata;
    let mut context = Section::new("context variable", &metadata.context, &metadata.uses.context, "PYPE_CTX_");
    context.declared_defaults();
    context.file(&job.folder.context("default"), false);
    if let Some(name) = &options.context {
        let path = job.folder.context(name);
        if path.is_file() && !name.contains(['/', '\\']) {
            context.file(&path, true);
        } else {
            context.problems.push(no_context(job, name, &path));
        }
    }
    context.environment();
    let inherited = options.inherited.iter().filter(|(name, _)| context.knows(name));
    for (name, given) in inherited.map(|(name, given)| (name.clone(), given.clone())).collect::<Vec<_>>() {
        context.inherit(name, given);
    }
    context.command_line(&options.set, "--set");
    for (name, content) in &options.set_by_job {
        context.set_by_job(name, content.clone());
    }
    let mut params = Section::new("parameter", &metadata.params, &metadata.uses.params, "PYPE_PARAM_");
    params.declared_defaults();
    params.environment();
    params.command_line(&options.params, "--param");
    let (context, mut problems) = context.end();
    let (params, found) = params.end();
    problems.extend(found);
    let env = environment(job, &mut problems);
    (Gathered { context, params, env }, problems)
}

fn no_context(job: &Job, name: &str, path: &Path) -> Problem {
    let prefix = format!("{}_", job.folder.name());
    let files = std::fs::read_dir(job.folder.context_folder()).into_iter().flatten().flatten();
    let names = files.filter(|file| file.path().is_file()).filter_map(|file| file.file_name().into_string().ok());
    let names = names.filter_map(|file| Some(file.strip_prefix(&prefix)?.strip_suffix(".json")?.to_owned()));
    let mut known: Vec<String> = names.collect();
    known.sort();
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let why = format!("there is no such context; {}", suggest::help(name, "contexts of this job", &known));
    Problem::File { path: path.display().to_string(), why }
}

fn environment(job: &Job, problems: &mut Vec<Problem>) -> Map<String, Value> {
    let uses = &job.metadata.uses;
    let mut found = Map::new();
    for name in uses.env.iter().chain(&uses.optional_env) {
        match std::env::var(name) {
            Ok(value) => drop(found.insert(name.clone(), Value::String(value))),
            Err(VarError::NotUnicode(_)) => problems.push(Problem::NoText(name.clone())),
            Err(_) if uses.optional_env.contains(name) => {}
            Err(_) => problems.push(Problem::Missing {
                kind: "environment variable",
                name: name.clone(),
                help: format!("set {name}"),
            }),
        }
    }
    found
}

impl<'a> Section<'a> {
    fn new(
        kind: &'static str,
        declared: &'a BTreeMap<String, Variable>,
        used: &'a [String],
        prefix: &'static str,
    ) -> Self {
        Self { kind, declared, used, prefix, given: BTreeMap::new(), waiting: BTreeSet::new(), problems: Vec::new() }
    }

    fn knows(&self, name: &str) -> bool {
        self.given.contains_key(name) || self.declared.contains_key(name) || self.used.iter().any(|used| used == name)
    }

    fn is_secret(&self, name: &str) -> bool {
        self.declared.get(name).is_some_and(|variable| variable.secret)
    }

    fn variable(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.to_uppercase())
    }

    fn declared_defaults(&mut self) {
        for (name, variable) in self.declared {
            let Some(default) = &variable.default else { continue };
            match with_environment(default) {
                Some(default) => self.give(name.clone(), default, Source::Declared),
                // The variable of the environment is told as missing; that nobody gives this one follows from it.
                None => drop(self.waiting.insert(name.clone())),
            }
        }
    }

    fn file(&mut self, path: &Path, is_required: bool) {
        let fail = |why: String| Problem::File { path: path.display().to_string(), why };
        let read = match std::fs::read(path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_required => return,
            Err(error) => Err(fail(error.to_string())),
            Ok(bytes) => serde_json::from_slice::<Map<String, Value>>(&bytes).map_err(|error| fail(error.to_string())),
        };
        match read {
            Ok(values) => {
                for (name, value) in values {
                    self.warn_of_unknown(&name, path);
                    self.give(name, value, Source::File(path.to_path_buf()));
                }
            }
            Err(problem) => self.problems.push(problem),
        }
    }

    /// A variable that nothing declares or uses is most probably misspelt; a file may be there for several jobs, so it is no error.
    fn warn_of_unknown(&self, name: &str, path: &Path) {
        if !self.declared.contains_key(name) && !self.used.iter().any(|used| used == name) {
            let known = self.declared.keys().chain(self.used).map(String::as_str);
            let near =
                suggest::nearest(name, known).map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
            tracing::warn!("context file `{}`: nothing declares or uses `{name}`{near}", path.display());
        }
    }

    fn environment(&mut self) {
        let names: BTreeSet<String> = self.declared.keys().chain(self.used).cloned().collect();
        for name in names {
            let variable = self.variable(&name);
            match std::env::var(&variable) {
                Ok(text) => self.give(name, Value::String(text), Source::Environment(variable)),
                Err(VarError::NotUnicode(_)) => self.problems.push(Problem::NoText(variable)),
                Err(VarError::NotPresent) => {}
            }
        }
    }

    fn inherit(&mut self, name: String, given: Given) {
        match given.content {
            Content::Plain(value) => self.give_data(name, value, Source::Caller),
            _ => drop(self.given.insert(name, given)),
        }
    }

    fn set_by_job(&mut self, name: &str, content: Content) {
        if self.knows(name) {
            self.inherit(name.to_owned(), Given::new(content, Source::Caller));
        } else {
            self.unknown(name, "`set` of the job that runs this one");
        }
    }

    fn command_line(&mut self, values: &[(String, Value)], option: &str) {
        for (name, value) in values {
            if self.knows(name) {
                self.give(name.clone(), value.clone(), Source::CommandLine);
                continue;
            }
            self.unknown(name, option);
        }
    }

    fn unknown(&mut self, name: &str, option: &str) {
        let known = self.declared.keys().chain(self.used).map(String::as_str);
        let help = suggest::nearest(name, known);
        let help = help.map_or_else(|| format!(" ({option})"), |near| format!(" ({option}); did you mean `{near}`?"));
        self.problems.push(Problem::Unknown { kind: self.kind, name: name.to_owned(), help });
    }

    /// Null takes a value away.
    fn give(&mut self, name: String, value: Value, source: Source) {
        let content = self.reference(&name, &value).map(|reference| reference.map(Content::At)).transpose();
        self.put(name, value, source, content);
    }

    /// A value that is nothing but a value, whatever it looks like.
    fn give_data(&mut self, name: String, value: Value, source: Source) {
        self.put(name, value, source, None);
    }

    fn put(&mut self, name: String, value: Value, source: Source, reference: Option<Result<Content, Box<Problem>>>) {
        if value.is_null() {
            self.given.remove(&name);
            return;
        }
        let content = match reference.unwrap_or_else(|| self.content(&name, value, &source)) {
            Ok(content) => content,
            Err(problem) => {
                self.problems.push(*problem);
                return;
            }
        };
        self.given.insert(name, Given::new(content, source));
    }

    /// The reference that a value is, if it is one.
    fn reference(&self, name: &str, value: &Value) -> Result<Option<Reference>, Box<Problem>> {
        let wrong = |error| Box::new(Problem::Reference { kind: self.kind, name: name.to_owned(), error });
        if let Some(reference) = value.as_str().and_then(Reference::parse) {
            return reference.map(Some).map_err(wrong);
        }
        match reference_inside(value) {
            Some(inside) => {
                let error = SecretError::new(inside, Reason::Setup, "a reference stands inside a list or mapping");
                Err(wrong(error.help("give it a variable of its own")))
            }
            None => Ok(None),
        }
    }

    fn content(&self, name: &str, value: Value, source: &Source) -> Result<Content, Box<Problem>> {
        let (kind, owned) = (self.kind, name.to_owned());
        let declared = self.declared.get(name).and_then(|variable| variable.type_name);
        if !self.is_secret(name) {
            return match (typed(declared, value), declared) {
                (Some(value), _) => Ok(Content::Plain(value)),
                (None, declared) => {
                    Err(Box::new(Problem::wrong_type(kind, name, declared.unwrap_or(VariableType::Str), source)))
                }
            };
        }
        match (source, value) {
            (Source::File(path), _) => Err(Box::new(Problem::SecretInFile {
                name: owned,
                path: path.display().to_string(),
                variable: self.variable(name),
            })),
            (_, Value::String(text)) => Ok(Content::Secret(Arc::new(Secret::new(text)))),
            (_, other) => Ok(Content::Secret(Arc::new(Secret::new(other.to_string())))),
        }
    }

    /// Everything that was found; what templates use has to be there.
    fn end(mut self) -> (BTreeMap<String, Given>, Vec<Problem>) {
        let is_told = |problems: &[Problem], wanted: &str| {
            problems.iter().any(|problem| match problem {
                Problem::WrongType { name, .. }
                | Problem::SecretInFile { name, .. }
                | Problem::Reference { name, .. } => name == wanted,
                _ => false,
            })
        };
        // A parameter without a default has to be given, whether a template reads it or not.
        let declared =
            self.declared.iter().filter(|(_, variable)| self.kind == "parameter" && variable.default.is_none());
        let needed: BTreeSet<&String> = declared.map(|(name, _)| name).chain(self.used).collect();
        for name in needed {
            if self.given.contains_key(name) || self.waiting.contains(name) || is_told(&self.problems, name) {
                continue;
            }
            let variable = self.variable(name);
            let help = match self.kind {
                "parameter" => format!("give it by `--param {name}=…` or {variable}"),
                _ if self.is_secret(name) => format!("give it by {variable}, or say in the context where it is"),
                _ => format!("give it by `--set {name}=…`, {variable} or the context file"),
            };
            self.problems.push(Problem::Missing { kind: self.kind, name: name.clone(), help });
        }
        (self.given, self.problems)
    }
}

/// A declared default with the values of the environment in the place of `${NAME}`; none where one is not set.
fn with_environment(default: &Value) -> Option<Value> {
    match default {
        Value::String(text) if placeholder::has_any(text) => {
            placeholder::replaced(text, &|name| std::env::var(name).ok()).ok().map(Value::String)
        }
        Value::Array(items) => items.iter().map(with_environment).collect(),
        Value::Object(map) => map
            .iter()
            .map(|(key, item)| Some((key.clone(), with_environment(item)?)))
            .collect::<Option<_>>()
            .map(Value::Object),
        other => Some(other.clone()),
    }
}

/// A reference to a secret below the top of a value.
fn reference_inside(value: &Value) -> Option<String> {
    let is_reference = |value: &Value| {
        let text = value.as_str()?;
        Reference::parse(text).map(|_| text.to_owned())
    };
    match value {
        Value::Array(items) => items.iter().find_map(|item| is_reference(item).or_else(|| reference_inside(item))),
        Value::Object(map) => map.values().find_map(|item| is_reference(item).or_else(|| reference_inside(item))),
        _ => None,
    }
}
