//! One name after another: what it must be to have a value.

use super::globals;
use super::place::{Earlier, Place};
use crate::build::load::defaults::not_allowed;
use crate::diagnostics::Diagnostic;
use crate::diagnostics::code::Code;
use crate::diagnostics::suggest;
use crate::secrets::Reference;
use crate::template::Names;
use pypeline_schema::execution_metadata::TemplateUses;
use std::collections::BTreeSet;

/// The names of a whole flow.
#[derive(Default)]
pub(super) struct Found {
    context: BTreeSet<String>,
    params: BTreeSet<String>,
    globals: BTreeSet<String>,
    each: BTreeSet<String>,
    env: BTreeSet<String>,
    optional_env: BTreeSet<String>,
    secrets: BTreeSet<String>,
}

impl Found {
    /// A variable of the environment; `has_other` where there is something to take otherwise.
    pub fn environment(&mut self, name: String, has_other: bool) {
        if has_other { &mut self.optional_env } else { &mut self.env }.insert(name);
    }

    pub fn uses(self) -> TemplateUses {
        let list = |names: BTreeSet<String>| names.into_iter().collect();
        let Self { context, params, globals, each, env, optional_env, secrets } = self;
        let optional_env = optional_env.into_iter().filter(|name| !env.contains(name)).collect();
        TemplateUses {
            context: list(context),
            params: list(params),
            globals: list(globals),
            each: list(each),
            optional_env: list(optional_env),
            env: list(env),
            secrets: list(secrets),
        }
    }
}

/// Functions that the template library brings.
const FUNCTIONS: [&str; 2] = ["range", "dict"];
const OF_RUN: [&str; 3] = ["run", "run.id", "run.started_at"];
const CONDITIONS: [&str; 6] = ["ok", "error", "always", "else", "iterate", "start"];

/// A function whose arguments are no texts: the build could not tell what the run will need.
fn odd(name: &'static str) -> Diagnostic {
    let (code, message, help) = match name {
        "each" => (
            Code::EachForm,
            "`each` takes a node and a variable as texts, and nothing else",
            "write it as `each('node', 'Var')`: the run keeps no more than what is named",
        ),
        "env" => (
            Code::CallForm,
            "`env` takes the name of a variable as a text, and perhaps what to take where it is not set",
            "write it as `env('NAME')` or `env('NAME', 'otherwise')`: what a flow reads of the environment is known by reading it",
        ),
        _ => (
            Code::CallForm,
            "`secret` takes a path and a key as texts, and nothing else",
            "write it as `secret('mount/path', 'key')`: all secrets are fetched before anything starts",
        ),
    };
    Diagnostic::new(code, message).help(help)
}

/// Checks names at a place.
pub(super) struct Checker<'a> {
    pub place: &'a Place<'a>,
    /// It is a condition, else a template.
    pub is_expression: bool,
}

