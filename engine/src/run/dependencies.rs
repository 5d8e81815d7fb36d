//! Which sub flows hang on which: by control links, by globals and caches that one sets and another reads, and by names that
//! their templates use. What is run anew makes stale what hangs on it.

use super::job::Job;
use crate::template;
use pypeline_schema::manifest::ModuleKind;
use pypeline_schema::valve::Condition;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Of a job, worked out once.
#[derive(Debug, Default)]
pub(super) struct Dependencies {
    /// Per sub flow those that it hangs on directly.
    of: Vec<Vec<usize>>,
    /// Sub flows by the names that they use: `context.x`, `params.x`, `env.X`.
    users: BTreeMap<String, BTreeSet<usize>>,
    /// Per sub flow the scopes around it, the innermost first.
    scopes: Vec<Vec<usize>>,
}

impl Dependencies {
    /// Reads them off a job.
    pub(super) fn new(job: &Job) -> Self {
        let n = job.metadata.sub_flows.len();
        let mut found = Finder { job, of: vec![BTreeSet::new(); n], users: BTreeMap::new(), nodes: HashMap::new() };
        found.nodes = job.dag.nodes.iter().enumerate().map(|(at, node)| (node.id.to_lowercase(), at)).collect();
        for (at, node) in job.dag.nodes.iter().enumerate() {
            let sub_flow = job.index.sub_flow_of(at);
            for names in template::names_by_place(&Value::Object(node.config.clone())) {
                found.uses(sub_flow, &names);
            }
            // A condition that a loop asks for each item is an expression, and no template.
            for text in node.config.values().filter_map(Value::as_str).filter(|_| node.module.service) {
                if let Ok(names) = template::names_of_expression(text) {
                    found.uses(sub_flow, &names);
                }
            }
        }
        let by_name: HashMap<&str, usize> =
            job.metadata.sub_flows.iter().enumerate().map(|(at, sub_flow)| (sub_flow.name.as_str(), at)).collect();
        for (link, condition) in job.metadata.control.iter().zip(&job.index.conditions) {
            let (Some(from), Some(to)) = (by_name.get(link.from.as_str()), by_name.get(link.to.as_str())) else {
                continue;
            };
            // An item is what it is, whatever list it comes out of.
            if !matches!(condition, Condition::Iterate { .. }) {
                found.hang(*to, *from);
            }
            if let Condition::Expression(text) = condition
                && let Ok(names) = template::names_of_expression(text)
            {
                found.uses(*to, &names);
            }
        }
        found.caches();
        let parent = |scope: &usize| job.metadata.scopes.get(*scope).and_then(|scope| scope.parent);
        let around = |scope: Option<usize>| std::iter::successors(scope, parent).collect();
        Self {
            of: found.of.into_iter().map(|of| of.into_iter().collect()).collect(),
            users: found.users,
            scopes: job.metadata.sub_flows.iter().map(|sub_flow| around(sub_flow.scope)).collect(),
        }
    }

    /// The first of each pair has read what the second had written.
    pub(super) fn add_files(&mut self, job: &Job, pairs: &BTreeSet<(String, String)>) {
        for (reader, writer) in pairs {
            if let (Some(reader), Some(writer)) = (job.index.sub_flow(reader), job.index.sub_flow(writer)) {
                self.of.get_mut(reader).into_iter().for_each(|of| of.push(writer));
            }
        }
    }

    /// Those that a sub flow hangs on directly.
    pub(super) fn of(&self, sub_flow: usize) -> &[usize] {
        self.of.get(sub_flow).map_or(&[], Vec::as_slice)
    }

    /// A sub flow is in a scope, or in one inside.
    pub(super) fn is_in(&self, sub_flow: usize, scope: usize) -> bool {
        self.scopes.get(sub_flow).is_some_and(|scopes| scopes.contains(&scope))
    }

    /// Sub flows that use a name.
    pub(super) fn users_of(&self, name: &str) -> Vec<usize> {
        self.users.get(name).into_iter().flatten().copied().collect()
    }

