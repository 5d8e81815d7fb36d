//! Promises that every log keeps, whatever the flow, the order of events, and what fails; each checked on the log alone.

use super::driver::{Ended, Event, Path};
use super::flow::is_in;
use crate::scheduling::{FATAL, Graph, Group, Link, LinkKind, Scheduler, ScopeKind, When};
use std::collections::{BTreeMap, BTreeSet};

/// A log, and when and how everything in it ended.
struct Log<'a> {
    graph: &'a Graph,
    events: &'a [Event],
    starts: BTreeMap<(usize, Path), usize>,
    ends: BTreeMap<(usize, Path), (usize, Ended)>,
    resolved: BTreeMap<(usize, Path), (usize, Ended)>,
    enters: BTreeMap<Path, usize>,
    leaves: BTreeMap<Path, usize>,
    background: BTreeSet<Path>,
    is_cancelled: bool,
}

/// All promises.
pub fn all(graph: &Graph, events: &[Event]) {
    let log = Log::new(graph, events);
    log.everything_has_one_end();
    log.starts_come_after_their_links();
    log.branches_end_before_the_next_group();
    log.frames_end_after_all_in_them();
    log.limits_hold();
    log.failures_are_decided();
    log.nothing_opens_after_a_halt();
    log.what_runs_is_stopped();
}

/// The machine has nothing left but what it began with.
pub fn is_empty(machine: &Scheduler) {
    assert_eq!((machine.branches.len(), machine.frames.len(), machine.regions.len()), (0, 1, 1));
    assert_eq!((machine.undecided.len(), machine.queue.len(), machine.in_background), (0, 0, 0));
}

fn insert_once<K: Ord + std::fmt::Debug + Clone, V>(map: &mut BTreeMap<K, V>, key: K, value: V) {
    assert!(map.insert(key.clone(), value).is_none(), "{key:?} comes twice");
}

impl<'a> Log<'a> {
    fn new(graph: &'a Graph, events: &'a [Event]) -> Self {
        let mut log = Self {
            graph,
            events,
            starts: BTreeMap::new(),
            ends: BTreeMap::new(),
            resolved: BTreeMap::new(),
            enters: BTreeMap::new(),
            leaves: BTreeMap::new(),
            background: BTreeSet::new(),
            is_cancelled: events.contains(&Event::Cancel),
        };
        for (at, event) in events.iter().enumerate() {
            match event.clone() {
                Event::Start(sub_flow, path) => insert_once(&mut log.starts, (sub_flow, path), at),
                Event::End(sub_flow, path, end) => insert_once(&mut log.ends, (sub_flow, path), (at, end)),
                Event::Resolved(link, path, end) => insert_once(&mut log.resolved, (link, path), (at, end)),
                Event::Enter { path, is_background } => {
                    if is_background {
                        log.background.insert(path.clone());
                    }
                    insert_once(&mut log.enters, path, at);
                }
                Event::Leave(path, _) => insert_once(&mut log.leaves, path, at),
                _ => {}
            }
        }
        log
    }

