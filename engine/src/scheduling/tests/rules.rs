//! Each rule of the order of execution and of failures, on the smallest flow that shows it. What the machine does is written as
//! words: `b` starts, `b[1]` starts in the frame of item 1, `b:blocked` and `b:not_chosen` are skipped, `stop:b` is asked to stop,
//! `ask:b` a condition of a link to `b` is to be evaluated; a failure is `failed` if it counts at once, else `undecided`, and then
//! `handled` or `lost`; `.` is the end of the run.

mod background;
mod failures;
mod gates;
mod halts;
mod loops;
mod order;

use super::driver::{Driver, Ended, Event, Oracle, Path, Pending, has_succeeded};
use super::flow::Flow;
use crate::scheduling::{FATAL, Outcome, Scheduler, Verdict};
use std::collections::BTreeMap;

/// A flow, and what happens in it.
pub struct Setup {
    flow: Flow,
    script: Script,
    answers_by_hand: bool,
}

/// Answers by link; conditions hold, and lists have two items, if nothing else is said.
#[derive(Default)]
struct Script {
    lists: BTreeMap<usize, (u64, bool)>,
    verdicts: BTreeMap<usize, Verdict>,
    failing: Vec<(usize, Option<Vec<u64>>)>,
}

impl Oracle for Script {
    fn outcome(&self, sub_flow: usize, path: &Path) -> Outcome {
        let here: Vec<u64> = path.iter().map(|(_, index)| *index).collect();
        let fails = |(at, frame): &(usize, Option<Vec<u64>>)| {
            *at == sub_flow && frame.as_ref().is_none_or(|frame| *frame == here)
        };
        if self.failing.iter().any(fails) { Outcome::Failed } else { Outcome::Succeeded }
    }

    fn verdict(&self, link: usize, _: &Path) -> Verdict {
        self.verdicts.get(&link).copied().unwrap_or(Verdict::True)
    }

    fn list(&self, link: usize, _: &Path) -> (u64, bool) {
        self.lists.get(&link).copied().unwrap_or((2, false))
    }
}

/// A flow under `halt`.
fn flow(text: &str) -> Setup {
    Setup { flow: Flow::new(text), script: Script::default(), answers_by_hand: false }
}

impl Setup {
    fn link(&self, link: &str) -> usize {
        find_link(&self.flow, link)
    }

    fn continues(mut self) -> Self {
        self.flow.graph.continue_on_failure = true;
        self
    }

    fn parallel_roots(mut self) -> Self {
        self.flow.graph.parallel_roots = true;
        self
    }

    fn background(mut self, places: usize) -> Self {
        self.flow.graph.background = places;
        self
    }

    /// Items of an ITERATE link's list: `a-b`.
    fn list(mut self, link: &str, items: u64) -> Self {
        self.script.lists.insert(self.link(link), (items, false));
        self
    }

    /// A list that fails after some items.
    fn broken_list(mut self, link: &str, items: u64) -> Self {
        self.script.lists.insert(self.link(link), (items, true));
        self
    }

    fn says(mut self, link: &str, verdict: Verdict) -> Self {
        self.script.verdicts.insert(self.link(link), verdict);
        self
    }

    /// Sub flows that fail in a whole run: `b`, or only in one frame, `b[0]`.
    fn fails(mut self, names: &str) -> Self {
        for name in names.split_whitespace() {
            let (name, frame) = match name.split_once('[') {
                Some((name, frame)) => {
                    let frame = frame.trim_end_matches(']').split('.').map(|index| index.parse().unwrap());
                    (name, Some(frame.collect()))
                }
                None => (name, None),
            };
            let at = self.flow.sub_flow(name);
            self.script.failing.push((at, frame));
        }
        self
    }

    /// Questions for conditions and items wait for [`Steps::answer`].
    fn by_hand(mut self) -> Self {
        self.answers_by_hand = true;
        self
    }

    fn begin(self) -> Steps {
        let Self { flow, script, answers_by_hand } = self;
        let driver = Driver::begin(&flow.graph, script);
        let mut steps = Steps { flow, driver, seen: 0, answers_by_hand, begun: String::new() };
        steps.begun = steps.news();
        steps
    }

    /// The whole run, one event at a time in the order in which the machine asked.
    fn run(self) -> Steps {
        let mut steps = self.begin();
        steps.driver.finish(|_| 0);
        steps
    }
}

fn find_link(flow: &Flow, link: &str) -> usize {
    let (from, to) = link.split_once('-').unwrap();
    let is_it = |link: &crate::scheduling::Link| flow.names[link.from] == from && flow.names[link.to] == to;
    flow.graph.links.iter().position(is_it).unwrap()
}

