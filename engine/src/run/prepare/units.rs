//! A sub flow's nodes parted into units of work, and the units into waves. One look at each node and link: a sub flow may be long.

use super::Prepared;
use petgraph::unionfind::UnionFind;
use pypeline_schema::lowering::Lowering;
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

/// What runs as one: a fused stage, or a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::run) enum Unit {
    /// Indices into the DAG's nodes, in topological order.
    Stage(Vec<usize>),
    /// Index into the DAG's nodes.
    Module(usize),
    /// Index into the DAG's nodes; the engine itself does the work.
    Service(usize),
}

impl Unit {
    /// Its nodes.
    pub(in crate::run) fn nodes(&self) -> &[usize] {
        match self {
            Self::Stage(nodes) => nodes,
            Self::Module(node) | Self::Service(node) => std::slice::from_ref(node),
        }
    }
}

/// Parts a sub flow's nodes into units, in topological order. Nodes that lower and are joined are one stage, unless a module
/// that runs lies between them on some path: fusing only nodes of one level can never put it inside a stage.
pub(super) fn units(prepared: &[Prepared], links: &[(usize, usize)], fuse: bool) -> Vec<Unit> {
    let order = topological(prepared, links);
    let lowering: HashMap<usize, Option<&Lowering>> =
        prepared.iter().map(|ready| (ready.node, ready.lowering.as_ref())).collect();
    let lowers = |node: usize| {
        let lowering = lowering.get(&node).copied().flatten();
        lowering.is_some_and(|lowering| !matches!(lowering, Lowering::Service(_)))
    };
    let places: HashMap<usize, usize> = order.iter().enumerate().map(|(place, node)| (*node, place)).collect();
    let mut joins: Vec<(usize, usize)> =
        links.iter().filter_map(|(from, to)| Some((places.get(from).copied()?, places.get(to).copied()?))).collect();
    // In the order of their targets, so that the level of a source is known before it is asked for.
    joins.sort_unstable_by_key(|(_, to)| *to);
    let lowers: Vec<bool> = order.iter().map(|node| lowers(*node)).collect();
    let lowers = |place: usize| lowers.get(place).copied().unwrap_or(false);
    let reads_twice = |place: usize| {
        let lowering = order.get(place).and_then(|node| lowering.get(node).copied().flatten());
        lowering.is_some_and(Lowering::reads_twice)
    };
    let mut levels = vec![0_usize; order.len()];
    for (from, to) in &joins {
        let hands_over = !fuse || !lowers(*from) || !lowers(*to) || reads_twice(*to);
        let here = levels.get(*from).copied().unwrap_or(0) + usize::from(hands_over);
        levels.get_mut(*to).into_iter().for_each(|level| *level = here.max(*level));
    }
    let mut stages = UnionFind::<usize>::new(order.len());
    for (from, to) in joins {
        if fuse && lowers(from) && lowers(to) && levels.get(from) == levels.get(to) {
            stages.union(from, to);
        }
    }
    let mut members: HashMap<usize, Vec<usize>> = HashMap::new();
    let mut ends: Vec<(usize, Unit)> = Vec::new();
    for (place, node) in order.iter().enumerate() {
        if lowers(place) {
            members.entry(stages.find_mut(place)).or_default().push(place);
        } else {
            let is_service = lowering.get(node).copied().flatten().is_some();
            ends.push((place, if is_service { Unit::Service(*node) } else { Unit::Module(*node) }));
        }
    }
    let node = |place: &usize| order.get(*place).copied().unwrap_or_default();
    let stage = |places: Vec<usize>| {
        let last = places.last().copied().unwrap_or_default();
        (last, Unit::Stage(places.iter().map(node).collect()))
    };
    ends.extend(members.into_values().map(stage));
    // A unit comes where its last node does.
    ends.sort_unstable_by_key(|(last, _)| *last);
    ends.into_iter().map(|(_, unit)| unit).collect()
}

