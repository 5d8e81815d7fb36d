//! Drives the machine: answers its commands as an oracle says, in whatever order is asked for, and writes down what it does.

use crate::scheduling::state::Kind;
use crate::scheduling::{
    Cause, Command, FATAL, FLOW, Frame, Graph, Group, Item, LinkKind, Outcome, Place, Resolution, Run, Scheduler,
    Skipped, Verdict,
};
use std::collections::BTreeMap;

/// Where: the scopes around, outermost first, each with the index of its frame.
pub type Path = Vec<(usize, u64)>;

/// What the world outside answers. It knows by place, not by time, so that every order of events has the same answers.
pub trait Oracle {
    fn outcome(&self, sub_flow: usize, path: &Path) -> Outcome;
    fn verdict(&self, link: usize, path: &Path) -> Verdict;
    /// How many items a list has, and whether it fails after them.
    fn list(&self, link: usize, path: &Path) -> (u64, bool);
    /// How a sub flow ends that was asked to stop.
    fn when_stopped(&self, _: usize, _: &Path) -> Outcome {
        Outcome::Cancelled
    }
}

/// What happened, by place.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Event {
    Start(usize, Path),
    End(usize, Path, Ended),
    Stop(usize, Path),
    Resolved(usize, Path, Ended),
    Evaluate(Vec<usize>, Path),
    BeginLoop(usize, Path),
    EndLoop { link: usize, path: Path, items: u64, failed: u64 },
    Enter { path: Path, is_background: bool },
    Leave(Path, bool),
    Failed { sub_flow: Option<usize>, path: Path, group: Group },
    Handled(Group),
    Merge(Group, Group),
    Cancel,
    Halt,
    Finish,
}

/// How a sub flow or a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ended {
    Succeeded,
    Failed,
    Cancelled,
    Opened,
    Blocked,
    NotChosen,
}

impl From<Outcome> for Ended {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Succeeded => Self::Succeeded,
            Outcome::Failed => Self::Failed,
            Outcome::Cancelled => Self::Cancelled,
        }
    }
}

impl From<Resolution> for Ended {
    fn from(resolution: Resolution) -> Self {
        match resolution {
            Resolution::Opened => Self::Opened,
            Resolution::Blocked => Self::Blocked,
            Resolution::NotChosen => Self::NotChosen,
        }
    }
}

impl From<Skipped> for Ended {
    fn from(why: Skipped) -> Self {
        match why {
            Skipped::Blocked => Self::Blocked,
            Skipped::NotChosen => Self::NotChosen,
        }
    }
}

/// What the machine waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Pending {
    Run { run: Run, sub_flow: usize, path: Path, is_stopped: bool },
    Question { place: Place, links: Vec<usize>, path: Path },
    Next { place: Place, index: u64 },
}

/// A frame that was entered; kept for as long as something in it may ask for it.
struct FrameRecord {
    parent: Option<usize>,
    path: Path,
    has_left: bool,
}

/// The machine at work.
pub struct Driver<O> {
    pub graph: Graph,
    pub machine: Scheduler,
    pub oracle: O,
    pub pending: Vec<Pending>,
    pub log: Vec<Event>,
    answers: usize,
    records: Vec<FrameRecord>,
    by_number: BTreeMap<Frame, usize>,
    loops: BTreeMap<Place, (usize, Path)>,
    /// What waits for each sub flow that has started.
    pub waiting: BTreeMap<(usize, Path), Waiting>,
}

/// What waits for the end of a branch.
#[derive(Debug, PartialEq)]
pub enum Waiting {
    Roots,
    Links(usize, Path),
    Loop(usize, Path),
    Frame,
}

impl<O: Oracle> Driver<O> {
    pub fn begin(graph: &Graph, oracle: O) -> Self {
        let flow = FrameRecord { parent: None, path: Path::new(), has_left: false };
        let mut driver = Self {
            graph: graph.clone(),
            machine: Scheduler::new(graph.clone()),
            oracle,
            pending: Vec::new(),
            log: Vec::new(),
            answers: 0,
            records: vec![flow],
            by_number: [(FLOW, 0)].into(),
            loops: BTreeMap::new(),
            waiting: BTreeMap::new(),
        };
        driver.tell(Scheduler::begin);
        driver
    }