/// A flow at work, step by step.
pub struct Steps {
    flow: Flow,
    driver: Driver<Script>,
    seen: usize,
    answers_by_hand: bool,
    /// What happened at the beginning.
    begun: String,
}

impl Steps {
    fn ok(&mut self, name: &str) -> String {
        self.end(name, Outcome::Succeeded)
    }

    fn fail(&mut self, name: &str) -> String {
        self.end(name, Outcome::Failed)
    }

    fn stopped(&mut self, name: &str) -> String {
        self.end(name, Outcome::Cancelled)
    }

    fn end(&mut self, name: &str, outcome: Outcome) -> String {
        let is_it = |pending: &Pending| match pending {
            Pending::Run { sub_flow, path, .. } => self.place(*sub_flow, path) == name,
            _ => false,
        };
        let at = self.driver.pending.iter().position(is_it).unwrap_or_else(|| panic!("{name} does not run"));
        self.driver.answer_with(at, outcome);
        self.news()
    }

    /// Answers the first question that waits.
    fn answer(&mut self) -> String {
        let at = self.driver.pending.iter().position(|pending| !matches!(pending, Pending::Run { .. }));
        self.driver.answer(at.unwrap());
        self.news()
    }

    fn cancel(&mut self) -> String {
        self.driver.log.push(Event::Cancel);
        self.driver.tell(Scheduler::cancel);
        self.news()
    }

    fn halt(&mut self) -> String {
        self.driver.log.push(Event::Halt);
        self.driver.tell(Scheduler::halt);
        self.news()
    }

    /// What has happened since it was asked last.
    fn news(&mut self) -> String {
        while !self.answers_by_hand && self.driver.pending.iter().any(|pending| !matches!(pending, Pending::Run { .. }))
        {
            let at = self.driver.pending.iter().position(|pending| !matches!(pending, Pending::Run { .. }));
            self.driver.answer(at.unwrap());
        }
        let from = std::mem::replace(&mut self.seen, self.driver.log.len());
        self.words(from)
    }

    fn log(&self) -> String {
        self.words(0)
    }

    fn words(&self, from: usize) -> String {
        let words = self.driver.log[from..].iter().filter_map(|event| match event {
            Event::Start(sub_flow, path) => Some(self.place(*sub_flow, path)),
            Event::End(sub_flow, path, Ended::Blocked) => Some(self.place(*sub_flow, path) + ":blocked"),
            Event::End(sub_flow, path, Ended::NotChosen) => Some(self.place(*sub_flow, path) + ":not_chosen"),
            Event::Stop(sub_flow, path) => Some(format!("stop:{}", self.place(*sub_flow, path))),
            Event::Evaluate(links, _) => {
                let targets = links.iter().map(|link| self.flow.names[self.flow.graph.links[*link].to].as_str());
                Some(format!("ask:{}", targets.collect::<Vec<_>>().join(",")))
            }
            Event::Failed { group: FATAL, .. } => Some("failed".to_owned()),
            Event::Failed { .. } => Some("undecided".to_owned()),
            Event::Handled(_) => Some("handled".to_owned()),
            Event::Merge(..) => Some("lost".to_owned()),
            Event::Finish => Some(".".to_owned()),
            _ => None,
        });
        words.collect::<Vec<_>>().join(" ")
    }

    fn place(&self, sub_flow: usize, path: &Path) -> String {
        let name = self.flow.names[sub_flow].clone();
        match path.as_slice() {
            [] => name,
            path => {
                let indexes: Vec<String> = path.iter().map(|(_, index)| index.to_string()).collect();
                format!("{name}[{}]", indexes.join("."))
            }
        }
    }

    /// How a link was resolved last: `a-b`.
    fn link(&self, link: &str) -> Ended {
        let wanted = find_link(&self.flow, link);
        let found = self.driver.log.iter().rev().find_map(|event| match event {
            Event::Resolved(link, _, end) if *link == wanted => Some(*end),
            _ => None,
        });
        found.unwrap()
    }

    /// Items of the loop of a link that ran last, and of them those with failures.
    fn items(&self, link: &str) -> (u64, u64) {
        let wanted = find_link(&self.flow, link);
        let found = self.driver.log.iter().rev().find_map(|event| match event {
            Event::EndLoop { link, items, failed, .. } if *link == wanted => Some((*items, *failed)),
            _ => None,
        });
        found.unwrap()
    }

    fn has_succeeded(&self) -> bool {
        has_succeeded(&self.driver.log)
    }
}