    fn link(&self, at: usize) -> &'a Link {
        &self.graph.links[at]
    }

    /// Whether the end of a sub flow is waited for where that lies in: it is not in the background of it.
    fn is_waited_for(&self, sub_flow: usize, place: &Path, within: &Path) -> bool {
        let in_background = |at: usize| self.background.contains(&place[..at]);
        place.starts_with(within)
            && !(within.len() + 1..=place.len()).any(in_background)
            && !self.graph.scopes.iter().enumerate().any(|(at, scope)| {
                // Skipped while it waited for a place in the background.
                let has_opened =
                    || self.resolved.get(&(scope.link, place.clone())).is_some_and(|(_, end)| *end == Ended::Opened);
                scope.kind == ScopeKind::Start && is_in(self.graph, sub_flow, at) && has_opened()
            })
    }

    /// Every sub flow has one end in each frame of its scope, or was skipped with the scope; and every link, there and at the
    /// end of each loop that it leads out of.
    fn everything_has_one_end(&self) {
        for (place, at) in &self.starts {
            assert!(self.ends.get(place).is_some_and(|(end, _)| at < end), "{place:?} starts, and then ends");
        }
        if self.is_cancelled {
            assert!(!self.events.iter().skip_while(|event| **event != Event::Cancel).any(|event| {
                matches!(event, Event::Start(..) | Event::Enter { .. } | Event::Evaluate(..) | Event::BeginLoop(..))
            }));
            return;
        }
        let (mut ends, mut resolved) = (BTreeSet::new(), BTreeSet::new());
        for frame in self.enters.keys().chain([&Path::new()]) {
            let scope = frame.last().map(|(scope, _)| *scope);
            for at in (0..self.graph.sub_flows.len()).filter(|at| self.graph.sub_flows[*at].scope == scope) {
                ends.insert((at, frame.clone()));
            }
            for (at, inner) in self.graph.scopes.iter().enumerate().filter(|(_, inner)| inner.parent == scope) {
                let was_entered =
                    |path: &Path| path.starts_with(frame) && path.len() == frame.len() + 1 && path[frame.len()].0 == at;
                let is_entered = self.enters.keys().any(was_entered);
                let members = (0..self.graph.sub_flows.len()).filter(|member| is_in(self.graph, *member, at));
                ends.extend(members.filter(|_| !is_entered).map(|member| (member, frame.clone())));
                assert!(is_entered || self.resolved.contains_key(&(inner.link, frame.clone())));
            }
            for (at, link) in self.graph.links.iter().enumerate() {
                // Where the loop that it leads out of is in this frame, it is resolved here too.
                let is_exit = self.graph.scopes.iter().enumerate().any(|(at, inner)| {
                    inner.parent == scope && is_in(self.graph, link.from, at) && !is_in(self.graph, link.to, at)
                });
                if is_exit || self.graph.sub_flows[link.from].scope == scope {
                    resolved.insert((at, frame.clone()));
                }
            }
        }
        assert_eq!(self.ends.keys().cloned().collect::<BTreeSet<_>>(), ends, "each sub flow has one end per frame");
        assert_eq!(self.resolved.keys().cloned().collect::<BTreeSet<_>>(), resolved, "each link has one end per frame");
    }

    fn starts_come_after_their_links(&self) {
        for ((sub_flow, path), start) in &self.starts {
            let mut has_opened = false;
            for (at, link) in self.graph.links.iter().enumerate().filter(|(_, link)| link.to == *sub_flow) {
                let outside = if link.kind == LinkKind::Normal { path.len() } else { path.len() - 1 };
                let (resolved, end) = self.resolved[&(at, path[..outside].to_vec())];
                assert!(resolved < *start, "{sub_flow} starts before link {at} is resolved");
                has_opened |= end == Ended::Opened;
            }
            assert!(has_opened || self.is_root(*sub_flow), "{sub_flow} starts by an open link");
        }
    }

    fn is_root(&self, sub_flow: usize) -> bool {
        self.graph.links.iter().all(|link| link.to != sub_flow)
    }

    /// Depth first: all that is reached by way of some links alone has ended before the next group of their source is looked
    /// at; and all that is reached from a root before the next root starts.
    fn branches_end_before_the_next_group(&self) {
        for ((at, path), (resolved, _)) in &self.resolved {
            let link = self.link(*at);
            let key = (link.order, link.node);
            if self.graph.sub_flows[link.from].scope == path.last().map(|(scope, _)| *scope) {
                let is_before = |other: &Link| other.from == link.from && (other.order, other.node) < key;
                self.end_before(*resolved, path, &self.reached_only_by(|_| false, is_before));
            }
        }
        let roots = (0..self.graph.sub_flows.len()).filter(|at| self.is_root(*at) && !self.graph.parallel_roots);
        for root in roots {
            if let Some(start) = self.starts.get(&(root, Path::new())) {
                let before = self.reached_only_by(|at| at < root && self.is_root(at), |_| false);
                self.end_before(*start, &Path::new(), &before);
            }
        }
    }

    fn end_before(&self, when: usize, path: &Path, sub_flows: &[bool]) {
        for ((at, place), (end, _)) in &self.ends {
            let is_below = sub_flows[*at] && self.is_waited_for(*at, place, path);
            assert!(!is_below || *end < when, "{at} at {place:?} has ended before event {when}");
        }
    }

    /// Sub flows that no link reaches but these, and those from such sub flows. Not what starts in the background.
    fn reached_only_by(&self, is_first: impl Fn(usize) -> bool, by: impl Fn(&Link) -> bool) -> Vec<bool> {
        let mut reached: Vec<bool> = (0..self.graph.sub_flows.len()).map(is_first).collect();
        // Links lead forward: one pass is enough.
        for at in 0..reached.len() {
            let mut links = self.graph.links.iter().filter(|link| link.to == at).peekable();
            let has_links = links.peek().is_some();
            let all = links.all(|link| (reached[link.from] || by(link)) && link.kind != LinkKind::Start);
            reached[at] |= has_links && all;
        }
        reached
    }

    fn frames_end_after_all_in_them(&self) {
        for (frame, enter) in &self.enters {
            let Some(leave) = self.leaves.get(frame) else { panic!("{frame:?} was left") };
            for ((at, place), (end, _)) in &self.ends {
                assert!(!place.starts_with(frame) || enter < end, "{at} ends in {frame:?} after its begin");
                assert!(!self.is_waited_for(*at, place, frame) || end < leave, "{at} ends in {frame:?} before its end");
            }
        }
        for (position, event) in self.events.iter().enumerate() {
            if let Event::EndLoop { link, path, items, .. } = event {
                let scope = self.graph.scopes.iter().position(|scope| scope.link == *link);
                let frames = (0..*items).map(|index| [path.clone(), vec![(scope.unwrap(), index)]].concat());
                assert!(
                    frames.into_iter().all(|frame| self.leaves[&frame] < position),
                    "all frames end before their loop"
                );
            }
        }
    }

    fn limits_hold(&self) {
        let (mut frames, mut in_background) = (BTreeMap::<(Path, usize), Vec<u64>>::new(), 0);
        for event in self.events {
            match event {
                Event::Enter { path, .. } => {
                    let ((scope, index), around) = path.split_last().unwrap();
                    in_background += usize::from(self.background.contains(path));
                    let here = frames.entry((around.to_vec(), *scope)).or_default();
                    here.push(*index);
                    let link = self.link(self.graph.scopes[*scope].link);
                    let limit = if let LinkKind::Iterate { parallel } = link.kind { parallel as usize } else { 1 };
                    assert!(here.len() <= limit && here.is_sorted(), "{here:?} of {scope} at the same time");
                    assert!(in_background <= self.graph.background);
                }
                Event::Leave(path, _) => {
                    let ((scope, index), around) = path.split_last().unwrap();
                    in_background -= usize::from(self.background.contains(path));
                    frames.get_mut(&(around.to_vec(), *scope)).unwrap().retain(|other| other != index);
                }
                _ => {}
            }
        }
    }

    /// Failures that wait for handlers are handled or counted elsewhere, once.
    fn failures_are_decided(&self) {
        let mut open: BTreeSet<Group> = BTreeSet::new();
        let mut decided: BTreeSet<Group> = BTreeSet::from([FATAL]);
        for event in self.events {
            let (from, into) = match event {
                Event::Failed { group, .. } => (None, Some(group)),
                Event::Merge(group, into) => (Some(group), Some(into)),
                Event::Handled(group) => (Some(group), None),
                _ => (None, None),
            };
            if let Some(from) = from {
                assert!(open.remove(from) && decided.insert(*from), "{from} is open");
            }
            if let Some(into) = into.filter(|into| **into != FATAL) {
                assert!(!decided.contains(into), "{into} is not decided yet");
                open.insert(*into);
            }
        }
        assert_eq!(open, BTreeSet::new(), "all failures are decided");
    }

    /// When what runs even after a halt began, per sub flow that may be part of it: at the last `error` or `always` link above
    /// it, or above what was resolved last before it.
    fn exempt_since(&self) -> BTreeMap<(usize, Path), usize> {
        let mut since = BTreeMap::new();
        for (when, event) in self.events.iter().enumerate() {
            let (sub_flow, path) = match event {
                Event::Start(sub_flow, path) => (*sub_flow, path),
                Event::End(sub_flow, path, Ended::Blocked | Ended::NotChosen) => (*sub_flow, path),
                _ => continue,
            };
            let of_link = |at: usize| {
                let link = self.link(at);
                let is_inside = link.kind != LinkKind::Normal
                    && path.last().is_some_and(|last| self.graph.scopes[last.0].link == at);
                let outside = &path[..path.len() - usize::from(is_inside)];
                let has_opened =
                    self.resolved.get(&(at, outside.to_vec())).is_some_and(|(_, end)| *end == Ended::Opened);
                let leads_out = self.graph.sub_flows[link.from].scope != outside.last().map(|at| at.0);
                let of_source = self.exempt_source(at, outside, &since);
                let begins = has_opened && (is_exempt(link) || leads_out && of_source.is_some());
                if begins { Some(when) } else { of_source }
            };
            let links = (0..self.graph.links.len()).filter(|at| {
                let is_around =
                    |scope: usize| self.graph.scopes[scope].link == *at && is_in(self.graph, sub_flow, scope);
                self.link(*at).to == sub_flow || (0..self.graph.scopes.len()).any(is_around)
            });
            if let Some(found) = links.filter_map(of_link).max() {
                since.insert((sub_flow, path.clone()), found);
            }
        }
        since
    }

    /// Since when the source of a link, here or in a frame of a loop that it leads out of, may run even after a halt.
    fn exempt_source(&self, at: usize, path: &[(usize, u64)], since: &BTreeMap<(usize, Path), usize>) -> Option<usize> {
        let of_source =
            since.iter().filter(|((from, place), _)| *from == self.link(at).from && place.starts_with(path));
        of_source.map(|(_, when)| *when).max()
    }

    fn is_fatal(&self, event: &Event) -> bool {
        !self.graph.continue_on_failure && matches!(event, Event::Failed { group: FATAL, .. } | Event::Merge(_, FATAL))
    }

    fn nothing_opens_after_a_halt(&self) {
        let since = self.exempt_since();
        let first_fatal = self.events.iter().position(|event| self.is_fatal(event)).unwrap_or(usize::MAX);
        let halt = self.events.iter().position(|event| *event == Event::Halt).unwrap_or(usize::MAX);
        for ((at, path), (resolved, end)) in &self.resolved {
            let link = self.link(*at);
            if *end != Ended::Opened || is_exempt(link) {
                continue;
            }
            let since = self.exempt_source(*at, path, &since);
            assert!(*resolved < first_fatal || since.is_some(), "link {at} opens at {path:?} after a failure");
            let is_exit = self.graph.sub_flows[link.from].scope != path.last().map(|at| at.0);
            assert!(*resolved < halt || is_exit || since > Some(halt), "link {at} opens at {path:?} after the halt");
        }
    }

    /// What runs when the first failure counts is asked to stop, unless that is in the background, or it lies below an `error`
    /// or `always` link. What a gate opens after the run was halted goes on too.
    fn what_runs_is_stopped(&self) {
        let in_background = |path: &Path| (0..=path.len()).any(|at| self.background.contains(&path[..at]));
        let is_first =
            |event: &Event| self.is_fatal(event) && !matches!(event, Event::Failed { path, .. } if in_background(path));
        let Some(first) = self.events.iter().position(is_first) else { return };
        if !matches!(self.events[first], Event::Failed { .. }) {
            return;
        }
        let since = self.exempt_since();
        let halt = self.events.iter().position(|event| *event == Event::Halt).unwrap_or(usize::MAX);
        for (place, start) in &self.starts {
            let runs = *start < first.min(halt) && first < self.ends[place].0;
            let stop = Event::Stop(place.0, place.1.clone());
            assert!(!runs || since.contains_key(place) || self.events.contains(&stop), "{place:?} is asked to stop");
        }
    }
}

fn is_exempt(link: &Link) -> bool {
    matches!(link.when, When::Error { .. } | When::Always)
}
