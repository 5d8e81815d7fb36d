//! Random flows that the build would accept, and a random world for them to run in.

use super::driver::{Oracle, Path};
use super::flow::{find_scopes, is_in, node, scope_of, text};
use crate::scheduling::{Graph, Join, Link, LinkKind, Outcome, SubFlow, Verdict, When};
use proptest::prelude::*;
use std::fmt::{Debug, Formatter};
use std::hash::{DefaultHasher, Hash, Hasher};

/// A flow, and what all that is random about running it comes from.
#[derive(Clone)]
pub struct Case {
    pub graph: Graph,
    pub world: World,
    /// What picks the next event.
    pub picks: u64,
}

impl Debug for Case {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        let Graph { parallel_roots, continue_on_failure, background, .. } = &self.graph;
        write!(formatter, "{:?}, parallel roots {parallel_roots}, ", text(&self.graph))?;
        write!(
            formatter,
            "continue {continue_on_failure}, background {background}, {:?}, picks {}",
            self.world, self.picks
        )
    }
}

/// Answers by hash: of every place its own.
#[derive(Debug, Clone, Copy)]
pub struct World {
    pub seed: u64,
    /// How many of a hundred sub flows, conditions and lists fail.
    pub failing: u64,
}

impl World {
    fn hash(&self, question: &str, at: usize, path: &Path) -> u64 {
        let mut hasher = DefaultHasher::new();
        (self.seed, question, at, path).hash(&mut hasher);
        hasher.finish()
    }

    fn fails(&self, question: &str, at: usize, path: &Path) -> bool {
        self.hash(question, at, path) % 100 < self.failing
    }
}

impl Oracle for World {
    fn outcome(&self, sub_flow: usize, path: &Path) -> Outcome {
        if self.fails("sub flow", sub_flow, path) { Outcome::Failed } else { Outcome::Succeeded }
    }

    fn verdict(&self, link: usize, path: &Path) -> Verdict {
        match self.hash("condition", link, path) % 2 {
            _ if self.fails("condition failed", link, path) => Verdict::Failed,
            0 => Verdict::False,
            _ => Verdict::True,
        }
    }

    fn list(&self, link: usize, path: &Path) -> (u64, bool) {
        (self.hash("items", link, path) % 5, self.fails("list", link, path))
    }

    fn when_stopped(&self, sub_flow: usize, path: &Path) -> Outcome {
        match self.hash("stopped", sub_flow, path) % 4 {
            0 => Outcome::Succeeded,
            1 => Outcome::Failed,
            _ => Outcome::Cancelled,
        }
    }
}

/// Numbers that follow from a seed.
pub struct Picks(pub u64);

impl Picks {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % limit as u64).unwrap()
    }
}

/// What flows may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// All.
    Any,
    /// Nothing that runs at the same time as anything else.
    Sequential,
}

pub fn case(kind: Kind) -> impl Strategy<Value = Case> {
    let flow = (3_usize..12).prop_flat_map(|n| {
        // Most sub flows have a link from one before them; then there are a few more links.
        let tree = prop::collection::vec(prop::option::weighted(0.85, link(3)), n - 1);
        (tree, prop::collection::vec((any::<u8>(), link(1)), 0..9), prop::collection::vec(join(), n))
    });
    let failing = prop_oneof![Just(0_u64), Just(12), Just(30)];
    let run = (any::<bool>(), any::<bool>(), 1_usize..3, any::<u64>(), failing, any::<u64>());
    (flow, run).prop_map(move |((tree, more, joins), run)| {
        let (parallel_roots, continue_on_failure, background, seed, failing, picks) = run;
        let n = joins.len();
        let tree = tree.into_iter().enumerate().filter_map(|(at, raw)| Some((at + 1, raw?)));
        let more = more.into_iter().map(|(to, raw)| (1 + usize::from(to) % (n - 1), raw));
        let mut links: Vec<Link> = tree.chain(more).map(|(to, raw)| raw.to(to)).collect();
        if kind == Kind::Sequential {
            for (at, link) in links.iter_mut().enumerate() {
                // Links of different nodes are never in one group.
                link.node = node(link.from, at + 1);
                link.kind = match link.kind {
                    LinkKind::Iterate { .. } => LinkKind::Iterate { parallel: 1 },
                    LinkKind::Normal | LinkKind::Start => LinkKind::Normal,
                };
            }
        }
        let mut graph = Graph {
            sub_flows: joins.into_iter().map(|join| SubFlow { join, scope: None }).collect(),
            links,
            scopes: Vec::new(),
            parallel_roots: parallel_roots && kind == Kind::Any,
            continue_on_failure,
            background,
        };
        repair(&mut graph);
        Case { graph, world: World { seed, failing }, picks }
    })
}

/// A link that does not yet know whom it leads to.
#[derive(Debug, Clone)]
struct RawLink {
    from: u8,
    order: u32,
    node: usize,
    when: When,
    kind: LinkKind,
}

impl RawLink {
    /// Links lead forward: the build refuses cycles.
    fn to(self, to: usize) -> Link {
        let Self { from, order, node: number, when, kind } = self;
        let from = usize::from(from) % to;
        let when = if kind == LinkKind::Normal { when } else { When::Ok };
        Link { from, to, node: node(from, number), order, when, kind }
    }
}

fn link(scopes: u32) -> impl Strategy<Value = RawLink> {
    let when = prop_oneof![
        10 => Just(When::Ok),
        2 => Just(When::Error { handled: false }),
        5 => Just(When::Error { handled: true }),
        2 => Just(When::Always),
        2 => Just(When::Else),
        4 => Just(When::Expression),
    ];
    let kind = prop_oneof![
        8 => Just(LinkKind::Normal),
        scopes => (1_u32..4).prop_map(|parallel| LinkKind::Iterate { parallel }),
        1 => Just(LinkKind::Start),
    ];
    let node = prop_oneof![3 => Just(1_usize), 1 => Just(2)];
    let link = (any::<u8>(), 1_u32..4, node, when, kind);
    link.prop_map(|(from, order, node, when, kind)| RawLink { from, order, node, when, kind })
}

fn join() -> impl Strategy<Value = Join> {
    prop_oneof![2 => Just(Join::Clean), 1 => Just(Join::All), 1 => Just(Join::Any)]
}

/// Drops what the build would refuse.
fn repair(graph: &mut Graph) {
    // The target of an ITERATE or START link has no other.
    let mut kept: Vec<Link> = Vec::new();
    for link in graph.links.drain(..) {
        let mut others = kept.iter().filter(|other| other.to == link.to);
        let is_alone = others.clone().next().is_none();
        if is_alone || link.kind == LinkKind::Normal && others.all(|other| other.kind == LinkKind::Normal) {
            kept.push(link);
        }
    }
    graph.links = kept;
    // No link leads out of a START scope; without it there may be more in the scope than before.
    loop {
        find_scopes(graph);
        let leads_out = |link: &Link| {
            let mut starts = (0..graph.links.len()).filter(|at| graph.links[*at].kind == LinkKind::Start);
            starts.any(|start| {
                let scope = scope_of(graph, start);
                is_in(graph, link.from, scope) && !is_in(graph, link.to, scope)
            })
        };
        let Some(bad) = graph.links.iter().position(leads_out) else { return };
        graph.links.remove(bad);
    }
}
