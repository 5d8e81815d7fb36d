//! Gates whose links shut one another out: links that open only after a success and only after a failure of the same sub flow, or
//! only by a condition and only by its `else`.
//!
//! A link is followed back as long as there is one way: everything met there must have been so for the link to open. Where ways
//! meet, or a loop's border is crossed, nothing is concluded: what is reported is certain.

use super::ControlLink;
use super::control_order::ControlOrder;
use super::scopes::Scopes;
use super::subject::Subject;
use crate::diagnostics::code::Code;
use crate::diagnostics::{Diagnostic, Diagnostics};
use pypeline_schema::execution_metadata::Join;
use pypeline_schema::valve::Condition;
use std::collections::{BTreeMap, HashMap, HashSet};

/// Links that are followed back in all; beyond that no gate is looked at.
const STEPS: usize = 2_000_000;

/// The control flow as planned.
pub(super) struct Control<'a> {
    pub outer: &'a [&'a ControlLink],
    pub order: &'a ControlOrder,
    pub scopes: &'a Scopes,
    /// How each sub flow joins.
    pub joins: &'a [Join],
    /// Links that never open, which are reported already.
    pub never: &'a [bool],
}

/// Order and number of a link: conditions of one sub flow are asked in this order.
type Place = (u32, usize);

/// What must have been so for one of a gate's links to open, by the sub flow that it is about; with the number of the source.
#[derive(Default)]
struct Needs {
    success: HashMap<usize, usize>,
    /// In the order in which they were met.
    failure: Vec<(usize, usize)>,
    /// Conditions that were true, and `else` links that opened: place among the links of the sub flow, source.
    truths: HashMap<usize, Vec<(Place, usize)>>,
    otherwise: Vec<(usize, Place, usize)>,
}

/// A link that never brings its gate to run, and the link that is in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ShutOut {
    link: usize,
    other: usize,
    join: Join,
}

/// Reports gates that never run, and links into gates that never run by them.
pub(super) fn check(subject: &Subject<'_>, control: &Control<'_>, diagnostics: &mut Diagnostics) {
    for ShutOut { link, other, join } in control.shut_out() {
        if let (Some(link), Some(other)) = (control.outer.get(link), control.outer.get(other)) {
            report(subject, join, link, other, diagnostics);
        }
    }
}

impl Control<'_> {
    /// All such links; of a gate that waits for all of its links the first.
    fn shut_out(&self) -> Vec<ShutOut> {
        let mut found = Vec::new();
        let excludes = |link: &&&ControlLink| matches!(link.condition, Condition::Error { .. } | Condition::Else);
        if !self.outer.iter().any(|link| excludes(&link)) {
            return found;
        }
        let is_loop = |link: &&&ControlLink| matches!(link.condition, Condition::Iterate { .. });
        let loops: HashSet<usize> = self.outer.iter().filter(is_loop).map(|link| link.sub_flows.0).collect();
        let mut steps = STEPS;
        for (gate, incoming) in self.order.incoming.iter().enumerate() {
            let sources = self.by_source(incoming);
            let join = self.joins.get(gate).copied().unwrap_or_default();
            if sources.len() < 2 || join == Join::Any || incoming.iter().any(|at| self.is_never(*at)) {
                continue;
            }
            let Some(needs) = self.needs(gate, &sources, &loops, &mut steps) else { return found };
            let first = |source: usize| sources.get(source).and_then(|links| links.first()).copied();
            let mut told = HashSet::new();
            for (one, other) in needs.shut_out(join) {
                let is_new = told.insert(one) && (join == Join::Clean || told.len() == 1);
                if let (Some(link), Some(other), true) = (first(one), first(other), is_new) {
                    found.push(ShutOut { link, other, join });
                }
            }
        }
        found
    }

    fn is_never(&self, link: usize) -> bool {
        self.never.get(link) == Some(&true)
    }

    /// Links by the sub flow that they leave: those of one count as one.
    fn by_source(&self, links: &[usize]) -> Vec<Vec<usize>> {
        let mut sources: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for at in links {
            if let Some(link) = self.outer.get(*at) {
                sources.entry(link.sub_flows.0).or_default().push(*at);
            }
        }
        let mut sources: Vec<Vec<usize>> = sources.into_values().collect();
        sources.sort();
        sources
    }

    /// Follows each source's links back; none if that takes too long.
    fn needs(&self, gate: usize, sources: &[Vec<usize>], loops: &HashSet<usize>, steps: &mut usize) -> Option<Needs> {
        let mut needs = Needs::default();
        for (number, links) in sources.iter().enumerate() {
            let mut links: &[usize] = links;
            let mut grouped;
            while let Some(link) = links.first().and_then(|at| self.outer.get(*at)) {
                *steps = steps.checked_sub(1)?;
                let is_always = |at: &usize| self.outer.get(*at).is_none_or(|link| link.condition == Condition::Always);
                if links.iter().any(is_always) {
                    break;
                }
                let from = link.sub_flows.0;
                // What is in a loop around the link and not around the gate, is so in one item and not in another.
                if let ([at], true) = (links, self.scopes.left_by(from, gate).is_empty()) {
                    needs.add(link, *at, number, loops);
                }
                let incoming = self.order.incoming.get(from).map(Vec::as_slice).unwrap_or_default();
                grouped = self.by_source(incoming);
                match grouped.as_slice() {
                    [_] => links = incoming,
                    _ => break,
                }
            }
        }
        Some(needs)
    }
}