/// Kahn's algorithm, ties by declaration order.
fn topological(prepared: &[Prepared], links: &[(usize, usize)]) -> Vec<usize> {
    let places: HashMap<usize, usize> = prepared.iter().enumerate().map(|(at, ready)| (ready.node, at)).collect();
    let (mut behind, mut left) = (vec![Vec::new(); prepared.len()], vec![0_usize; prepared.len()]);
    for (from, to) in links {
        let Some(to) = places.get(to) else { continue };
        left.get_mut(*to).into_iter().for_each(|left| *left += 1);
        let behind = places.get(from).and_then(|from| behind.get_mut(*from));
        behind.into_iter().for_each(|behind| behind.push(*to));
    }
    let ready = left.iter().enumerate().filter(|(_, left)| **left == 0);
    let mut ready: BinaryHeap<Reverse<usize>> = ready.map(|(at, _)| Reverse(at)).collect();
    let mut order = Vec::new();
    while let Some(Reverse(at)) = ready.pop() {
        order.extend(prepared.get(at).map(|ready| ready.node));
        for to in behind.get(at).into_iter().flatten() {
            if let Some(left) = left.get_mut(*to) {
                *left -= 1;
                if *left == 0 {
                    ready.push(Reverse(*to));
                }
            }
        }
    }
    order
}

