//! The rules once more, as a short program that runs a flow in one thread, one branch of a group after another: what the
//! machine must come to under `continue` whatever the order of events, and step by step where nothing runs at the same time.

use super::driver::{Ended, Event, Oracle, Path};
use super::flow::{is_in, scope_of};
use crate::scheduling::{Graph, Join, LinkKind, Verdict, When};
use Ended::{Blocked, Failed, NotChosen, Opened, Succeeded};
use std::collections::{BTreeMap, BTreeSet};

/// What stops with a failure inside it.
struct Region {
    is_halted: bool,
    /// A loop whose failures are for a handler: those around it do not stop with it.
    catches: bool,
}

/// One pass through a scope.
struct Frame {
    scope: Option<usize>,
    path: Path,
    arrivals: BTreeMap<usize, Vec<Arrival>>,
    /// Links that lead out: their end so far, and whether what they lead to runs even after a halt.
    exits: BTreeMap<usize, (Ended, bool)>,
    /// How many regions are around it.
    depth: usize,
}

/// What has come of a link and all below it.
#[derive(Default)]
struct Outcomes {
    /// A failure counts.
    counts: bool,
    /// Items of its loop have failed, and nobody inside has handled it.
    items_failed: bool,
    /// These failures wait for a handler of the loop's source.
    waiting: Option<usize>,
}

/// The end of a link as it comes to its target.
#[derive(Clone)]
struct Arrival {
    source: usize,
    end: Ended,
    is_exempt: bool,
    handles: Vec<usize>,
}

pub struct Model<'a> {
    graph: &'a Graph,
    oracle: &'a dyn Oracle,
    pub log: Vec<Event>,
    pub has_succeeded: bool,
    regions: Vec<Region>,
    /// Failures that wait for handlers: how many are to come, and whether one of them was no good.
    undecided: Vec<(usize, bool)>,
}

impl<'a> Model<'a> {
    pub fn run(graph: &'a Graph, oracle: &'a dyn Oracle) -> Self {
        let regions = vec![Region { is_halted: false, catches: false }];
        let mut model = Self { graph, oracle, log: Vec::new(), has_succeeded: true, regions, undecided: Vec::new() };
        let mut flow = model.frame(None, Path::new());
        for root in (0..graph.sub_flows.len()).filter(|at| graph.links.iter().all(|link| link.to != *at)) {
            let end = if model.is_halted() { Blocked } else { Opened };
            model.enter(root, Arrival { source: root, end, is_exempt: false, handles: Vec::new() }, &mut flow);
        }
        model
    }

    fn is_halted(&self) -> bool {
        self.regions.last().is_some_and(|region| region.is_halted)
    }

    /// A failure that counts. It gives true, for the branches around to know.
    fn count(&mut self) -> bool {
        for region in self.regions.iter_mut().rev() {
            region.is_halted = !self.graph.continue_on_failure;
            if region.catches {
                return true;
            }
        }
        self.has_succeeded = false;
        true
    }

    /// Handlers of failures have ended. Whether a failure counts by that.
    fn decide(&mut self, groups: &[usize], handled: bool) -> bool {
        let mut counts = false;
        for group in groups {
            let (to_come, is_lost) = &mut self.undecided[*group];
            *to_come -= 1;
            *is_lost |= !handled;
            match (*to_come, *is_lost) {
                (0, true) => counts |= self.count(),
                (0, false) => self.log.push(Event::Handled(0)),
                _ => {}
            }
        }
        counts
    }

    /// A sub flow whose links have all come. Whether a failure counts in it or below it.
    fn enter(&mut self, sub_flow: usize, by: Arrival, frame: &mut Frame) -> bool {
        if by.end != Opened {
            self.log.push(Event::End(sub_flow, frame.path.clone(), by.end));
            let counts = self.decide(&by.handles, false);
            return self.follow(sub_flow, by.end, Vec::new(), frame) || counts;
        }
        if by.is_exempt {
            self.regions.push(Region { is_halted: false, catches: false });
        }
        self.log.push(Event::Start(sub_flow, frame.path.clone()));
        let end = Ended::from(self.oracle.outcome(sub_flow, &frame.path));
        self.log.push(Event::End(sub_flow, frame.path.clone(), end));
        let handlers = self.graph.links.iter().filter(|link| link.from == sub_flow && is_handler(link.when)).count();
        let has_failed = end == Failed;
        let mut counts = has_failed && handlers == 0 && self.count();
        let own = (has_failed && handlers > 0).then(|| self.wait_for(handlers));
        counts |= self.follow(sub_flow, end, own.into_iter().collect(), frame);
        if by.is_exempt {
            self.regions.pop();
        }
        self.decide(&by.handles, !counts) || counts
    }

    fn wait_for(&mut self, handlers: usize) -> usize {
        self.undecided.push((handlers, false));
        self.undecided.len() - 1
    }

    /// Links, in groups: by order, then by node.
    fn groups(&self, which: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
        let mut groups: BTreeMap<(u32, usize), Vec<usize>> = BTreeMap::new();
        for (at, link) in self.graph.links.iter().enumerate().filter(|(at, _)| which(*at)) {
            groups.entry((link.order, link.node)).or_default().push(at);
        }
        groups.into_values().collect()
    }