    /// Drives to the end; `pick` chooses among what is pending.
    pub fn finish(&mut self, mut pick: impl FnMut(&[Pending]) -> usize) {
        while !self.pending.is_empty() {
            let at = pick(&self.pending);
            self.answer(at);
        }
        assert_eq!(self.log.last(), Some(&Event::Finish), "nothing is pending, so the run is over");
    }

    /// Answers what is pending at a place, as the oracle says.
    pub fn answer(&mut self, at: usize) {
        self.answers += 1;
        assert!(self.answers < 100_000, "the run comes to its end");
        let outcome = match &self.pending[at] {
            Pending::Run { sub_flow, path, is_stopped: false, .. } => self.oracle.outcome(*sub_flow, path),
            Pending::Run { sub_flow, path, .. } => self.oracle.when_stopped(*sub_flow, path),
            _ => Outcome::Succeeded,
        };
        self.answer_with(at, outcome);
    }

    /// Answers what is pending at a place; if it is a sub flow, with this outcome.
    pub fn answer_with(&mut self, at: usize, outcome: Outcome) {
        match self.pending.remove(at) {
            Pending::Run { run, sub_flow, path, .. } => {
                self.log.push(Event::End(sub_flow, path, outcome.into()));
                self.tell(|machine, commands| machine.ended(run, outcome, commands));
            }
            Pending::Question { place, links, path } => {
                let verdicts: Vec<Verdict> = links.iter().map(|link| self.oracle.verdict(*link, &path)).collect();
                self.tell(|machine, commands| machine.evaluated(place, &verdicts, commands));
            }
            Pending::Next { place, index } => {
                let (link, path) = &self.loops[&place];
                let (items, fails) = self.oracle.list(*link, path);
                let item = match index < items {
                    true => Item::One,
                    false if fails => Item::Failed,
                    false => Item::End,
                };
                self.tell(|machine, commands| machine.item(place, item, commands));
            }
        }
    }

    /// Makes something happen, and takes in the commands that come of it.
    pub fn tell(&mut self, happens: impl FnOnce(&mut Scheduler, &mut Vec<Command>)) {
        let mut commands = Vec::new();
        happens(&mut self.machine, &mut commands);
        commands.into_iter().for_each(|command| self.take(command));
    }

    fn take(&mut self, command: Command) {
        assert_ne!(self.log.last(), Some(&Event::Finish), "nothing comes after the end");
        let event = match command {
            Command::Start { run, sub_flow, frame } => {
                let path = self.path(frame);
                self.waiting.insert((sub_flow, path.clone()), self.waits_for(run));
                self.pending.push(Pending::Run { run, sub_flow, path: path.clone(), is_stopped: false });
                Event::Start(sub_flow, path)
            }
            Command::Skip { sub_flow, frame, why } => Event::End(sub_flow, self.path(frame), why.into()),
            Command::Resolved { link, frame, resolution, .. } => {
                Event::Resolved(link, self.path(frame), resolution.into())
            }
            Command::Evaluate { place, frame, links } => {
                let path = self.path(frame);
                self.pending.push(Pending::Question { place, links: links.clone(), path: path.clone() });
                Event::Evaluate(links, path)
            }
            Command::BeginLoop { place, link, frame } => {
                let path = self.path(frame);
                assert!(self.loops.insert(place, (link, path.clone())).is_none(), "the loop's number is free");
                Event::BeginLoop(link, path)
            }
            Command::Next { place, index } => return self.pending.push(Pending::Next { place, index }),
            Command::EnterFrame { frame, parent, scope, index, .. } => self.enter(frame, parent, scope, index),
            Command::LeaveFrame { frame, succeeded } => {
                self.records[self.by_number[&frame]].has_left = true;
                Event::Leave(self.path(frame), succeeded)
            }
            Command::EndLoop { place, link, items, failed, .. } => {
                let (begun, path) = self.loops.remove(&place).unwrap();
                assert_eq!(begun, link);
                Event::EndLoop { link, path, items, failed }
            }
            Command::Stop(stopped) => self.stop(stopped),
            Command::Failed { cause, frame, group } => {
                let sub_flow = match cause {
                    Cause::SubFlow(_) => self.log.iter().rev().find_map(|event| match event {
                        Event::End(sub_flow, ..) => Some(*sub_flow),
                        _ => None,
                    }),
                    Cause::Condition(_) | Cause::List(_) => None,
                };
                Event::Failed { sub_flow, path: self.path(frame), group }
            }
            Command::Handled(group) => Event::Handled(group),
            Command::Merge(group, into) => Event::Merge(group, into),
            Command::Finish => {
                assert_eq!(self.pending, [], "nothing runs at the end");
                Event::Finish
            }
        };
        self.log.push(event);
    }