/// Units by the time at which their inputs are ready; none if they wait for one another. Units of one group run together: when the
/// inputs of all of them are ready.
pub(super) fn waves(units: Vec<Unit>, links: &[(usize, usize)], groups: &[usize]) -> Option<Vec<Vec<(u32, Unit)>>> {
    let group = |unit: usize| groups.get(unit).copied().unwrap_or(unit);
    let of = units.iter().enumerate().flat_map(|(at, unit)| unit.nodes().iter().map(move |node| (*node, group(at))));
    let of: HashMap<usize, usize> = of.collect();
    let (mut behind, mut left) = (vec![Vec::new(); units.len()], vec![0_usize; units.len()]);
    for (from, to) in links {
        if let (Some(from), Some(to)) = (of.get(from), of.get(to))
            && from != to
        {
            behind.get_mut(*from).into_iter().for_each(|behind: &mut Vec<usize>| behind.push(*to));
            left.get_mut(*to).into_iter().for_each(|left| *left += 1);
        }
    }
    let mut wave_of: Vec<Option<usize>> = vec![None; units.len()];
    // Those that are no group's number have nothing before or behind them.
    let mut now: Vec<usize> = left.iter().enumerate().filter(|(_, left)| **left == 0).map(|(at, _)| at).collect();
    let mut n_waves = 0;
    while !now.is_empty() {
        let mut next = Vec::new();
        for at in now {
            wave_of.get_mut(at).into_iter().for_each(|wave| *wave = Some(n_waves));
            for to in behind.get(at).into_iter().flatten() {
                if let Some(left) = left.get_mut(*to) {
                    *left -= 1;
                    if *left == 0 {
                        next.push(*to);
                    }
                }
            }
        }
        n_waves += 1;
        now = next;
    }
    let mut waves: Vec<Vec<(u32, Unit)>> = vec![Vec::new(); n_waves];
    for (at, (number, unit)) in (1..).zip(units).enumerate() {
        let wave = wave_of.get(group(at)).copied().flatten()?;
        waves.get_mut(wave)?.push((number, unit));
    }
    Some(waves)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use pypeline_schema::lowering::{Operation, Service};
    use std::sync::Arc;

    /// `lowers` says per node whether it lowers.
    fn parted(lowers: &[bool], links: &[(usize, usize)], fuse: bool) -> Vec<Unit> {
        let prepared: Vec<Prepared> = lowers
            .iter()
            .enumerate()
            .map(|(node, lowers)| Prepared {
                node,
                config: Arc::default(),
                lowering: lowers.then(|| Lowering::Select([].into())),
            })
            .collect();
        units(&prepared, links, fuse)
    }

    #[test]
    fn what_lowers_and_is_joined_is_one_stage() {
        assert_eq!(parted(&[true, true, true], &[(0, 1), (1, 2)], true), [Unit::Stage(vec![0, 1, 2])]);
        assert_eq!(parted(&[true, true], &[(0, 1)], false), [Unit::Stage(vec![0]), Unit::Stage(vec![1])]);
    }

    #[test]
    fn a_running_module_parts_stages_even_beside_a_shortcut() {
        // 0 -> 1 (runs) -> 2, and 0 -> 2: fusing 0 with 2 would wait for itself.
        let found = parted(&[true, false, true], &[(0, 1), (1, 2), (0, 2)], true);
        assert_eq!(found, [Unit::Stage(vec![0]), Unit::Module(1), Unit::Stage(vec![2])]);
    }

    #[test]
    fn what_reads_its_rows_twice_has_them_as_a_table() {
        let pivot = pypeline_schema::lowering::Pivot {
            keys: Vec::new(),
            on: String::new(),
            values: Vec::new(),
            max_columns: 1,
        };
        let pivot = Operation::Operator(pypeline_schema::lowering::Operator::Pivot(pivot));
        let lowerings = [[].into(), [("output".to_owned(), pivot)].into(), [].into()];
        let ready = |(node, operations)| Prepared {
            node,
            config: Arc::default(),
            lowering: Some(Lowering::Select(operations)),
        };
        let prepared: Vec<Prepared> = lowerings.into_iter().enumerate().map(ready).collect();
        let found = units(&prepared, &[(0, 1), (1, 2)], true);
        assert_eq!(found, [Unit::Stage(vec![0]), Unit::Stage(vec![1, 2])]);
    }

    #[test]
    fn two_sources_meet_in_one_stage() {
        assert_eq!(parted(&[true, true, true], &[(0, 2), (1, 2)], true), [Unit::Stage(vec![0, 1, 2])]);
    }

    /// The rules as they are said, one by one, however long that takes.
    mod plainly {
        use super::super::{Lowering, Prepared, Unit};

        pub fn units(prepared: &[Prepared], links: &[(usize, usize)], fuse: bool) -> Vec<Unit> {
            let order = topological(prepared, links);
            let lowering = |node: usize| {
                prepared.iter().find(|ready| ready.node == node).and_then(|ready| ready.lowering.as_ref())
            };
            let lowers = |node: usize| lowering(node).is_some_and(|lowering| !matches!(lowering, Lowering::Service(_)));
            let mut level: Vec<(usize, usize)> = Vec::new();
            for &node in &order {
                let of = |wanted: usize| level.iter().find(|(node, _)| *node == wanted).map_or(0, |(_, level)| *level);
                let hand_over = |from: usize| !fuse || !lowers(from) || !lowers(node);
                let from = links
                    .iter()
                    .filter(|(_, to)| *to == node)
                    .map(|(from, _)| of(*from) + usize::from(hand_over(*from)));
                level.push((node, from.max().unwrap_or(0)));
            }
            let of = |wanted: usize| level.iter().find(|(node, _)| *node == wanted).map_or(0, |(_, level)| *level);
            let mut units: Vec<Unit> = Vec::new();
            for &node in &order {
                if !lowers(node) {
                    units.push(if lowering(node).is_some() { Unit::Service(node) } else { Unit::Module(node) });
                    continue;
                }
                let joined = |other: usize| {
                    let linked =
                        links.iter().any(|&(from, to)| (from, to) == (other, node) || (from, to) == (node, other));
                    fuse && linked && lowers(other) && of(other) == of(node)
                };
                let mut nodes = vec![node];
                // A node can join two stages that were apart until now: they become one.
                units.retain(|unit| match unit {
                    Unit::Stage(stage) if stage.iter().any(|other| joined(*other)) => {
                        nodes.extend(stage);
                        false
                    }
                    _ => true,
                });
                nodes.sort_by_key(|node| order.iter().position(|other| other == node));
                units.push(Unit::Stage(nodes));
            }
            units
        }

        /// Kahn's algorithm, ties by declaration order.
        fn topological(prepared: &[Prepared], links: &[(usize, usize)]) -> Vec<usize> {
            let mut left: Vec<usize> = prepared.iter().map(|ready| ready.node).collect();
            let mut order = Vec::new();
            while !left.is_empty() {
                let is_ready = |node: &usize| links.iter().all(|(from, to)| to != node || order.contains(from));
                let Some(at) = left.iter().position(is_ready) else { break };
                order.push(left.remove(at));
            }
            order
        }

        /// Units by the time at which their inputs are ready; none if they wait for one another.
        pub fn waves(units: Vec<Unit>, links: &[(usize, usize)]) -> Option<Vec<Vec<(u32, Unit)>>> {
            let mut left: Vec<(u32, Unit)> = (1..).zip(units).collect();
            let mut waves = Vec::new();
            while !left.is_empty() {
                let waits = |unit: &Unit| {
                    let comes_from = |from: &usize| {
                        !unit.nodes().contains(from) && left.iter().any(|(_, other)| other.nodes().contains(from))
                    };
                    links.iter().any(|(from, to)| unit.nodes().contains(to) && comes_from(from))
                };
                let is_ready: Vec<bool> = left.iter().map(|(_, unit)| !waits(unit)).collect();
                let mut is_ready = is_ready.into_iter();
                let (wave, later): (Vec<_>, Vec<_>) = left.into_iter().partition(|_| is_ready.next().unwrap_or(false));
                if wave.is_empty() {
                    return None;
                }
                waves.push(wave);
                left = later;
            }
            Some(waves)
        }
    }

    proptest! {
        #[test]
        fn units_and_waves_are_what_the_rules_say(
            kinds in proptest::collection::vec(0_u8..6, 1..14),
            picks in proptest::collection::vec((0_usize..100, 0_usize..100), 0..24),
            fuse: bool,
        ) {
            let n = kinds.len();
            // Declared in no order of theirs: a node's number says nothing of what leads to it.
            let number = |at: usize| (at * 5 + 3) % n.max(1) + if n.is_multiple_of(5) { at * n } else { 0 };
            let links = picks.into_iter().map(|(a, b)| (a % n, b % n)).filter(|(from, to)| from < to);
            let links: Vec<(usize, usize)> = links.map(|(from, to)| (number(from), number(to))).collect();
            let ready = |(at, kind): (usize, &u8)| Prepared {
                node: number(at),
                config: Arc::default(),
                lowering: match kind {
                    0 => None,
                    1 => Some(Lowering::Service(Service::ReturnRows { name: String::new() })),
                    _ => Some(Lowering::Select([].into())),
                },
            };
            let mut prepared: Vec<Prepared> = kinds.iter().enumerate().map(ready).collect();
            prepared.sort_by_key(|ready| ready.node);
            let found = units(&prepared, &links, fuse);
            prop_assert_eq!(&found, &plainly::units(&prepared, &links, fuse));
            let apart: Vec<usize> = (0..found.len()).collect();
            prop_assert_eq!(waves(found.clone(), &links, &apart), plainly::waves(found, &links));
        }
    }

    #[test]
    fn a_sub_flow_of_ten_thousand_nodes_is_parted() {
        let n = 10_000;
        let links: Vec<(usize, usize)> = (1..n).map(|to| (to - 1, to)).collect();
        assert_eq!(parted(&vec![true; n], &links, true).len(), 1);
        let apart = parted(&vec![true; n], &links, false);
        let groups: Vec<usize> = (0..n).collect();
        assert_eq!(waves(apart, &links, &groups).unwrap().len(), n);
    }

    #[test]
    fn units_that_wait_for_one_another_have_no_waves() {
        assert_eq!(waves(vec![Unit::Module(0), Unit::Module(1)], &[(0, 1), (1, 0)], &[0, 1]), None);
    }
}
