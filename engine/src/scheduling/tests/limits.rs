//! What a run costs does not grow with its items, nor the stack with the flow.

use super::checks::is_empty;
use super::flow::{Flow, find_scopes, node};
use crate::scheduling::{
    Command, Graph, Item, Link, LinkKind, Outcome, Scheduler, SubFlow, Verdict, When, static_order,
};

const MANY: usize = 100_000;

/// Drives a machine in the order of its commands; gives how many sub flows have started and how many were skipped.
fn drive(graph: Graph, items: u64, outcome: Outcome, mut looks: impl FnMut(&Scheduler)) -> (usize, usize) {
    let (mut machine, mut commands, mut batch) = (Scheduler::new(graph), Vec::new(), Vec::new());
    let (mut started, mut skipped, mut has_finished) = (0, 0, false);
    machine.begin(&mut commands);
    while !commands.is_empty() {
        batch.append(&mut commands);
        for command in batch.drain(..) {
            match command {
                Command::Start { run, .. } => {
                    started += 1;
                    machine.ended(run, outcome, &mut commands);
                }
                Command::Skip { .. } => skipped += 1,
                Command::Next { place, index } => {
                    machine.item(place, if index < items { Item::One } else { Item::End }, &mut commands);
                }
                Command::Evaluate { place, links, .. } => {
                    machine.evaluated(place, &vec![Verdict::True; links.len()], &mut commands);
                }
                Command::Finish => has_finished = true,
                _ => {}
            }
        }
        looks(&machine);
    }
    assert!(has_finished);
    is_empty(&machine);
    (started, skipped)
}

#[test]
fn memory_does_not_grow_with_items() {
    const ITEMS: u64 = 1_000_000;
    let mut most = 0;
    let graph = Flow::new("a (1|iterate) b").graph;
    let (started, _) = drive(graph, ITEMS, Outcome::Succeeded, |machine| {
        let held = [machine.branches.capacity(), machine.frames.capacity(), machine.regions.capacity()];
        most = held.into_iter().chain([most]).max().unwrap_or_default();
    });
    assert_eq!(started as u64, 1 + ITEMS);
    assert!(most <= 16, "{most}");
}

#[test]
fn memory_does_not_grow_with_failures_that_are_handled() {
    const ITEMS: u64 = 10_000;
    let mut most = 0;
    let graph =
        Flow::new("a (1|always) s; s (1|iterate parallel=2) b; b (1|error handled) c; c (1|error handled) d").graph;
    let graph = Graph { continue_on_failure: true, ..graph };
    drive(graph, ITEMS, Outcome::Failed, |machine| {
        let held = [machine.branches.len(), machine.frames.len(), machine.regions.len(), machine.undecided.len()];
        most = held.into_iter().chain([most]).max().unwrap_or_default();
    });
    assert!(most <= 16, "{most}");
}

/// Sub flows without links yet.
fn bare(sub_flows: usize) -> Graph {
    Graph { sub_flows: vec![SubFlow::default(); sub_flows], background: 1, ..Graph::default() }
}

fn link(from: usize, order: u32, to: usize) -> Link {
    Link { from, to, node: node(from, 1), order, when: When::Ok, kind: LinkKind::Normal }
}

#[test]
fn a_deep_chain_does_not_overflow_the_stack() {
    let chain = Graph { links: (1..MANY).map(|at| link(at - 1, 1, at)).collect(), ..bare(MANY) };
    assert_eq!(drive(chain.clone(), 0, Outcome::Succeeded, |_| {}), (MANY, 0));
    assert_eq!(drive(chain.clone(), 0, Outcome::Failed, |_| {}), (1, MANY - 1), "nor does a cascade of skips");
    assert_eq!(static_order(chain).len(), MANY);
}

#[test]
fn a_broad_group_is_no_trouble() {
    let graph = Graph { links: (1..MANY).map(|at| link(0, 1, at)).collect(), ..bare(MANY) };
    assert_eq!(drive(graph.clone(), 0, Outcome::Succeeded, |_| {}), (MANY, 0));
    assert_eq!(drive(graph, 0, Outcome::Failed, |_| {}), (1, MANY - 1));
    let roots = Graph { parallel_roots: true, ..bare(MANY) };
    assert_eq!(drive(roots, 0, Outcome::Failed, |_| {}), (MANY, 0), "nor if all of it fails");
}

#[test]
fn groups_within_groups_do_not_overflow_the_stack() {
    // Each but the last opens a leaf and the next at the same time; the last feeds a gate that the first feeds too.
    let depth = MANY / 2;
    let gate = 2 * depth;
    let mut links: Vec<Link> = (1..depth).flat_map(|at| [link(at - 1, 1, at), link(at - 1, 1, depth + at)]).collect();
    links.extend([link(depth - 1, 1, gate), link(0, 2, gate)]);
    let graph = Graph { links, ..bare(gate + 1) };
    assert_eq!(drive(graph, 0, Outcome::Succeeded, |_| {}), (2 * depth + 1, 0));
}

#[test]
fn a_deep_nest_of_loops_is_no_trouble() {
    const DEEP: usize = 300;
    let kind = LinkKind::Iterate { parallel: 1 };
    let mut graph = Graph { links: (1..DEEP).map(|at| Link { kind, ..link(at - 1, 1, at) }).collect(), ..bare(DEEP) };
    find_scopes(&mut graph);
    assert_eq!(drive(graph.clone(), 1, Outcome::Succeeded, |_| {}), (DEEP, 0));
    assert_eq!(drive(graph, 0, Outcome::Succeeded, |_| {}), (1, DEEP - 1));
}
