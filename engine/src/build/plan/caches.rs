//! Caches: rows that one sub flow writes and a later one reads, and the scope that holds them.

mod beside;

use super::ControlLink;
use super::control_order::ControlOrder;
use super::scopes::Scopes;
use super::subflows::SubFlows;
use super::subject::Subject;
use crate::diagnostics::code::Code::{self, CacheTooEarly as TooEarly};
use crate::diagnostics::{Diagnostic, Diagnostics, suggest};
use beside::Ways;
use pypeline_schema::lowering::{Lowering, RunJob, Service};
use std::collections::{BTreeMap, HashMap};

/// Who uses a cache, by nodes.
#[derive(Default)]
struct Users {
    writers: Vec<usize>,
    readers: Vec<usize>,
}

/// The caches by name, and the innermost scope around all who write and read each; a cache that nothing can have written
/// before it is read is reported.
pub(super) fn check(
    subject: &Subject<'_>,
    flows: &SubFlows,
    order: &ControlOrder,
    scopes: Option<&Scopes>,
    static_order: &[usize],
    outer: &[&ControlLink],
    diagnostics: &mut Diagnostics,
) -> BTreeMap<String, Option<usize>> {
    let mut caches: BTreeMap<&str, Users> = BTreeMap::new();
    // Jobs that choose themselves which cache they fill, and nodes of which it is not known what they do.
    let (mut open, mut is_any_unknown) = (Vec::new(), false);
    for node in 0..subject.n_nodes() {
        let Some(module) = subject.module(node) else {
            is_any_unknown = true;
            continue;
        };
        match &module.answer {
            Some(Lowering::Service(Service::CacheWrite(write))) => {
                caches.entry(&write.cache).or_default().writers.push(node);
            }
            Some(Lowering::Service(Service::RunJob(RunJob { rows: Some(rows), .. }))) => {
                caches.entry(rows).or_default().writers.push(node);
            }
            Some(Lowering::Service(Service::RunJob(_))) => open.push(node),
            Some(Lowering::Service(Service::CacheRead { cache })) => {
                caches.entry(cache).or_default().readers.push(node);
            }
            Some(_) => {}
            None => is_any_unknown |= module.manifest.service,
        }
    }
    let written: Vec<&str> =
        caches.iter().filter(|(_, users)| !users.writers.is_empty()).map(|(name, _)| *name).collect();
    let starts: HashMap<usize, usize> = static_order.iter().enumerate().map(|(at, sub_flow)| (*sub_flow, at)).collect();
    let is_before = |writer: usize, reader: usize| match (starts.get(&writer), starts.get(&reader)) {
        (Some(writer), Some(reader)) => writer < reader,
        _ => order.leads_to(std::iter::once(writer), reader),
    };
    let parallel_roots = subject.document.settings.parallel_roots == Some(true);
    let sound = scopes.filter(|scopes| scopes.is_sound);
    let ways = sound.map(|scopes| Ways { outer, order, scopes, parallel_roots });
    let mut report = |code: Code, reader: usize, cache: &str, message: String, help: String| {
        let pointer = subject.place_of(reader, cache).unwrap_or_default();
        let span = subject.value(&pointer);
        diagnostics.push(Diagnostic::new(code, message).help(help).at(pointer, span));
    };
    let mut held = BTreeMap::new();
    for (cache, users) in &caches {
        let writers = if users.writers.is_empty() { &open } else { &users.writers };
        for &reader in &users.readers {
            let (id, here) = (subject.id(reader), flows.of(reader));
            let beside = users.writers.iter().find(|writer| flows.of(**writer) == here);
            let before = || writers.iter().filter(|writer| is_before(flows.of(**writer), here));
            let names = || writers.iter().map(|writer| subject.id(*writer)).collect::<Vec<_>>();
            if writers.is_empty() {
                if !is_any_unknown {
                    let help = match suggest::nearest(cache, written.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => "let a sub flow that runs before write it, e.g. with a `cache_sink`".to_owned(),
                    };
                    report(
                        TooEarly,
                        reader,
                        cache,
                        format!("`{id}` reads the cache `{cache}`, and nothing writes it"),
                        help,
                    );
                }
            } else if let Some(writer) = beside {
                let writer = subject.id(*writer);
                let message = format!("`{id}` reads the cache `{cache}`, which `{writer}` writes in the same sub flow");
                let help = "its rows are there once the sub flow has succeeded: read them in a later one";
                report(TooEarly, reader, cache, message, help.to_owned());
            } else if scopes.is_some_and(|scopes| scopes.is_sound) && before().next().is_none() {
                let names = suggest::list(&names());
                let message = format!("`{id}` reads the cache `{cache}` before {names} can have written it");
                let help = format!(
                    "let a control link lead from there to here, e.g. `{} (1|) {id}`",
                    subject.id(writers.first().copied().unwrap_or_default())
                );
                report(TooEarly, reader, cache, message, help);
            } else if let Some(ways) = &ways
                && before().all(|writer| ways.are_beside(flows.of(*writer), here))
                && let Some(writer) = before().next()
            {
                let writer = subject.id(*writer);
                let message =
                    format!("`{id}` reads the cache `{cache}`, and `{writer}`, which writes it, runs at the same time");
                let help = format!(
                    "let a control link lead from there to here, e.g. `{writer} (1|) {id}`, or give its link a higher order"
                );
                report(Code::CacheBeside, reader, cache, message, help);
            }
        }
        let users = writers.iter().chain(&users.readers).map(|node| flows.of(*node));
        held.insert((*cache).to_owned(), scopes.and_then(|scopes| scopes.common(users)));
    }
    held
}