impl Checker<'_> {
    /// What is wrong, with the name; all names are noted.
    pub fn check<'n>(&self, used: &'n Names, found: &mut Found) -> Vec<(&'n str, Diagnostic)> {
        let names = used.names.iter().map(String::as_str);
        let mut findings: Vec<(&str, Diagnostic)> =
            names.filter_map(|name| Some((name, self.name(name, used, found)?))).collect();
        for (node, variable) in &used.each {
            let key = format!("{node}__{variable}").to_lowercase();
            let finding = self.global(node, variable, &format!("each('{node}', '{variable}')"));
            findings.extend(finding.map(|finding| ("each", finding)));
            found.each.insert(key);
        }
        for (name, has_other) in &used.env {
            findings.extend(self.env(name).map(|finding| ("env", finding)));
            found.environment(name.clone(), *has_other);
        }
        for (path, key) in &used.secrets {
            let reference = Reference::vault(path, key);
            match Reference::parse(&reference.to_string()) {
                Some(Ok(_)) => {
                    found.secrets.insert(reference.to_string());
                }
                _ => {
                    let message = format!("`secret('{path}', '{key}')` names no place in a vault");
                    let help = "write it as `secret('mount/path', 'key')`";
                    findings.push(("secret", Diagnostic::new(Code::SecretReference, message).help(help)));
                }
            }
        }
        findings.extend(used.odd.iter().map(|name| (*name, odd(name))));
        findings
    }

    fn name(&self, name: &str, used: &Names, found: &mut Found) -> Option<Diagnostic> {
        let document = self.place.subject.document;
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        let first = rest.split('.').next().unwrap_or_default();
        match root {
            "context" if !rest.is_empty() => {
                found.context.insert(first.to_owned());
                (!document.context.contains_key(first)).then(|| self.undeclared("context", first))
            }
            "params" if !rest.is_empty() => {
                found.params.insert(first.to_owned());
                (!document.params.contains_key(first)).then(|| self.undeclared("params", first))
            }
            "iter" => self.iter(name),
            _ if OF_RUN.contains(&name) || FUNCTIONS.contains(&name) => None,
            _ => match name.split_once("__") {
                Some((owner, variable)) => {
                    let variable = variable.split('.').next().unwrap_or(variable);
                    found.globals.insert(format!("{owner}__{variable}").to_lowercase());
                    self.global(owner, variable, &format!("{owner}__{variable}"))
                }
                None => Some(self.unknown(name, used)),
            },
        }
    }

    /// What a flow reads of the environment stands in its settings, for a reviewer to see.
    fn env(&self, name: &str) -> Option<Diagnostic> {
        not_allowed(name, self.place.subject.document.settings.env.as_deref())
    }

    fn undeclared(&self, section: &str, name: &str) -> Diagnostic {
        let document = self.place.subject.document;
        let declared = if section == "context" { &document.context } else { &document.params };
        let names: Vec<&str> = declared.keys().map(String::as_str).collect();
        let help = match suggest::nearest(name, names.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if section == "params" => format!("declare it: `params: {{{name}: {{default: …}}}}`"),
            None => {
                format!("declare it: `context: {{{name}: {{default: …}}}}`, or give it at the run: `--set {name}=…`")
            }
        };
        Diagnostic::new(Code::UndeclaredContext, format!("`{section}.{name}` is declared nowhere")).help(help)
    }

    /// `iter.item`, `iter.index`, and the same of the loops around by `parent`.
    fn iter(&self, name: &str) -> Option<Diagnostic> {
        let mut parts = name.split('.').skip(1).peekable();
        let mut needed = 1;
        while parts.next_if_eq(&"parent").is_some() {
            needed += 1;
        }
        const KNOWN: [&str; 3] = ["item", "index", "parent"];
        if let Some(part) = parts.next().filter(|part| !KNOWN.contains(part)) {
            let message = format!("{} names nothing: a loop has no `{part}`", self.shown(name));
            return Some(Diagnostic::new(Code::UnknownGlobal, message).help(suggest::help(part, "it has", &KNOWN)));
        }
        let around = self.place.loops().filter(|around| *around < needed)?;
        let message = match around {
            0 => format!("{} has no value here: there is no loop around", self.shown(name)),
            1 => format!("{} has no value here: there is one loop around, not {needed}", self.shown(name)),
            n => format!("{} has no value here: there are {n} loops around, not {needed}", self.shown(name)),
        };
        let help = "an iterate link makes a loop of all that is reached through its target alone";
        Some(Diagnostic::new(Code::IterOutside, message).help(help))
    }

    /// A global must be one that the node sets, and the node must have had its turn.
    fn global(&self, owner: &str, variable: &str, name: &str) -> Option<Diagnostic> {
        let subject = self.place.subject;
        let Some(node) = subject.find(owner) else {
            let message = format!("{}: there is no node `{owner}`", self.shown(name));
            return Some(Diagnostic::new(Code::UnknownGlobal, message).help(subject.advice(owner)));
        };
        let module = subject.manifest(node)?;
        if let Some(globals) = globals::of(subject, node)
            && !globals.iter().any(|global| global.eq_ignore_ascii_case(variable))
        {
            let message = format!("`{owner}` ({}) sets no global `{variable}`", module.name);
            let help = suggest::help(variable, "globals", &globals);
            return Some(Diagnostic::new(Code::UnknownGlobal, message).help(help));
        }
        match self.place.is_earlier(node) {
            Earlier::Perhaps => None,
            Earlier::SameSubFlow => {
                let message = format!("`{name}` has no value yet: `{owner}` runs in the same sub flow");
                let help = "use it in a sub flow that runs after this one";
                Some(Diagnostic::new(Code::UnknownGlobal, message).help(help))
            }
            Earlier::No => {
                let message = format!("`{name}` has no value yet: `{owner}` runs only later");
                let help = "control links lead from here to that node: use it in what comes after it";
                Some(Diagnostic::new(Code::GlobalTooEarly, message).help(help))
            }
        }
    }

    fn unknown(&self, name: &str, used: &Names) -> Diagnostic {
        let word = if self.is_expression { "condition" } else { "template" };
        let message = format!("{} names nothing that a {word} knows", self.shown(name));
        let help = match self.near(name, used) {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                format!("{word}s know `context.x`, `params.x`, `run.id`, `node__variable`, and in a loop `iter.item`")
            }
        };
        Diagnostic::new(Code::UnknownGlobal, message).help(help)
    }

    /// What may have been meant: a root, a variable without its section, a global written with a dot, a word for a valve.
    fn near(&self, name: &str, used: &Names) -> Option<String> {
        let subject = self.place.subject;
        let (root, rest) = name.split_once('.').unwrap_or((name, ""));
        if let Some((node, variable)) = name.rsplit_once('.').and_then(|(id, last)| Some((subject.find(id)?, last))) {
            let globals = globals::of(subject, node).unwrap_or_default();
            let global = suggest::nearest(variable, globals).unwrap_or(variable);
            return Some(format!("{}__{global}", subject.id(node)));
        }
        let is_alone = self.is_expression && rest.is_empty() && used.names.len() == 1;
        if let Some(word) = suggest::nearest(name, CONDITIONS).filter(|_| is_alone) {
            return Some(word.to_owned());
        }
        if let Some(near) = suggest::nearest(root, ["context", "params", "iter", "run", "each", "env", "secret"]) {
            let is_section = rest.is_empty() && ["context", "params"].contains(&near);
            return Some(match rest {
                rest if near == "env" => format!("env('{}')", if rest.is_empty() { "NAME" } else { rest }),
                _ if near == "secret" => "secret('mount/path', 'key')".to_owned(),
                "" if is_section => format!("{near}.x"),
                "" => near.to_owned(),
                rest => format!("{near}.{rest}"),
            });
        }
        let of = |section: &str, names: Vec<&str>| {
            let near = suggest::nearest(root, names)?;
            Some(format!("{section}.{near}"))
        };
        of("context", subject.document.context.keys().map(String::as_str).collect())
            .or_else(|| of("params", subject.document.params.keys().map(String::as_str).collect()))
    }

    fn shown(&self, name: &str) -> String {
        if self.is_expression { format!("`{name}`") } else { format!("`{{{{ {name} }}}}`") }
    }
}