    fn follow(&mut self, source: usize, end: Ended, mut failures: Vec<usize>, frame: &mut Frame) -> bool {
        let (mut counts, mut loop_failed, mut holds) = (false, false, BTreeSet::new());
        for group in self.groups(|link| self.graph.links[link].from == source) {
            let end = if loop_failed { Failed } else { end };
            let mut verdicts = BTreeMap::new();
            if end == Succeeded && !self.is_halted() {
                let asked = group.iter().filter(|link| self.graph.links[**link].when == When::Expression);
                verdicts = asked.map(|link| (*link, self.oracle.verdict(*link, &frame.path))).collect();
            }
            holds.extend(verdicts.iter().filter(|(_, verdict)| **verdict == Verdict::True).map(|(link, _)| *link));
            for _ in verdicts.values().filter(|verdict| **verdict == Verdict::Failed) {
                counts |= self.count();
            }
            let ends: Vec<Ended> = group.iter().map(|link| self.resolve(*link, end, &verdicts, &holds)).collect();
            for (link, end) in group.iter().zip(&ends) {
                self.log.push(Event::Resolved(*link, frame.path.clone(), *end));
            }
            let mut failed_here = Vec::new();
            for (&link, &end) in group.iter().zip(&ends) {
                let when = self.graph.links[link].when;
                let handles = if is_handler(when) && end == Opened { failures.clone() } else { Vec::new() };
                let is_exempt = end == Opened && is_always_open(when);
                let by = Arrival { source, end, is_exempt, handles };
                let outcomes = self.deliver(link, by, frame);
                counts |= outcomes.counts;
                loop_failed |= outcomes.items_failed;
                failed_here.extend(outcomes.waiting);
            }
            failures.extend(failed_here);
        }
        counts
    }

    fn resolve(&self, at: usize, end: Ended, verdicts: &BTreeMap<usize, Verdict>, holds: &BTreeSet<usize>) -> Ended {
        let link = &self.graph.links[at];
        let is_before = |other: &usize| {
            let order = self.graph.links[*other].order;
            order < link.order || order == link.order && *other < at
        };
        match (link.when, end) {
            (_, NotChosen) => NotChosen,
            (When::Always, _) | (When::Error { .. }, Failed) => Opened,
            (When::Error { .. }, Succeeded) => NotChosen,
            (_, Succeeded) if self.is_halted() => Blocked,
            (When::Ok, Succeeded) => Opened,
            (When::Else, Succeeded) if holds.iter().any(is_before) => NotChosen,
            (When::Else, Succeeded) => Opened,
            (When::Expression, Succeeded) => match verdicts[&at] {
                Verdict::True => Opened,
                Verdict::False => NotChosen,
                Verdict::Failed => Blocked,
            },
            _ => Blocked,
        }
    }

    /// Brings a link's end to its target.
    fn deliver(&mut self, at: usize, by: Arrival, frame: &mut Frame) -> Outcomes {
        let link = &self.graph.links[at];
        match link.kind {
            LinkKind::Iterate { .. } if by.end == Opened => return self.iterate(at, frame),
            LinkKind::Iterate { .. } => {
                return Outcomes { counts: self.skip_scope(at, by.end, frame), ..Outcomes::default() };
            }
            LinkKind::Start => return Outcomes { counts: self.start(at, by, frame), ..Outcomes::default() },
            LinkKind::Normal => {}
        }
        if self.graph.sub_flows[link.to].scope != frame.scope {
            let (known, is_exempt) = frame.exits.entry(at).or_insert((NotChosen, false));
            *known = if *known == Blocked || by.end == NotChosen { *known } else { by.end };
            *is_exempt |= by.is_exempt || by.end == Opened && self.regions.len() > frame.depth;
            return Outcomes { counts: self.decide(&by.handles, false), ..Outcomes::default() };
        }
        let links = self.graph.links.iter().filter(|other| other.to == link.to).count();
        let arrivals = frame.arrivals.entry(link.to).or_default();
        arrivals.push(by);
        if arrivals.len() < links {
            return Outcomes::default();
        }
        let arrivals = frame.arrivals.remove(&link.to).unwrap_or_default();
        let end = if links == 1 { arrivals[0].end } else { gate(self.graph.sub_flows[link.to].join, &arrivals) };
        let is_exempt = arrivals.iter().any(|arrival| arrival.is_exempt);
        let handles = arrivals.into_iter().flat_map(|arrival| arrival.handles).collect();
        let counts = self.enter(link.to, Arrival { source: link.from, end, is_exempt, handles }, frame);
        Outcomes { counts, ..Outcomes::default() }
    }

    fn start(&mut self, at: usize, by: Arrival, frame: &Frame) -> bool {
        let mut inner = self.inside(frame, at, 0);
        if by.end != Opened {
            return self.enter(self.graph.links[at].to, by, &mut inner);
        }
        let around = std::mem::replace(&mut self.regions, vec![Region { is_halted: false, catches: false }]);
        self.enter(self.graph.links[at].to, by, &mut inner);
        self.regions = around;
        false
    }

