//! The scheduler as a pure state machine: events in, commands out; no clock, no I/O, no async runtime.
//!
//! Priority-DFS over sub flows: when one ends, its outgoing links are resolved in ascending order; a group of one is followed
//! to its end before the next begins; a group of equal orders runs its branches at the same time. The build drives it with
//! nothing but successes to write down the static order; the run drives it with what happens.

mod gate;
mod state;

pub use gate::Join;
use gate::{Decision, Gate};
use state::{Branch, Groups};

/// When a link opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum When {
    /// The source succeeded.
    Ok,
    /// The source failed.
    Error,
    /// The source ended in any way but not chosen.
    Always,
}

/// A control link between two sub flows.
#[derive(Debug, Clone)]
pub struct Link {
    /// The sub flow that ends.
    pub from: usize,
    /// The sub flow that may start.
    pub to: usize,
    /// The node it leaves: groups of one order follow one another by it.
    pub node: usize,
    /// Ascending.
    pub order: u32,
    /// Its condition.
    pub when: When,
}

/// The sub flows of a flow and their links.
#[derive(Debug, Clone, Default)]
pub struct Graph {
    /// How each sub flow with several incoming links decides; its length is the number of sub flows.
    pub joins: Vec<Join>,
    /// In declaration order.
    pub links: Vec<Link>,
    /// Roots run at the same time.
    pub parallel_roots: bool,
    /// A failure leaves the rest alone.
    pub continue_on_failure: bool,
}

/// How a sub flow ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// All its nodes did.
    Succeeded,
    /// One of its nodes failed.
    Failed,
    /// It was asked to stop.
    Cancelled,
    /// It never began: a link into it was blocked.
    Blocked,
    /// It never began: no link into it was chosen.
    NotChosen,
}

/// What the driver is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    /// Start this sub flow.
    Start(usize),
    /// This sub flow will not run in this run.
    Skip(usize, Outcome),
    /// Ask all running sub flows to stop: one has failed.
    StopRunning,
    /// Nothing runs and nothing is left to run.
    Finish,
}

/// How a link ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    Opened,
    NotChosen,
    Blocked,
}

/// The machine.
pub struct Scheduler {
    graph: Graph,
    gates: Vec<Gate>,
    branches: Vec<Branch>,
    /// Branch that runs each sub flow.
    running: Vec<Option<usize>>,
    halted: bool,
    cancelled: bool,
    finished: bool,
}

impl Scheduler {
    /// A machine that has not begun.
    pub fn new(graph: Graph) -> Self {
        let n = graph.joins.len();
        let gates = graph.joins.iter().enumerate();
        let gates = gates.map(|(to, join)| Gate::new(*join, graph.links.iter().filter(|link| link.to == to).count()));
        Self {
            gates: gates.collect(),
            branches: Vec::new(),
            running: vec![None; n],
            graph,
            halted: false,
            cancelled: false,
            finished: false,
        }
    }

    /// Begins: the roots are followed as if a source before them had succeeded.
    pub fn begin(&mut self) -> Vec<Command> {
        let has_link = |sub_flow: usize| self.graph.links.iter().any(|link| link.to == sub_flow);
        let roots: Vec<usize> = (0..self.graph.joins.len()).filter(|sub_flow| !has_link(*sub_flow)).collect();
        let groups =
            if self.graph.parallel_roots { vec![roots] } else { roots.into_iter().map(|root| vec![root]).collect() };
        self.branches.push(Branch::new(None, false, Groups::Roots(groups.into())));
        let mut commands = Vec::new();
        self.advance(vec![0], &mut commands);
        commands
    }

    /// A sub flow that was started has ended. One that was not running is no news.
    pub fn ended(&mut self, sub_flow: usize, outcome: Outcome) -> Vec<Command> {
        let mut commands = Vec::new();
        let Some(branch) = self.running.get_mut(sub_flow).and_then(Option::take) else { return commands };
        if outcome == Outcome::Failed && !self.graph.continue_on_failure && !self.halted {
            self.halted = true;
            commands.push(Command::StopRunning);
        }
        let groups = if self.cancelled { Groups::none() } else { self.groups(sub_flow, outcome) };
        if let Some(branch) = self.branches.get_mut(branch) {
            branch.groups = groups;
            branch.running = 0;
        }
        self.advance(vec![branch], &mut commands);
        commands
    }

    /// The run is to stop: nothing more is started, not even by `error` or `always` links.
    pub fn cancel(&mut self) {
        self.cancelled = true;
        for branch in &mut self.branches {
            branch.groups = Groups::none();
        }
    }