    /// These sub flows and all that hang on them.
    pub(super) fn downstream(&self, sub_flows: BTreeSet<usize>) -> BTreeSet<usize> {
        let mut behind: Vec<Vec<usize>> = vec![Vec::new(); self.of.len()];
        for (at, of) in self.of.iter().enumerate() {
            for before in of {
                behind.get_mut(*before).into_iter().for_each(|behind| behind.push(at));
            }
        }
        let (mut found, mut left) = (sub_flows.clone(), Vec::from_iter(sub_flows));
        while let Some(at) = left.pop() {
            let next = behind.get(at).into_iter().flatten().copied();
            left.extend(next.filter(|next| found.insert(*next)));
        }
        found
    }
}

struct Finder<'a> {
    job: &'a Job,
    of: Vec<BTreeSet<usize>>,
    users: BTreeMap<String, BTreeSet<usize>>,
    nodes: HashMap<String, usize>,
}

impl Finder<'_> {
    fn hang(&mut self, sub_flow: usize, on: usize) {
        if sub_flow != on {
            self.of.get_mut(sub_flow).into_iter().for_each(|of| _ = of.insert(on));
        }
    }

    fn uses(&mut self, sub_flow: usize, names: &template::Names) {
        for name in &names.names {
            let mut parts = name.splitn(3, '.');
            match (parts.next(), parts.next()) {
                (Some(section @ ("context" | "params")), Some(variable)) => {
                    self.users.entry(format!("{section}.{variable}")).or_default().insert(sub_flow);
                }
                (Some("iter"), _) if name.contains("index") => self.hang_on_lists(sub_flow),
                _ => self.hang_on_node(sub_flow, name),
            }
        }
        for (node, variable) in &names.each {
            self.hang_on_node(sub_flow, &format!("{node}__{variable}"));
        }
        for (name, _) in &names.env {
            self.users.entry(format!("env.{name}")).or_default().insert(sub_flow);
        }
    }

    /// Where an item stands its list decides.
    fn hang_on_lists(&mut self, sub_flow: usize) {
        let metadata = &self.job.metadata;
        let scope = metadata.sub_flows.get(sub_flow).and_then(|sub_flow| sub_flow.scope);
        let around = std::iter::successors(scope, |scope| metadata.scopes.get(*scope).and_then(|scope| scope.parent));
        let links = around.filter_map(|scope| metadata.control.get(metadata.scopes.get(scope)?.link));
        let lists: Vec<usize> = links.filter_map(|link| self.job.index.sub_flow(&link.from)).collect();
        lists.into_iter().for_each(|list| self.hang(sub_flow, list));
    }

    /// The global `node__variable`, whose node's id may hold `__` too.
    fn hang_on_node(&mut self, sub_flow: usize, global: &str) {
        let global = global.to_lowercase();
        let node = global.match_indices("__").find_map(|(at, _)| self.nodes.get(global.get(..at)?));
        if let Some(node) = node.copied() {
            self.hang(sub_flow, self.job.index.sub_flow_of(node));
        }
    }

    /// Who reads a cache hangs on all who write it. Which node uses which, its configuration says by name.
    fn caches(&mut self) {
        let services = self.job.dag.nodes.iter().enumerate().filter(|(_, node)| node.module.service);
        let (mut readers, mut writers) = (Vec::new(), Vec::new());
        for (at, node) in services {
            let names: Vec<&str> = node.config.values().filter_map(Value::as_str).collect();
            match node.module.kind {
                ModuleKind::Source => readers.push((at, names)),
                ModuleKind::Sink => writers.push((at, Some(names))),
                // A job may hand over rows under a name of its own.
                ModuleKind::Mod | ModuleKind::Solo => writers.push((at, None)),
            }
        }
        for cache in self.job.metadata.caches.keys() {
            for (reader, _) in readers.iter().filter(|(_, names)| names.contains(&cache.as_str())) {
                let writes =
                    |names: &Option<Vec<&str>>| names.as_ref().is_none_or(|names| names.contains(&cache.as_str()));
                for (writer, _) in writers.iter().filter(|(_, names)| writes(names)) {
                    self.hang(self.job.index.sub_flow_of(*reader), self.job.index.sub_flow_of(*writer));
                }
            }
        }
    }
}