    fn iterate(&mut self, at: usize, frame: &mut Frame) -> Outcomes {
        let link = &self.graph.links[at];
        let is_later = |other: usize| {
            let other = &self.graph.links[other];
            other.from == link.from && is_handler(other.when) && (other.order, other.node) > (link.order, link.node)
        };
        let handlers = (0..self.graph.links.len()).filter(|other| is_later(*other)).count();
        if handlers > 0 {
            self.regions.push(Region { is_halted: false, catches: true });
        }
        let ((items, list_fails), mut ran, mut failed) = (self.oracle.list(at, &frame.path), 0, false);
        let mut exits = BTreeMap::new();
        while ran < items && !self.is_halted() {
            let mut inner = Frame { exits, ..self.inside(frame, at, ran) };
            let by = Arrival { source: link.from, end: Opened, is_exempt: false, handles: Vec::new() };
            failed |= self.enter(link.to, by, &mut inner);
            (exits, ran) = (inner.exits, ran + 1);
        }
        let list_failed = list_fails && !self.is_halted() && self.count();
        failed |= list_failed;
        if handlers > 0 {
            self.regions.pop();
        }
        let waiting = (failed && handlers > 0).then(|| self.wait_for(handlers));
        let mut counts = failed && handlers == 0;
        counts |= match (ran, list_failed) {
            (0, true) => self.skip_scope(at, Blocked, frame),
            (0, false) => self.skip_scope(at, NotChosen, frame),
            _ => self.leave(at, |_, link| exits.get(&link).copied().unwrap_or((Blocked, false)), frame),
        };
        Outcomes { counts, items_failed: failed, waiting }
    }

    /// A scope that is never entered.
    fn skip_scope(&mut self, at: usize, why: Ended, frame: &mut Frame) -> bool {
        let scope = scope_of(self.graph, at);
        for member in (0..self.graph.sub_flows.len()).filter(|member| is_in(self.graph, *member, scope)) {
            self.log.push(Event::End(member, frame.path.clone(), why));
        }
        let end = |model: &Self, link: usize| match model.graph.links[link].when {
            When::Always if why == Blocked => (Opened, true),
            _ => (why, false),
        };
        self.leave(at, end, frame)
    }

    /// Follows the links that lead out of a loop, like links of one source.
    fn leave(&mut self, at: usize, end: impl Fn(&Self, usize) -> (Ended, bool), frame: &mut Frame) -> bool {
        let (scope, mut counts) = (scope_of(self.graph, at), false);
        let links = &self.graph.links;
        for group in
            self.groups(|link| is_in(self.graph, links[link].from, scope) && !is_in(self.graph, links[link].to, scope))
        {
            let halted = self.is_halted();
            let ends = group.iter().map(|link| match end(self, *link) {
                (Opened, false) if halted => (Blocked, false),
                other => other,
            });
            let ends: Vec<(Ended, bool)> = ends.collect();
            for (link, (end, _)) in group.iter().zip(&ends) {
                self.log.push(Event::Resolved(*link, frame.path.clone(), *end));
            }
            for (&link, (end, is_exempt)) in group.iter().zip(ends) {
                // What opened below an error link in one item is blocked by another's failure: it takes nothing past a halt.
                let is_exempt = is_exempt && end == Opened;
                let by = Arrival { source: links[link].from, end, is_exempt, handles: Vec::new() };
                counts |= self.deliver(link, by, frame).counts;
            }
        }
        counts
    }

    fn frame(&self, scope: Option<usize>, path: Path) -> Frame {
        Frame { scope, path, arrivals: BTreeMap::new(), exits: BTreeMap::new(), depth: self.regions.len() }
    }

    fn inside(&self, around: &Frame, link: usize, index: u64) -> Frame {
        let scope = scope_of(self.graph, link);
        let path = around.path.iter().copied().chain([(scope, index)]);
        self.frame(Some(scope), path.collect())
    }
}

/// What comes of a gate. Links of one source count as one: opened if any is, else blocked if any is.
fn gate(join: Join, arrivals: &[Arrival]) -> Ended {
    let all_of = |source| arrivals.iter().filter(move |arrival| arrival.source == source);
    let of_source = |source| {
        let is = |end| all_of(source).any(|arrival| arrival.end == end);
        if is(Opened) {
            Opened
        } else if is(Blocked) {
            Blocked
        } else {
            NotChosen
        }
    };
    let ends: BTreeSet<Ended> = arrivals.iter().map(|arrival| of_source(arrival.source)).collect();
    let runs = match join {
        Join::Clean => ends.contains(&Opened) && !ends.contains(&Blocked),
        Join::All => ends.iter().all(|end| *end == Opened),
        Join::Any => ends.contains(&Opened),
    };
    match runs {
        true => Opened,
        false if ends.contains(&Blocked) => Blocked,
        false => NotChosen,
    }
}

fn is_handler(when: When) -> bool {
    when == When::Error { handled: true }
}

fn is_always_open(when: When) -> bool {
    matches!(when, When::Error { .. } | When::Always)
}