impl Needs {
    fn add(&mut self, link: &ControlLink, at: usize, source: usize, loops: &HashSet<usize>) {
        let (from, place) = (link.sub_flows.0, (link.order, at));
        match &link.condition {
            // A loop's failure comes after its source has succeeded: earlier links have opened by then.
            Condition::Error { .. } if loops.contains(&from) => {}
            Condition::Error { .. } => self.failure.push((from, source)),
            condition => {
                self.success.entry(from).or_insert(source);
                match condition {
                    Condition::Expression(_) => self.truths.entry(from).or_default().push((place, source)),
                    Condition::Else => self.otherwise.push((from, place, source)),
                    _ => {}
                }
            }
        }
    }

    /// Pairs of sources: when the first one's link opens, the second one's is blocked, or, where all must open, does not.
    fn shut_out(&self, join: Join) -> Vec<(usize, usize)> {
        let failed = |(sub_flow, source): &(usize, usize)| Some((*source, *self.success.get(sub_flow)?));
        let mut found: Vec<(usize, usize)> = self.failure.iter().filter_map(failed).collect();
        if join == Join::All {
            for (sub_flow, place, source) in &self.otherwise {
                let truths = self.truths.get(sub_flow).into_iter().flatten();
                found.extend(truths.filter(|(before, _)| before < place).map(|(_, other)| (*source, *other)));
            }
        }
        found.retain(|(one, other)| one != other);
        found.sort_unstable();
        found
    }
}

fn report(subject: &Subject<'_>, join: Join, link: &ControlLink, other: &ControlLink, diagnostics: &mut Diagnostics) {
    let (to, one, two) = (subject.id(link.to), subject.describe(link), subject.describe(other));
    let (message, help) = match join {
        Join::All => (
            format!("`{to}` never runs: it waits for all of its links, and when {one} opens, {two} does not"),
            format!("to run it after either, write `misc: {{join: any}}` at `{to}`"),
        ),
        _ => (
            format!(
                "`{to}` never runs by this link: when it opens, {two} is blocked, and a gate with a blocked link does not run"
            ),
            format!("to run it after either, write `misc: {{join: any}}` at `{to}`"),
        ),
    };
    let finding = Diagnostic::new(Code::NeverRuns, message)
        .help(help)
        .related(subject.value(&other.pointer), "does not open then");
    diagnostics.push(finding.at(&link.pointer, subject.value(&link.pointer)));
}

#[cfg(test)]
mod tests {
    use super::super::scopes;
    use super::*;
    use crate::scheduling::tests::driver::{Driver, Ended, Event};
    use crate::scheduling::tests::flow::Flow;
    use crate::scheduling::tests::random::{Case, Kind, Picks, World, case};
    use crate::scheduling::{Graph, LinkKind, When};
    use proptest::prelude::*;