    /// The links of a sub flow that ended, in groups by order and then by node.
    fn groups(&self, sub_flow: usize, outcome: Outcome) -> Groups {
        let mut links: Vec<usize> = (0..self.graph.links.len())
            .filter(|link| self.graph.links.get(*link).is_some_and(|link| link.from == sub_flow))
            .collect();
        let key = |link: &usize| self.graph.links.get(*link).map(|link| (link.order, link.node));
        links.sort_by_key(key);
        let groups = links.chunk_by(|a, b| key(a) == key(b)).map(<[usize]>::to_vec);
        Groups::Links(groups.collect(), outcome)
    }

    /// Follows branches until every one of them waits for a running sub flow or has ended.
    fn advance(&mut self, mut work: Vec<usize>, commands: &mut Vec<Command>) {
        while let Some(at) = work.pop() {
            let Some(branch) = self.branches.get_mut(at) else { continue };
            if branch.running > 0 {
                continue;
            }
            let exempt = branch.exempt;
            match branch.groups.next() {
                Some(state::Group::Roots(roots)) => {
                    for root in roots {
                        let decision = if self.halted { Decision::Skip(Outcome::Blocked) } else { Decision::Run };
                        self.enter(root, decision, at, false, commands, &mut work);
                    }
                    work.push(at);
                }
                Some(state::Group::Links(links, outcome)) => {
                    for link in links {
                        self.follow(link, outcome, at, exempt, commands, &mut work);
                    }
                    work.push(at);
                }
                None => match branch.parent {
                    Some(parent) => {
                        if let Some(parent) = self.branches.get_mut(parent) {
                            parent.running = parent.running.saturating_sub(1);
                        }
                        work.push(parent);
                    }
                    None if !self.finished => {
                        self.finished = true;
                        commands.push(Command::Finish);
                    }
                    None => {}
                },
            }
        }
    }

    fn follow(
        &mut self,
        link: usize,
        outcome: Outcome,
        branch: usize,
        exempt: bool,
        commands: &mut Vec<Command>,
        work: &mut Vec<usize>,
    ) {
        let Some(link) = self.graph.links.get(link).cloned() else { return };
        let resolution = resolve(link.when, outcome, self.halted && !exempt);
        // What lies below an `error` or `always` link runs by the usual rules, also after a failure has halted the run.
        let exempt = exempt || (link.when != When::Ok && resolution == Resolution::Opened);
        let Some(gate) = self.gates.get_mut(link.to) else { return };
        if let Some(decision) = gate.resolve(link.from, resolution) {
            self.enter(link.to, decision, branch, exempt, commands, work);
        }
    }

    fn enter(
        &mut self,
        sub_flow: usize,
        decision: Decision,
        parent: usize,
        exempt: bool,
        commands: &mut Vec<Command>,
        work: &mut Vec<usize>,
    ) {
        if let Some(parent) = self.branches.get_mut(parent) {
            parent.running += 1;
        }
        let at = self.branches.len();
        match decision {
            Decision::Run => {
                let mut branch = Branch::new(Some(parent), exempt, Groups::none());
                branch.running = 1;
                self.branches.push(branch);
                if let Some(running) = self.running.get_mut(sub_flow) {
                    *running = Some(at);
                }
                commands.push(Command::Start(sub_flow));
            }
            Decision::Skip(outcome) => {
                self.branches.push(Branch::new(Some(parent), exempt, self.groups(sub_flow, outcome)));
                commands.push(Command::Skip(sub_flow, outcome));
                work.push(at);
            }
        }
    }
}

/// How a link ends, given how its source did. After a failure under `halt` ordinary links no longer open.
fn resolve(when: When, outcome: Outcome, halted: bool) -> Resolution {
    match (when, outcome) {
        (_, Outcome::NotChosen) => Resolution::NotChosen,
        (When::Ok, Outcome::Succeeded) if halted => Resolution::Blocked,
        (When::Ok, Outcome::Succeeded) | (When::Error, Outcome::Failed) | (When::Always, _) => Resolution::Opened,
        (When::Error, Outcome::Succeeded) => Resolution::NotChosen,
        (When::Ok | When::Error, _) => Resolution::Blocked,
    }
}

/// The order in which sub flows start if every one succeeds.
pub fn static_order(graph: Graph) -> Vec<usize> {
    let mut scheduler = Scheduler::new(graph);
    let mut queue: std::collections::VecDeque<Command> = scheduler.begin().into();
    let mut order = Vec::new();
    while let Some(command) = queue.pop_front() {
        if let Command::Start(sub_flow) = command {
            order.push(sub_flow);
            queue.extend(scheduler.ended(sub_flow, Outcome::Succeeded));
        }
    }
    order
}

#[cfg(test)]
mod tests;