    fn enter(&mut self, frame: Frame, parent: Frame, scope: usize, index: u64) -> Event {
        let around = |mut at: usize| loop {
            if self.by_number.get(&frame) == Some(&at) {
                return true;
            }
            match self.records[at].parent {
                Some(parent) => at = parent,
                None => return false,
            }
        };
        let is_used = self.records.iter().enumerate().any(|(at, record)| !record.has_left && around(at));
        assert!(!is_used, "frame {frame} is still there, or something in it");
        let parent = self.by_number[&parent];
        let mut path = self.records[parent].path.clone();
        let link = self.graph.scopes[scope].link;
        let opened = Event::Resolved(link, path.clone(), Ended::Opened);
        let is_background = self.graph.links[link].kind == LinkKind::Start && self.log.contains(&opened);
        path.push((scope, index));
        self.records.push(FrameRecord { parent: Some(parent), path: path.clone(), has_left: false });
        self.by_number.insert(frame, self.records.len() - 1);
        Event::Enter { path, is_background }
    }

    fn stop(&mut self, stopped: Run) -> Event {
        let asked = self.pending.iter_mut().find_map(|pending| match pending {
            Pending::Run { run, sub_flow, path, is_stopped } if *run == stopped => Some((sub_flow, path, is_stopped)),
            _ => None,
        });
        let (sub_flow, path, is_stopped) = asked.unwrap();
        let again = std::mem::replace(is_stopped, true);
        let by_hand = self.log.iter().any(|event| matches!(event, Event::Cancel | Event::Halt));
        assert!(!again || by_hand, "{sub_flow} is asked to stop once");
        Event::Stop(*sub_flow, path.clone())
    }

    fn waits_for(&self, run: Run) -> Waiting {
        let parent = &self.machine.branches[self.machine.branches[run.branch].parent.unwrap()];
        match &parent.kind {
            Kind::Roots { .. } => Waiting::Roots,
            Kind::Links(links) => Waiting::Links(links.sub_flow, self.path(parent.frame)),
            Kind::Loop(around) => Waiting::Loop(around.link, self.path(parent.frame)),
            Kind::Frame => Waiting::Frame,
            Kind::Running { .. } => panic!("what runs waits for nothing"),
        }
    }

    fn path(&self, frame: Frame) -> Path {
        self.records[self.by_number[&frame]].path.clone()
    }
}

/// Whether a run that has this log has succeeded: nothing was counted among the fatal failures, nor merged into them.
pub fn has_succeeded(log: &[Event]) -> bool {
    let mut into: BTreeMap<Group, Group> = BTreeMap::new();
    into.extend(log.iter().filter_map(|event| match event {
        Event::Merge(group, other) => Some((*group, *other)),
        _ => None,
    }));
    let is_fatal = |group: &Group| {
        let last = std::iter::successors(Some(*group), |group| into.get(group).copied()).last();
        last == Some(FATAL)
    };
    !log.iter().any(|event| matches!(event, Event::Failed { group, .. } if is_fatal(group)))
}