    fn link(link: &crate::scheduling::Link) -> ControlLink {
        let condition = match (link.kind, link.when) {
            (LinkKind::Iterate { parallel }, _) => Condition::Iterate { parallel },
            (LinkKind::Start, _) => Condition::Start,
            (_, When::Ok) => Condition::Ok,
            (_, When::Error { handled }) => Condition::Error { handled },
            (_, When::Always) => Condition::Always,
            (_, When::Else) => Condition::Else,
            (_, When::Expression) => Condition::Expression("asked".to_owned()),
        };
        ControlLink { order: link.order, ..ControlLink::of_test(link.from, link.to, condition) }
    }

    fn found(graph: &Graph) -> Vec<ShutOut> {
        let links: Vec<ControlLink> = graph.links.iter().map(link).collect();
        let outer: Vec<&ControlLink> = links.iter().collect();
        let order = ControlOrder::new(graph.sub_flows.len(), &outer);
        let scopes = scopes::of_test(&outer, &order);
        let joins: Vec<Join> = graph.sub_flows.iter().map(|sub_flow| sub_flow.join).collect();
        Control { outer: &outer, order: &order, scopes: &scopes, joins: &joins, never: &[] }.shut_out()
    }

    /// What was said never to happen does not happen, in whatever world.
    fn holds(found: &[ShutOut], case: &Case, seed: u64, failing: u64) {
        let mut driver = Driver::begin(&case.graph, World { seed, failing });
        let mut picks = Picks(case.picks ^ seed);
        driver.finish(|pending| picks.below(pending.len()));
        for one in found {
            let gate = case.graph.links[one.link].to;
            let starts = driver.log.iter().filter_map(|event| match event {
                Event::Start(sub_flow, path) if *sub_flow == gate => Some(path),
                _ => None,
            });
            for path in starts {
                let has_opened = driver.log.contains(&Event::Resolved(one.link, path.clone(), Ended::Opened));
                assert!(one.join == Join::Clean && !has_opened, "{one:?}\n{:?}", driver.log);
            }
        }
    }

    #[test]
    fn links_that_shut_one_another_out_are_found() {
        let of = |text: &str| found(&Flow::new(text).graph).len();
        for (text, expected) in [
            ("load (1|) report; load (2|error) fix; fix (1|) report", 1),
            ("load (1|) report; load (2|error) fix; fix (1|) report; report: any", 0),
            ("load (1|) a; a (1|) b; b (1|) end; load (2|error) c; c (1|if) d; d (1|) end", 1),
            ("load (1|) a; a (1|) end; load (2|error) c; c (1|) end; end: all", 1),
            ("load (1|if) a; load (2|else) b; a (1|) end; b (1|) end; end: all", 1),
            ("load (1|if) a; load (2|else) b; a (1|) end; b (1|) end", 0),
            ("load (1|else) a; load (2|if) b; a (1|) end; b (1|) end; end: all", 0),
            // Both links of one sub flow count as one.
            ("load (1|) report; load (2|error) report", 0),
            ("load (1|) a; load (2|error) b; a (1|always) end; b (1|) end", 0),
            ("load (1|) a; load (2|error) b; a (1|) end; b (1|always) end", 0),
            ("load (1|) report; check (1|error) report", 0),
            // What is ahead of a loop has succeeded when the loop fails.
            ("list (1|) report; list (2|iterate) item; list (3|error) fix; fix (1|) report", 0),
            // In one item it is so, and in another not.
            ("list (1|iterate) x; x (1|) a; x (2|error) b; a (1|) out; b (1|) out; list (2|) out; out: all", 0),
            ("list (1|iterate) x; x (1|) a; x (2|error) b; a (1|) in; b (1|) in", 1),
        ] {
            assert_eq!(of(text), expected, "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1_500, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_said_never_to_run_never_runs(case in case(Kind::Any)) {
            let found = found(&case.graph);
            if !found.is_empty() {
                for seed in 0..12 {
                    holds(&found, &case, seed, 20 + 3 * seed);
                }
            }
        }
    }
}
