//! Events in, commands out: the scheduler's rules on small flows, and its invariants on random ones.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, VecDeque};

fn graph(n: usize, links: &[(usize, u32, When, usize)]) -> Graph {
    let links = links.iter().map(|&(from, order, when, to)| Link { from, to, node: from, order, when });
    Graph { joins: vec![Join::Clean; n], links: links.collect(), ..Graph::default() }
}

/// Runs a graph one sub flow at a time, in the order of the starts; gives what started and what was skipped.
fn drive(graph: Graph, outcome: impl Fn(usize) -> Outcome) -> (Vec<usize>, BTreeMap<usize, Outcome>) {
    let mut scheduler = Scheduler::new(graph);
    let mut queue: VecDeque<Command> = scheduler.begin().into();
    let (mut started, mut skipped, mut finished) = (Vec::new(), BTreeMap::new(), 0);
    while let Some(command) = queue.pop_front() {
        match command {
            Command::Start(sub_flow) => {
                started.push(sub_flow);
                queue.extend(scheduler.ended(sub_flow, outcome(sub_flow)));
            }
            Command::Skip(sub_flow, why) => assert_eq!(skipped.insert(sub_flow, why), None),
            Command::StopRunning => {}
            Command::Finish => finished += 1,
        }
    }
    assert_eq!(finished, 1, "the run ends once");
    (started, skipped)
}

fn ok(_: usize) -> Outcome {
    Outcome::Succeeded
}

fn fails(which: usize) -> impl Fn(usize) -> Outcome {
    move |sub_flow| if sub_flow == which { Outcome::Failed } else { Outcome::Succeeded }
}

#[test]
fn the_first_order_is_followed_to_its_end_before_the_second() {
    // 0 (1) 1, 1 (1) 2, 0 (2) 3
    let flow = graph(4, &[(0, 2, When::Ok, 3), (0, 1, When::Ok, 1), (1, 1, When::Ok, 2)]);
    assert_eq!(drive(flow, ok).0, [0, 1, 2, 3]);
}

#[test]
fn roots_run_one_after_another_in_declaration_order() {
    let flow = graph(3, &[(0, 1, When::Ok, 2)]);
    assert_eq!(drive(flow, ok).0, [0, 2, 1]);
}

#[test]
fn equal_orders_start_together_and_all_end_before_the_next_group() {
    let flow = graph(5, &[(0, 1, When::Ok, 1), (0, 1, When::Ok, 2), (1, 1, When::Ok, 3), (0, 2, When::Ok, 4)]);
    let mut scheduler = Scheduler::new(flow);
    assert_eq!(scheduler.begin(), [Command::Start(0)]);
    assert_eq!(scheduler.ended(0, Outcome::Succeeded), [Command::Start(1), Command::Start(2)]);
    assert_eq!(scheduler.ended(1, Outcome::Succeeded), [Command::Start(3)]);
    assert_eq!(scheduler.ended(2, Outcome::Succeeded), []);
    assert_eq!(scheduler.ended(3, Outcome::Succeeded), [Command::Start(4)]);
    assert_eq!(scheduler.ended(4, Outcome::Succeeded), [Command::Finish]);
}

#[test]
fn a_gate_runs_once_after_its_last_link() {
    let flow = graph(4, &[(0, 1, When::Ok, 1), (0, 1, When::Ok, 2), (1, 1, When::Ok, 3), (2, 1, When::Ok, 3)]);
    assert_eq!(drive(flow, ok).0, [0, 1, 2, 3]);
}

#[test]
fn a_failure_halts_ordinary_links_and_opens_error_and_always() {
    let links = [
        (0, 1, When::Ok, 1),
        (1, 1, When::Ok, 2),
        (1, 2, When::Error, 3),
        (3, 1, When::Ok, 4),
        (0, 9, When::Always, 5),
    ];
    let (started, skipped) = drive(graph(6, &links), fails(1));
    assert_eq!(started, [0, 1, 3, 4, 5]);
    assert_eq!(skipped, [(2, Outcome::Blocked)].into());
}

#[test]
fn under_halt_the_next_root_is_blocked_and_under_continue_it_runs() {
    let (started, skipped) = drive(graph(2, &[]), fails(0));
    assert_eq!((started, skipped), (vec![0], [(1, Outcome::Blocked)].into()));
    let flow = Graph { continue_on_failure: true, ..graph(2, &[]) };
    assert_eq!(drive(flow, fails(0)).0, [0, 1]);
}

#[test]
fn an_error_link_of_a_success_is_not_chosen_and_so_is_what_hangs_on_it() {
    let (started, skipped) = drive(graph(3, &[(0, 1, When::Error, 1), (1, 1, When::Always, 2)]), ok);
    assert_eq!(started, [0]);
    assert_eq!(skipped, [(1, Outcome::NotChosen), (2, Outcome::NotChosen)].into());
}

#[test]
fn joins_decide_as_documented() {
    // 0 fails; 2 has an ordinary link from 0 and one from 1.
    let flow = |join| Graph {
        joins: vec![Join::Clean, Join::Clean, join],
        continue_on_failure: true,
        ..graph(3, &[(0, 1, When::Ok, 2), (1, 1, When::Ok, 2)])
    };
    assert_eq!(drive(flow(Join::Clean), fails(0)).0, [0, 1]);
    assert_eq!(drive(flow(Join::All), fails(0)).0, [0, 1]);
    assert_eq!(drive(flow(Join::Any), fails(0)).0, [0, 1, 2]);
}

#[test]
fn cancel_starts_nothing_more() {
    let mut scheduler = Scheduler::new(graph(2, &[(0, 1, When::Always, 1)]));
    scheduler.begin();
    scheduler.cancel();
    assert_eq!(scheduler.ended(0, Outcome::Cancelled), [Command::Start(1)].map(|_| Command::Finish));
}

fn any_graph() -> impl Strategy<Value = (Graph, Vec<bool>)> {
    let when = prop_oneof![3 => Just(When::Ok), 1 => Just(When::Error), 1 => Just(When::Always)];
    let join = prop_oneof![Just(Join::Clean), Just(Join::All), Just(Join::Any)];
    (2_usize..12).prop_flat_map(move |n| {
        let link = (0..n - 1, 1_u32..4, when.clone(), 0..n).prop_map(move |(from, order, when, pick)| {
            // Links only lead forward: the build refuses cycles.
            let to = from + 1 + pick % (n - from - 1);
            Link { from, to, node: from, order, when }
        });
        let graph =
            (prop::collection::vec(link, 0..20), prop::collection::vec(join.clone(), n), any::<bool>(), any::<bool>());
        let graph = graph.prop_map(|(links, joins, parallel_roots, continue_on_failure)| Graph {
            joins,
            links,
            parallel_roots,
            continue_on_failure,
        });
        (graph, prop::collection::vec(prop::bool::weighted(0.2), n))
    })
}

proptest! {
    #[test]
    fn every_sub_flow_runs_or_is_skipped_exactly_once((graph, failing) in any_graph()) {
        let n = graph.joins.len();
        let outcome = |sub_flow: usize| if failing[sub_flow] { Outcome::Failed } else { Outcome::Succeeded };
        let (started, skipped) = drive(graph, outcome);
        let mut seen: Vec<usize> = started.iter().chain(skipped.keys()).copied().collect();
        seen.sort_unstable();
        prop_assert_eq!(seen, (0..n).collect::<Vec<_>>());
    }

    #[test]
    fn nothing_starts_before_all_its_sources_have_ended((graph, failing) in any_graph()) {
        let links = graph.links.clone();
        let outcome = |sub_flow: usize| if failing[sub_flow] { Outcome::Failed } else { Outcome::Succeeded };
        let (started, skipped) = drive(graph, outcome);
        for link in links {
            let place = |sub_flow| started.iter().position(|at| *at == sub_flow);
            if let Some(to) = place(link.to) {
                let from = place(link.from);
                prop_assert!(from.is_some_and(|from| from < to) || skipped.contains_key(&link.from));
            }
        }
    }

    #[test]
    fn with_parallel_branches_too_the_run_ends_once((graph, failing) in any_graph(), picks in prop::collection::vec(0_usize..8, 64)) {
        let mut scheduler = Scheduler::new(graph);
        let (mut running, mut finished, mut picks) = (Vec::new(), 0, picks.into_iter().cycle());
        let mut commands = scheduler.begin();
        loop {
            for command in commands.drain(..) {
                match command {
                    Command::Start(sub_flow) => running.push(sub_flow),
                    Command::Finish => { prop_assert!(running.is_empty()); finished += 1; }
                    Command::Skip(..) | Command::StopRunning => {}
                }
            }
            if running.is_empty() { break; }
            let next = running.swap_remove(picks.next().unwrap() % running.len());
            let outcome = if failing[next] { Outcome::Failed } else { Outcome::Succeeded };
            commands = scheduler.ended(next, outcome);
        }
        prop_assert_eq!(finished, 1);
    }
}
